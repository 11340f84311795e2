//! What should be there once something has been pushed: data, mark and custom metadata.

use std::collections::BTreeMap;

use latchkey_api::provider::vault::VaultKvVersion as KvVersion;
use serde::Deserialize;

use super::there::CUSTOM_METADATA;
use crate::property::Numbers;
use crate::push::{self, EXTERNAL_SECRETS, MANAGED_BY, Members};
use crate::{Error, ErrorKind, Push};

/// ESO's `PushSecretMetadataSpec` of this provider.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    custom_metadata: BTreeMap<String, String>,
    merge_policy: MergePolicy,
}

/// What becomes of the custom metadata that is there.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
enum MergePolicy {
    #[default]
    Merge,
    Replace,
}

impl Spec {
    /// Secrets of version 1 have none, so nobody reads what is given for them, as in ESO.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`].
    pub fn of(push: &Push, version: KvVersion) -> Result<Self, Error> {
        match version {
            KvVersion::V1 => Ok(Self::default()),
            KvVersion::V2 => push::spec(push.metadata.as_ref(), "customMetadata, mergePolicy"),
        }
    }

    /// The custom metadata as it should be, marked.
    pub fn custom(&self, there: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut custom = match self.merge_policy {
            MergePolicy::Merge => there.clone(),
            MergePolicy::Replace => BTreeMap::new(),
        };
        custom.extend(self.custom_metadata.clone());
        custom.insert(MANAGED_BY.to_owned(), EXTERNAL_SECRETS.to_owned());
        custom
    }
}

/// What the data should be.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for what is no text, or without a property no JSON object.
pub fn members(push: &Push, there: Option<&Members>) -> Result<Members, Error> {
    let value = push.content.value()?;
    match push.remote.part() {
        Some(property) => {
            let mut members = there.cloned().unwrap_or_default();
            members.put_text(property, push::text(&value, &push.remote)?);
            Ok(members)
        }
        None => value.expose_str().and_then(Members::parse).ok_or_else(|| {
            let text = format!(
                "the value for {} is no JSON object, which is all that vault holds; give remoteRef.property",
                push.remote
            );
            Error::new(ErrorKind::InvalidValue, text)
        }),
    }
}

/// Whether both are the same but for the mark.
pub fn same_but_mark(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> bool {
    let rest = |(key, _): &(&String, &String)| *key != MANAGED_BY;
    one.iter().filter(rest).eq(other.iter().filter(rest))
}

/// How numbers come back: version 2 reads them as floats, and `1.50` is `1.5` then.
pub fn numbers(version: KvVersion) -> Numbers {
    match version {
        KvVersion::V1 => Numbers::Verbatim,
        KvVersion::V2 => Numbers::Float64,
    }
}

/// With the mark that version 1 keeps among the data.
pub fn marked(members: &Members) -> Members {
    let mut members = members.clone();
    let mark = serde_json::json!({ MANAGED_BY: EXTERNAL_SECRETS }).to_string();
    members.put(CUSTOM_METADATA, mark.into());
    members
}

/// The body that writes a next version in place of this one.
pub fn versioned(members: &Members, version: u64) -> Vec<u8> {
    let (data, options) = (members.json(), format!(r#","options":{{"cas":{version}}}}}"#));
    let mut body = Vec::with_capacity(data.len() + options.len() + 8); // growing would leave copies behind
    for part in [r#"{"data":"#, data.as_str(), options.as_str()] {
        body.extend_from_slice(part.as_bytes());
    }
    body
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Content, Remote, SecretBytes, SourceMetadata};

    fn push(value: &str, property: Option<&str>, metadata: Option<Value>) -> Push {
        let remote = Remote { key: "app".to_owned(), property: property.map(str::to_owned) };
        Push {
            remote,
            content: Content::One(SecretBytes::from(value)),
            metadata,
            source: SourceMetadata::default(),
            known: false,
        }
    }

    fn strings(value: Value) -> BTreeMap<String, String> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_property_joins_what_is_there_and_a_whole_value_replaces_it() {
        let there = Members::parse(r#"{"n":1.50,"p":"old"}"#).unwrap();
        let json = |push: &Push| members(push, Some(&there)).map(|members| members.json().to_string());
        assert_eq!(json(&push("<1>", Some("p"), None)).as_deref(), Ok(r#"{"n":1.50,"p":"<1>"}"#));
        assert_eq!(json(&push(r#"{"q":2.0}"#, None, None)).as_deref(), Ok(r#"{"q":2.0}"#));
        assert_eq!(json(&push(r#"{"q":2.0}"#, Some(""), None)).as_deref(), Ok(r#"{"q":2.0}"#));
        let error = json(&push("c4n4ry", None, None)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidValue);
        assert!(error.message.contains("remoteRef.property") && !error.message.contains("c4n4ry"), "{error}");
    }

    #[test]
    fn custom_metadata_is_marked_and_joins_or_replaces() {
        let there = strings(json!({ "owner": "team" }));
        let custom = |metadata| Spec::of(&push("{}", None, metadata), KvVersion::V2).unwrap().custom(&there);
        assert_eq!(custom(None), strings(json!({ "managed-by": "external-secrets", "owner": "team" })));
        let given = json!({ "customMetadata": { "a": "b", "managed-by": "me" }, "mergePolicy": "Replace" });
        assert_eq!(custom(Some(given)), strings(json!({ "a": "b", "managed-by": "external-secrets" })));
        assert!(same_but_mark(&custom(None), &there));
    }

    #[test]
    fn wrong_metadata_is_refused_and_for_version_1_nobody_reads_it() {
        for metadata in [json!({ "mergePolicy": "Ignore" }), json!({ "tags": {} })] {
            let push = push("{}", None, Some(metadata));
            let error = Spec::of(&push, KvVersion::V2).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidConfig, "{error}");
            assert!(Spec::of(&push, KvVersion::V1).is_ok());
        }
    }

    #[test]
    fn a_write_says_which_version_it_replaces() {
        let all = Members::parse(r#"{"a":"1"}"#).unwrap();
        assert_eq!(versioned(&all, 7), br#"{"data":{"a":"1"},"options":{"cas":7}}"#);
        assert_eq!(*marked(&all).json(), r#"{"a":"1","custom_metadata":{"managed-by":"external-secrets"}}"#);
    }
}
