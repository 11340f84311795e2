//! What the type of the Secret asks for, as far as the specification alone shows what will be in it.

use std::collections::BTreeSet;

use latchkey_api::external_secret::{CreationPolicy, ExternalSecretSpec, MergePolicy, Template};
use latchkey_api::secret_type::{self, SERVICE_ACCOUNT_TOKEN};

use crate::engine::error::Error;
use crate::engine::message;

/// Why no Secret of this type can be made of it: the type gives rights, or keys that it asks for are not made.
pub(super) fn fault(spec: &ExternalSecretSpec) -> Option<Error> {
    let target = spec.target.as_ref().filter(|target| target.manifest.is_none())?;
    let template = target.template.as_ref()?;
    let type_ = template.type_.as_deref().filter(|type_| !type_.is_empty())?;
    if type_ == SERVICE_ACCOUNT_TOKEN {
        return Some(message::privileged_type(type_));
    }
    let required = secret_type::required(type_);
    match spec.creation_policy() {
        CreationPolicy::Owner | CreationPolicy::Orphan => {}
        // Others may have put the keys there.
        CreationPolicy::Merge | CreationPolicy::CreateOrMerge | CreationPolicy::None => return None,
    }
    let keys = keys(spec, template)?;
    (!required.are_met(|key| keys.contains(key))).then(|| message::lacks_keys(type_, required))
}

/// The keys of the Secret, where they are known before anything is read.
fn keys<'a>(spec: &'a ExternalSecretSpec, template: &'a Template) -> Option<BTreeSet<&'a str>> {
    if !template.template_from.is_empty() {
        return None;
    }
    let made: BTreeSet<&str> = template.data.iter().flatten().map(|(key, _)| key.as_str()).collect();
    if !made.is_empty() && template.merge_policy != Some(MergePolicy::Merge) {
        return Some(made);
    }
    let fetched = spec.data.iter().map(|entry| entry.secret_key.as_str());
    spec.data_from.is_empty().then(|| made.into_iter().chain(fetched).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn said(spec: Value) -> Option<String> {
        let mut all = json!({ "data": [{ "secretKey": "tls.crt", "remoteRef": { "key": "k" } }] });
        for (field, value) in spec.as_object().into_iter().flatten() {
            all[field] = value.clone();
        }
        fault(&serde_json::from_value(all).expect("a specification")).map(|error| error.message)
    }

    fn of_template(template: Value) -> Option<String> {
        said(json!({ "target": { "template": template } }))
    }

    #[test]
    fn keys_that_the_type_asks_for_and_nothing_makes_are_named() {
        let tls = "kubernetes.io/tls";
        let lacking = Some(
            r#"spec.target.template.type: a Secret of type "kubernetes.io/tls" needs "tls.crt" and "tls.key" among its keys, and nothing here makes that; fetch or render it, or choose another type"#
                .to_owned(),
        );
        assert_eq!(of_template(json!({ "type": tls })), lacking);
        assert_eq!(of_template(json!({ "type": tls, "data": { "tls.key": "k" } })), lacking);
        let merged = json!({ "type": tls, "data": { "tls.key": "k" }, "mergePolicy": "Merge" });
        assert_eq!(of_template(merged), None);
        assert_eq!(of_template(json!({ "type": tls, "data": { "tls.key": "k", "tls.crt": "c" } })), None);
    }

    #[test]
    fn what_is_not_known_yet_is_let_be() {
        let tls = json!({ "type": "kubernetes.io/tls" });
        let from = json!({ "type": "kubernetes.io/tls", "templateFrom": [{ "literal": "a: b" }] });
        assert_eq!(of_template(from), None);
        let extract = json!([{ "extract": { "key": "k" } }]);
        assert_eq!(said(json!({ "dataFrom": extract, "target": { "template": tls } })), None);
        let merging = json!({ "creationPolicy": "Merge", "template": tls });
        assert_eq!(said(json!({ "target": merging })), None);
        assert_eq!(of_template(json!({ "type": "Opaque" })), None);
        assert_eq!(of_template(json!({ "type": "" })), None);
    }

    #[test]
    fn a_type_that_gives_rights_is_refused() {
        let said = of_template(json!({ "type": SERVICE_ACCOUNT_TOKEN })).expect("refused");
        assert!(said.contains("service-account-token") && said.contains("is not allowed"), "{said}");
    }
}
