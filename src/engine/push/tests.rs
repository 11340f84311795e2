use latchkey_api::push_secret::PushSecretSpec;
use latchkey_provider::{Content, SecretBytes};
use serde_json::{Value, json};

use super::*;
use crate::engine::ErrorKind;

fn spec(fields: Value) -> PushSecretSpec {
    let mut spec =
        json!({ "secretStoreRefs": [{ "name": "vault" }], "selector": { "secret": { "name": "db" } } });
    fields.as_object().into_iter().flatten().for_each(|(field, value)| spec[field] = value.clone());
    serde_json::from_value(spec).expect("a spec")
}

fn data(key: &str, remote: &str) -> Value {
    json!({ "match": { "secretKey": key, "remoteRef": { "remoteKey": remote } } })
}

fn source() -> Source {
    let pairs = [("user", "u"), ("password", "p"), ("a_U002f_b", "ab")];
    let data = pairs.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value))).collect();
    Source { data, ..Source::default() }
}

fn at() -> Place {
    let key = place("SecretStore/vault", "team").expect("a place");
    Place { key, labels: [("tier".to_owned(), "one".to_owned())].into() }
}

/// Where each thing goes and what it is, in order.
fn pushed(fields: Value) -> Vec<(String, String)> {
    let all = wanted(&spec(fields), &source(), &at()).expect("wanted");
    let text = |content: &Content| {
        String::from_utf8(content.value().expect("a value").expose().to_vec()).expect("text")
    };
    all.iter().map(|one| (one.in_status(), text(&one.push.content))).collect()
}

fn refused(fields: Value) -> (ErrorKind, String) {
    let error = wanted(&spec(fields), &source(), &at()).expect_err("refused");
    (error.kind, error.message)
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(place, value)| ((*place).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn one_key_all_keys_and_properties() {
    let property =
        json!({ "match": { "secretKey": "user", "remoteRef": { "remoteKey": "app", "property": "name" } } });
    let whole = json!({ "match": { "remoteRef": { "remoteKey": "whole" } } });
    assert_eq!(
        pushed(json!({ "data": [data("password", "pass"), property, whole] })),
        pairs(&[
            ("pass", "p"),
            ("app/name", "u"),
            ("whole", r#"{"a_U002f_b":"ab","password":"p","user":"u"}"#),
        ])
    );
}

#[test]
fn many_keys_go_under_names_of_their_own_or_as_one() {
    let rewrite = json!([{ "regexp": { "source": "^", "target": "app-" } }, { "transform": { "template": "{{ .value | upper }}" } }]);
    assert_eq!(
        pushed(json!({ "dataTo": [{ "match": { "regexp": "^(user|pass)" }, "rewrite": rewrite }] })),
        pairs(&[("APP-PASSWORD", "p"), ("APP-USER", "u")])
    );
    assert_eq!(
        pushed(json!({ "dataTo": [{ "match": { "regexp": "user" }, "remoteKey": "bundle" }] })),
        pairs(&[("bundle", r#"{"user":"u"}"#)])
    );
    let reversed = json!({ "match": { "regexp": "/" }, "conversionStrategy": "ReverseUnicode" });
    assert_eq!(pushed(json!({ "dataTo": [reversed] })), pairs(&[("a/b", "ab")]));
}

#[test]
fn data_decides_over_data_to_and_only_the_store_that_is_meant_takes_it() {
    assert_eq!(
        pushed(
            json!({ "data": [data("user", "own")], "dataTo": [{ "match": { "regexp": "^(user|password)$" } }] })
        ),
        pairs(&[("own", "u"), ("password", "p")])
    );
    for (store_ref, takes) in [
        (json!({ "name": "vault" }), true),
        (json!({ "name": "other" }), false),
        (json!({ "name": "vault", "kind": "ClusterSecretStore" }), false),
        (json!({ "labelSelector": { "matchLabels": { "tier": "one" } } }), true),
        (json!({ "labelSelector": { "matchLabels": { "tier": "two" } } }), false),
        (json!({ "name": "vault", "labelSelector": { "matchLabels": { "tier": "two" } } }), true),
        (json!({ "name": "other", "labelSelector": { "matchLabels": { "tier": "one" } } }), false),
        (json!({ "name": "", "labelSelector": { "matchLabels": { "tier": "one" } } }), true),
        (json!({ "name": "", "labelSelector": { "matchLabels": { "tier": "two" } } }), false),
        (json!({ "name": "" }), false),
    ] {
        let to = json!({ "storeRef": store_ref, "match": { "regexp": "user" } });
        assert_eq!(!pushed(json!({ "dataTo": [to] })).is_empty(), takes, "{store_ref}");
    }
}

#[test]
fn a_key_that_data_names_is_in_what_takes_many_as_one_all_the_same() {
    let to = json!([{ "remoteKey": "all", "match": { "regexp": "^(user|pass)" } }, { "match": { "regexp": "^(user|pass)" } }]);
    assert_eq!(
        pushed(json!({ "data": [data("user", "name")], "dataTo": to })),
        pairs(&[("name", "u"), ("all", r#"{"password":"p","user":"u"}"#), ("password", "p")])
    );
}

#[test]
fn of_no_key_that_matches_nothing_is_pushed() {
    for more in [json!({ "remoteKey": "bundle" }), json!({})] {
        let mut to = json!({ "match": { "regexp": "^nothing" } });
        more.as_object().into_iter().flatten().for_each(|(field, value)| to[field] = value.clone());
        assert_eq!(pushed(json!({ "dataTo": [to] })), pairs(&[]), "{more}");
    }
}

#[test]
fn what_cannot_be_is_said() {
    assert_eq!(refused(json!({ "data": [data("nothing", "a")] })).0, ErrorKind::Value);
    let (kind, said) = refused(json!({ "data": [data("user", "a"), data("password", "a")] }));
    assert!(kind == ErrorKind::InvalidSpec && said.contains(r#"secret "a""#), "{said}");
    let alike = json!([{ "regexp": { "source": ".*", "target": "same" } }]);
    assert_eq!(refused(json!({ "dataTo": [{ "rewrite": alike }] })).0, ErrorKind::Value);
    let mut odd = data("user", "a");
    odd["metadata"] = json!({ "tags": { "a": "b" } });
    assert!(refused(json!({ "data": [odd.clone()] })).1.contains("PushSecretMetadata"));
    odd["metadata"] = json!({
        "apiVersion": "kubernetes.external-secrets.io/v1alpha1", "kind": "PushSecretMetadata", "spec": { "tags": { "a": "b" } },
    });
    let one = wanted(&spec(json!({ "data": [odd] })), &source(), &at()).expect("wanted").remove(0);
    assert_eq!(one.push.metadata, Some(json!({ "tags": { "a": "b" } })));
}

#[test]
fn a_place_is_found_again_by_its_name_in_the_status() {
    for name in ["SecretStore/vault", "ClusterSecretStore/vault"] {
        let key = place(name, "team").expect("a place");
        assert_eq!(Place { key, labels: [].into() }.in_status(), name);
    }
    assert!(place("vault", "team").is_none() && place("Store/vault", "team").is_none());
}
