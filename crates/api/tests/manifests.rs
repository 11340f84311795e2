//! What is read is what is written: no field is lost, and nothing is added that was not there.

use latchkey_api::{
    ClusterPushSecret, ClusterSecretStore, ExternalSecret, ProviderRef, PushSecret, SecretStore,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const EVERY_FIELD: &str = include_str!("manifests/every-field.yaml");
const OLDER: &str = include_str!("manifests/older.yaml");

fn documents(yaml: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(yaml).expect("the fixture is YAML")
}

fn round_trip<T: DeserializeOwned + Serialize>(document: &Value) -> Value {
    let object: T = serde_json::from_value(document.clone()).expect("the fixture has the type's fields");
    serde_json::to_value(object).expect("the type can be written")
}

fn spec_again(document: &Value) -> Value {
    let kind = document["kind"].as_str().expect("a kind");
    let written = match kind {
        "ExternalSecret" => round_trip::<ExternalSecret>(document),
        "SecretStore" => round_trip::<SecretStore>(document),
        "ClusterSecretStore" => round_trip::<ClusterSecretStore>(document),
        "PushSecret" => round_trip::<PushSecret>(document),
        "ClusterPushSecret" => round_trip::<ClusterPushSecret>(document),
        other => panic!("unexpected kind {other}"),
    };
    assert_eq!(written["kind"], kind);
    let version = if kind.ends_with("PushSecret") { "v1alpha1" } else { "v1" };
    assert_eq!(written["apiVersion"], format!("external-secrets.io/{version}"));
    written["spec"].clone()
}

#[test]
fn every_field_is_read_and_written_again() {
    for document in documents(EVERY_FIELD) {
        assert_eq!(spec_again(&document), document["spec"], "{}", document["metadata"]["name"]);
    }
}

#[test]
fn nothing_is_added_that_was_not_there() {
    for document in documents(OLDER) {
        assert_eq!(spec_again(&document), document["spec"], "{}", document["metadata"]["name"]);
    }
}

#[test]
fn a_field_of_a_later_version_does_not_hide_the_object() {
    let spec = json!({ "later": 1, "data": [{ "secretKey": "a", "remoteRef": { "key": "k", "later": 1 } }] });
    let document = json!({ "metadata": { "name": "a" }, "spec": spec });
    let object: ExternalSecret = serde_json::from_value(document).expect("read all the same");
    assert_eq!(object.spec.data[0].remote_ref.key, "k");
}

#[test]
fn nulls_are_absent() {
    let spec = json!({ "refreshInterval": null, "target": { "name": null, "template": null } });
    let object: ExternalSecret =
        serde_json::from_value(json!({ "metadata": {}, "spec": spec, "status": { "refreshTime": null } }))
            .expect("read");
    assert_eq!(object.spec.refresh_interval, None);
    assert_eq!(object.spec.refresh_interval().map(|interval| interval.to_string()), Ok("1h0m0s".to_owned()));
    assert_eq!(object.spec.target_name("own-name"), "own-name");
}

#[test]
fn each_block_is_its_provider() {
    let stores = documents(EVERY_FIELD).into_iter().filter(|document| document["kind"] == "SecretStore");
    let keys: Vec<_> = stores
        .map(|document| {
            let store: SecretStore = serde_json::from_value(document).expect("a store");
            let provider = store.spec.provider.kind().expect("one provider");
            (provider.key(), matches!(provider, ProviderRef::Unsupported(_)))
        })
        .collect();
    assert_eq!(keys, [("aws", false), ("kubernetes", false), ("fake", false), ("gcpsm", true)]);
}
