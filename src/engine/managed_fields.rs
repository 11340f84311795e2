//! Which keys, labels and annotations of a Secret an ExternalSecret has written, as the API server keeps it in
//! `metadata.managedFields`.
//!
//! External Secrets Operator looks for labels and annotations under the plain name until the ExternalSecret's own name
//! passes 63 bytes, while it writes under the hashed one from 28 bytes on: for names in between it never finds what it
//! wrote, and stale labels stay. Here both names are looked for, whatever the length: the plain one also because older
//! versions of the operator wrote under it.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::hash;

/// What one ExternalSecret has written on a Secret.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Keys of its data.
    pub data: BTreeSet<String>,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// Its annotations.
    pub annotations: BTreeSet<String>,
}

/// What this ExternalSecret has written on the object.
pub fn own(metadata: &ObjectMeta, external_secret: &str) -> Own {
    let names = [hash::field_manager(external_secret), hash::plain_field_manager(external_secret)];
    collect(metadata, |manager| names.iter().any(|name| name == manager))
}

/// What any ExternalSecret has written on the object.
pub fn of_all(metadata: &ObjectMeta) -> Own {
    collect(metadata, hash::is_field_manager)
}

fn collect(metadata: &ObjectMeta, wanted: impl Fn(&str) -> bool) -> Own {
    let mut own = Own::default();
    let entries = metadata.managed_fields.iter().flatten();
    for entry in entries.filter(|entry| entry.manager.as_deref().is_some_and(&wanted)) {
        let Some(fields) = entry.fields_v1.as_ref().map(|fields| &fields.0) else { continue };
        let metadata = fields.get("f:metadata");
        own.data.extend(keys(fields.get("f:data")));
        own.labels.extend(keys(metadata.and_then(|fields| fields.get("f:labels"))));
        own.annotations.extend(keys(metadata.and_then(|fields| fields.get("f:annotations"))));
    }
    own
}

/// The names in a set of fields: `f:<name>`; `.` is the map itself.
fn keys(fields: Option<&Value>) -> impl Iterator<Item = String> {
    let fields = fields.and_then(Value::as_object).into_iter().flatten();
    fields.filter_map(|(key, _)| key.strip_prefix("f:")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry};
    use serde_json::json;

    fn written_by(managers: &[(&str, Value)]) -> ObjectMeta {
        let entry = |(manager, fields): &(&str, Value)| ManagedFieldsEntry {
            manager: Some((*manager).to_owned()),
            fields_v1: Some(FieldsV1(fields.clone())),
            ..ManagedFieldsEntry::default()
        };
        ObjectMeta { managed_fields: Some(managers.iter().map(entry).collect()), ..ObjectMeta::default() }
    }

    fn fields(name: &str) -> Value {
        let key = format!("f:{name}");
        json!({
            "f:data": {".": {}, key.as_str(): {}},
            "f:metadata": {"f:labels": {key.as_str(): {}}, "f:annotations": {".": {}, key.as_str(): {}}},
            "f:type": {},
        })
    }

    fn set(keys: &[&str]) -> BTreeSet<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn own_is_what_the_field_manager_of_that_external_secret_wrote() {
        let metadata = written_by(&[
            ("externalsecrets.external-secrets.io/app", fields("mine")),
            ("externalsecrets.external-secrets.io/other", fields("theirs")),
            ("kubectl", fields("nobodys")),
        ]);
        let only = set(&["mine"]);
        let expected = Own { data: only.clone(), labels: only.clone(), annotations: only };
        assert_eq!(own(&metadata, "app"), expected);
        assert_eq!(of_all(&metadata).data, set(&["mine", "theirs"]));
    }

    #[test]
    fn long_names_are_found_under_the_hashed_and_under_the_plain_manager() {
        let name = "abcdefghijklmnopqrstuvwxyzab";
        let metadata = written_by(&[
            (&hash::field_manager(name), fields("now")),
            (&hash::plain_field_manager(name), fields("before")),
        ]);
        assert_eq!(own(&metadata, name).labels, set(&["before", "now"]));
    }

    #[test]
    fn fields_of_an_unknown_shape_are_nobodys() {
        let metadata = written_by(&[("externalsecrets.external-secrets.io/app", json!({"f:data": []}))]);
        assert_eq!(own(&metadata, "app"), Own::default());
    }
}
