use latchkey_api::external_secret::{
    ConversionStrategy, CreationPolicy, DecodingStrategy, DeletionPolicy, NullBytePolicy, RefreshPolicy,
};
use latchkey_provider::EntryRef;
use serde_json::{Value, json};

use super::*;
use crate::engine::ErrorKind;

/// One entry of `my-app/db` from the SecretStore `aws`; `change` is merged into its spec.
fn object(change: &Value) -> ExternalSecret {
    let mut spec = json!({
        "secretStoreRef": {"name": "aws"},
        "data": [{"secretKey": "password", "remoteRef": {"key": "my-app/db", "property": "password"}}],
    });
    json_patch::merge(&mut spec, change);
    let metadata = json!({"name": "db", "namespace": "shop", "labels": {"app": "db"}});
    let object = json!({"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": metadata, "spec": spec});
    serde_json::from_value(object).expect("an ExternalSecret")
}

fn parsed(change: Value) -> Plan {
    Plan::try_from(&object(&change)).unwrap_or_else(|error| panic!("{change}: {error}"))
}

fn refused(change: Value) -> Error {
    Plan::try_from(&object(&change)).map(|_| ()).expect_err(&change.to_string())
}

#[test]
fn what_is_absent_has_esos_defaults() {
    let plan = parsed(json!({}));
    assert_eq!(
        (plan.namespace.as_str(), plan.name.as_str(), plan.target.name.as_str()),
        ("shop", "db", "db")
    );
    assert_eq!((plan.target.creation, plan.target.deletion), (CreationPolicy::Owner, DeletionPolicy::Retain));
    assert_eq!(
        plan.refresh,
        RefreshPlan { policy: RefreshPolicy::Periodic, interval: Duration::from_secs(3600) }
    );
    assert!(!plan.target.immutable && plan.target.template.is_none());
    assert_eq!(plan.target.labels["app"], "db");
    let source = &plan.sources[0];
    assert_eq!(source.entry, EntryRef::new("my-app/db"));
    assert_eq!(source.property.as_deref(), Some("password"));
    assert!(matches!(&source.take, Take::Value { secret_key, decoding: DecodingStrategy::None,
        null_bytes: NullBytePolicy::Ignore } if secret_key == "password"));
}

#[test]
fn a_secret_store_is_of_the_same_namespace_and_a_cluster_one_of_none() {
    let plan = parsed(json!({}));
    let own = StoreKey { kind: StoreKind::SecretStore, namespace: Some("shop".into()), name: "aws".into() };
    assert_eq!(plan.sources[0].store, own);
    assert_eq!(plan.store_field(&own), "spec.secretStoreRef");
    let plan = parsed(json!({"secretStoreRef": {"kind": "ClusterSecretStore"}}));
    assert_eq!(
        plan.sources[0].store,
        StoreKey { kind: StoreKind::ClusterSecretStore, namespace: None, ..own }
    );
}

#[test]
fn an_entry_may_name_its_own_store() {
    let entry =
        json!({"secretKey": "a", "remoteRef": {"key": "k"}, "sourceRef": {"storeRef": {"name": "vault"}}});
    let plan = parsed(json!({"secretStoreRef": null, "data": [entry]}));
    assert_eq!(plan.sources[0].store.name, "vault");
    assert_eq!(plan.store_field(&plan.sources[0].store), "spec.data[0].sourceRef.storeRef");
}

#[test]
fn sets_come_before_values() {
    let sets = json!([
        {"extract": {"key": "one", "conversionStrategy": "Unicode", "metadataPolicy": "Fetch", "version": "v1"}},
        {"sourceRef": {"storeRef": {"name": "other"}}}, // gives nothing
        {"extract": {"key": "two", "decodingStrategy": "Auto"}, "rewrite": [{"regexp": {"source": "a", "target": "b"}}]},
    ]);
    let plan = parsed(json!({"dataFrom": sets}));
    let at: Vec<_> = plan.sources.iter().map(|source| source.at.to_string()).collect();
    assert_eq!(at, ["spec.dataFrom[0].extract", "spec.dataFrom[2].extract", "spec.data[0]"]);
    assert_eq!(
        plan.sources[0].entry,
        EntryRef { version: "v1".into(), metadata: true, ..EntryRef::new("one") }
    );
    assert!(matches!(&plan.sources[0].take, Take::Map { conversion: ConversionStrategy::Unicode, .. }));
    assert!(matches!(&plan.sources[1].take, Take::Map { decoding: DecodingStrategy::Auto, rewrite, .. }
        if rewrite.len() == 1));
}

#[test]
fn intervals_are_gos_durations() {
    for (text, seconds) in [("15m", 900), ("1h30m0s", 5400), ("0", 0), ("0s", 0), ("-5m", 0)] {
        assert_eq!(
            parsed(json!({"refreshInterval": text})).refresh.interval,
            Duration::from_secs(seconds),
            "{text}"
        );
    }
    assert_eq!(refused(json!({"refreshInterval": "1 hour"})).kind, ErrorKind::InvalidSpec);
}

#[test]
fn esos_texts_are_said_all_in_one_line() {
    let error =
        refused(json!({"data": null, "target": {"creationPolicy": "Merge", "deletionPolicy": "Delete"}}));
    assert_eq!(error.kind, ErrorKind::InvalidSpec);
    assert_eq!(
        error.message,
        "deletionPolicy=Delete must not be used when the controller doesn't own the secret. Please set \
         creationPolicy=Owner; and either data or dataFrom should be specified; say in one of them what to read"
    );
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let data = json!({"k": "{{ .password | env }}"});
    for (change, field) in [
        (
            json!({"dataFrom": [{"sourceRef": {"generatorRef": {"kind": "BeyondtrustWorkloadCredentialsDynamicSecret", "name": "p"}}}]}),
            "spec.dataFrom[0].sourceRef.generatorRef: the generator BeyondtrustWorkloadCredentialsDynamicSecret",
        ),
        (json!({"target": {"template": {"data": data}}}), "spec.target.template.data[\"k\"]"),
    ] {
        let error = refused(change);
        assert_eq!(error.kind, ErrorKind::Unsupported, "{field}: {error}");
        assert!(error.message.starts_with(field), "{error}");
    }
}

#[test]
fn a_broken_template_of_an_immutable_target_is_a_doubt_until_the_secret_has_to_be_made() {
    for text in ["{{ .nope }}", "{{ .password", "{{ .password | env }}"] {
        let template = json!({"data": {"k": text}});
        let error = refused(json!({"target": {"template": template}}));
        let target = json!({"immutable": true, "template": template});
        let plan = Plan::try_from(&object(&json!({"target": target}))).expect("a plan");
        assert_eq!((&plan.doubts[..], &plan.target.fault), (&[error.clone()][..], &Some(error)));
        let other = json!({"apiVersion": "v1", "kind": "ConfigMap"});
        refused(json!({"target": {"immutable": true, "template": template, "manifest": other}}));
    }
}

#[test]
fn a_store_has_to_be_named() {
    let entry = json!({"secretKey": "a", "remoteRef": {"key": "k"}, "sourceRef": {"storeRef": {}}});
    for (change, says) in [
        (json!({"secretStoreRef": null}), "spec.data[0] names no store"),
        (json!({"secretStoreRef": {"name": ""}}), "spec.data[0] names no store"),
        (json!({"data": [entry]}), "spec.data[0].sourceRef.storeRef has no name"),
    ] {
        let error = refused(change);
        assert!(error.kind == ErrorKind::InvalidSpec && error.message.starts_with(says), "{error}");
    }
}

#[test]
fn a_name_that_is_still_to_be_generated_is_no_name() {
    let mut nameless = object(&json!({}));
    nameless.metadata.name = None;
    assert_eq!(Plan::try_from(&nameless).map(|_| ()).expect_err("refused").kind, ErrorKind::InvalidSpec);
}

#[test]
fn a_template_target_that_no_secret_has_is_refused() {
    let from = json!([{"literal": "a: b", "target": ""}]);
    assert_eq!(refused(json!({"target": {"template": {"templateFrom": from}}})).kind, ErrorKind::Template);
}
