//! What another hand does to a Secret is undone.

use std::time::Duration;

use serde_json::json;

use crate::support::{Namespace, world};

const TAMPER: &str = "--patch={\"data\":{\"value\":\"dGFtcGVyZWQ=\",\"more\":\"bW9yZQ==\"}}";

/// A namespace with the ExternalSecret `db`, synced, adopted.
fn synced(prefix: &str, spec: serde_json::Value) -> Namespace<'static> {
    let ns = Namespace::with_aws(world(), prefix);
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", spec).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    ns
}

#[test]
fn tampered_data_a_deleted_secret_and_a_removed_label_are_repaired_at_once_without_a_read() {
    let ns = synced("drift", json!({}));
    let reads = ns.reads("db");
    ns.kubectl(&["patch", "secret", "db", "--type=merge", TAMPER]).good();
    ns.wait_value("db", "value", "one");
    assert_eq!(ns.values("db").expect("it").len(), 1, "and what was added is gone");

    let uid = ns.secret("db").expect("it")["metadata"]["uid"].clone();
    ns.kubectl(&["delete", "secret", "db"]).good();
    let again = ns.wait_secret("db", |secret| secret["metadata"]["uid"] != uid);
    assert!(again["metadata"]["ownerReferences"].is_array(), "owned from the start: {again}");
    ns.wait_value("db", "value", "one");

    ns.kubectl(&["label", "secret", "db", "reconcile.external-secrets.io/managed-"]).good();
    ns.wait_secret("db", |s| s["metadata"]["labels"]["reconcile.external-secrets.io/managed"] == "true");
    assert_eq!(ns.reads("db"), reads, "the value is in memory");
}

#[test]
fn what_is_never_refreshed_is_repaired_all_the_same() {
    for (prefix, spec) in [
        ("drift-zero", json!({ "refreshInterval": "0" })),
        ("drift-once", json!({ "refreshPolicy": "CreatedOnce" })),
    ] {
        let ns = synced(prefix, spec);
        ns.kubectl(&["patch", "secret", "db", "--type=merge", TAMPER]).good();
        ns.wait_value("db", "value", "one");
        ns.kubectl(&["delete", "secret", "db"]).good();
        ns.wait_value("db", "value", "one");
    }
}

#[test]
fn an_orphan_is_let_go_until_its_next_refresh() {
    let ns = synced("drift-orphan", json!({ "target": { "creationPolicy": "Orphan" } }));
    let before = ns.changes("db").len();
    ns.kubectl(&["patch", "secret", "db", "--type=merge", TAMPER]).good();
    // Another one's drift, made later, is repaired: the refresher has been here.
    let other = ns.of("other", "db", json!({}));
    ns.apply(&other.to_string()).silent();
    ns.wait_ready("other", "True", "SecretSynced");
    ns.kubectl(&["patch", "secret", "other", "--type=merge", TAMPER]).good();
    ns.wait_value("other", "value", "one");
    assert_eq!(ns.value("db", "value").as_deref(), Some("tampered"));
    assert_eq!(ns.changes("db").len(), before + 1);

    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).good();
    ns.world
        .wait("the refresh", Duration::from_secs(20), || ns.value("db", "value").filter(|it| it == "one"));
}

#[test]
fn a_change_that_is_no_drift_is_left_alone() {
    let ns = synced("drift-none", json!({}));
    ns.kubectl(&["label", "secret", "db", "theirs=stays"]).good();
    let other = ns.of("other", "db", json!({}));
    ns.apply(&other.to_string()).silent();
    ns.wait_ready("other", "True", "SecretSynced");
    ns.kubectl(&["patch", "secret", "other", "--type=merge", TAMPER]).good();
    ns.wait_value("other", "value", "one");
    assert_eq!(ns.secret("db").expect("it")["metadata"]["labels"]["theirs"], "stays");
    assert_eq!(ns.changes("db").len(), 3, "written, adopted, and labelled by another hand");
}
