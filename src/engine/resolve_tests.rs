//! Which namespaces a ClusterSecretStore admits, which stores an ExternalSecret names, whose credentials a store reads.

use serde_json::json;

use super::*;

fn condition(value: Value) -> StoreCondition {
    serde_json::from_value(value).expect("it is a condition")
}

fn labels(of: &[(&str, &str)]) -> BTreeMap<String, String> {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_namespace_is_admitted_by_its_name() {
    let condition = condition(json!({"namespaces": ["a", "b"]}));
    assert!(admits_name(&condition, "b"));
    assert!(!admits_name(&condition, "bb"));
}

#[test]
fn a_namespace_is_admitted_by_a_regular_expression_that_matches_anywhere() {
    let condition = condition(json!({"namespaceRegexes": ["^prod-", "team"]}));
    assert!(admits_name(&condition, "my-team-1"));
    assert!(admits_name(&condition, "prod-1"));
    assert!(!admits_name(&condition, "not-prod-1"));
}

#[test]
fn a_regular_expression_that_does_not_compile_admits_nobody() {
    assert!(!admits_name(&condition(json!({"namespaceRegexes": ["(", "["]})), "("));
}

#[test]
fn a_namespace_is_admitted_by_its_labels() {
    let all = [
        (json!({}), true),
        (json!({"matchLabels": {"env": "prod"}}), true),
        (json!({"matchLabels": {"env": "dev"}}), false),
        (json!({"matchLabels": {"env": "prod", "tier": "1"}}), false),
        (json!({"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev", "prod"]}]}), true),
        (json!({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}), false),
        (json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["1"]}]}), true),
        (json!({"matchExpressions": [{"key": "env", "operator": "Exists"}]}), true),
        (json!({"matchExpressions": [{"key": "env", "operator": "DoesNotExist"}]}), false),
        (json!({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}), true),
    ];
    for (selector, admitted) in all {
        let condition = condition(json!({"namespaceSelector": selector}));
        assert_eq!(admits_labels(&condition, &labels(&[("env", "prod")])), admitted, "{selector}");
    }
}

#[test]
fn a_selector_that_is_not_valid_admits_nobody() {
    for selector in [
        json!({"matchExpressions": [{"key": "tier", "operator": "NotIn"}]}),
        json!({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": []}]}),
        json!({"matchExpressions": [{"key": "env", "operator": "Near", "values": ["prod"]}]}),
    ] {
        let condition = condition(json!({"namespaceSelector": selector}));
        assert!(!admits_labels(&condition, &labels(&[("env", "prod")])), "{selector}");
    }
}

#[test]
fn no_selector_admits_nobody() {
    assert!(!admits_labels(&condition(json!({"namespaces": ["a"]})), &labels(&[])));
}

#[test]
fn every_store_that_is_named_anywhere_is_referenced() {
    let external_secret: ExternalSecret = serde_json::from_value(json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {"name": "app", "namespace": "team"},
        "spec": {
            "secretStoreRef": {"name": "own"},
            "data": [{
                "secretKey": "a", "remoteRef": {"key": "a"},
                "sourceRef": {"storeRef": {"kind": "ClusterSecretStore", "name": "shared"}},
            }],
            "dataFrom": [{"extract": {"key": "a"}, "sourceRef": {"storeRef": {"name": "third"}}}],
        },
    }))
    .expect("it is an ExternalSecret");
    let stores: Vec<_> = referenced_stores(&external_secret).iter().map(ToString::to_string).collect();
    assert_eq!(stores, ["SecretStore \"own\"", "SecretStore \"third\"", "ClusterSecretStore \"shared\""]);
}

#[test]
fn credentials_are_forgotten_in_each_namespace_that_the_store_may_read_them_from() {
    let spec: SecretStoreSpec = serde_json::from_value(json!({"provider": {"aws": {
        "service": "SecretsManager", "region": "eu-central-1",
        "auth": {"secretRef": {
            "accessKeyIDSecretRef": {"name": "aws", "key": "id", "namespace": "vault"},
            "secretAccessKeySecretRef": {"name": "aws", "key": "key"},
        }},
    }}}))
    .expect("it is a store");
    let key = StoreKey { kind: StoreKind::ClusterSecretStore, namespace: None, name: "shared".to_owned() };
    let namespaces = credentials_namespaces(&spec, &scope(&key, Some("team")));
    assert_eq!(namespaces.into_iter().collect::<Vec<_>>(), ["team", "vault"]);
}
