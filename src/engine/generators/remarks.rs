//! What of a generator has no effect, for whoever applies what names it. It is not refused, as External Secrets Operator does not
//! refuse it either.

use latchkey_api::duration::GoDuration;
use latchkey_api::generator::{Generator, Remote, WebhookSpec};
use serde_json::Value;

use crate::engine::message;
use crate::engine::plan::GeneratorKey;

/// Fields in which everybody writes what he likes.
const FREE: [&str; 5] = ["data", "getParameters", "headers", "parameters", "permissions"];

/// What is to be said of a generator that is used from this namespace; `spec` is its specification as it is written.
pub(super) fn remarks(
    key: &GeneratorKey,
    generator: &Generator,
    spec: &Value,
    namespace: &str,
) -> Vec<String> {
    let mut fields = Vec::new();
    namespaces("spec", spec, namespace, &mut fields);
    let mut all: Vec<String> =
        fields.iter().map(|field| message::generator_namespace(key, field, namespace)).collect();
    if let Some(remote) = generator.remote() {
        all.extend(ways(key, remote, &spec["auth"]));
        all.extend(timeout(key, remote));
    }
    all
}

/// The fields of selectors that name another namespace than this one. A `namespace` without a `name` beside it is one of Vault's.
fn namespaces(at: &str, value: &Value, own: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let text = |field| map.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
            if text("name").and(text("namespace")).is_some_and(|named| named != own) {
                found.push(format!("{at}.namespace"));
            }
            for (field, value) in map.iter().filter(|(field, _)| !FREE.contains(&field.as_str())) {
                namespaces(&format!("{at}.{field}"), value, own, found);
            }
        }
        Value::Array(values) => {
            for (index, value) in values.iter().enumerate() {
                namespaces(&format!("{at}[{index}]"), value, own, found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Ways to log in behind the first one.
fn ways(key: &GeneratorKey, generator: &Remote, auth: &Value) -> Option<String> {
    let order: &[&str] = match generator {
        Remote::Acr(_) => &["servicePrincipal", "managedIdentity", "workloadIdentity"],
        Remote::Gcr(_) => &["secretRef", "workloadIdentity", "workloadIdentityFederation"],
        Remote::Grafana(_) => &["token", "basic"],
        Remote::Cloudsmith(_)
        | Remote::Ecr(_)
        | Remote::Github(_)
        | Remote::Gitlab(_)
        | Remote::Quay(_)
        | Remote::Sts(_)
        | Remote::Vault(_)
        | Remote::Webhook(_) => return None,
    };
    let mut given = order.iter().copied().filter(|way| !auth[*way].is_null());
    let (first, others) = (given.next()?, given.collect::<Vec<_>>());
    (!others.is_empty()).then(|| message::generator_ways(key, first, &others))
}

fn timeout(key: &GeneratorKey, generator: &Remote) -> Option<String> {
    let Remote::Webhook(webhook) = generator else { return None };
    let parsed = GoDuration::parse(webhook.timeout.as_deref()?).ok()?.to_std()?;
    (parsed > WebhookSpec::LONGEST).then(|| message::generator_timeout(key, WebhookSpec::LONGEST))
}

#[cfg(test)]
mod tests {
    use latchkey_api::generator::{GeneratorKind, RemoteKind};
    use serde_json::json;

    use super::*;

    fn said(kind: RemoteKind, spec: &Value) -> Vec<String> {
        let kind = GeneratorKind::Remote(kind);
        let key = GeneratorKey { kind: Some(kind), namespace: Some("team".into()), name: "it".into() };
        remarks(&key, &Generator::read(kind, spec).expect("a specification"), spec, "team")
    }

    #[test]
    fn a_namespace_has_no_effect_where_a_selector_names_another_one() {
        let of = |namespace: &str| {
            let selector = json!({ "name": "login", "key": "token", "namespace": namespace });
            let auth = json!({ "namespace": "vaults", "tokenSecretRef": selector });
            let provider = json!({ "server": "https://vault", "namespace": "vaults", "auth": auth });
            let parameters = json!({ "name": "n", "namespace": "else" });
            said(RemoteKind::Vault, &json!({ "path": "a", "provider": provider, "parameters": parameters }))
        };
        let [one] = &of("other")[..] else { panic!("{:?}", of("other")) };
        assert!(one.contains("spec.provider.auth.tokenSecretRef.namespace"), "{one}");
        assert!(of("team").is_empty());
        let secret = json!({ "name": "a", "secretRef": { "name": "b", "namespace": "other" } });
        let webhook = json!({ "url": "https://a", "result": {}, "secrets": [secret] });
        assert!(said(RemoteKind::Webhook, &webhook)[0].contains("spec.secrets[0].secretRef.namespace"));
    }

    #[test]
    fn the_ways_to_log_in_that_are_not_taken_are_named() {
        let auth = json!({ "managedIdentity": {}, "workloadIdentity": {}, "servicePrincipal": null });
        let [one] = &said(RemoteKind::Acr, &json!({ "registry": "r", "auth": auth }))[..] else {
            panic!("one")
        };
        assert!(one.contains("auth.managedIdentity is taken") && one.contains("workloadIdentity"), "{one}");
        assert!(said(RemoteKind::Acr, &json!({ "registry": "r", "auth": {} })).is_empty());
    }

    #[test]
    fn a_webhook_waits_no_longer_than_it_is_let() {
        let of = |timeout: &str| {
            said(RemoteKind::Webhook, &json!({ "url": "", "result": {}, "timeout": timeout }))
        };
        assert!(of("30s").is_empty() && of("soon").is_empty());
        assert!(of("1m")[0].contains("30s"), "{:?}", of("1m"));
    }
}
