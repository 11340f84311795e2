//! From the Secret that admission wrote to the one that the ExternalSecret owns.

use std::time::Duration;

use serde_json::json;

use crate::support::{Namespace, world};

#[test]
fn adoption_takes_the_mark_away_and_gives_an_owner_without_reading_or_writing_values() {
    let ns = Namespace::with_aws(world(), "adopted");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");

    let history = ns.history("db");
    assert_eq!(history.len(), 2, "written once, adopted once: {history:?}");
    let (written, adopted) = (&history[0], &history[1]);
    assert!(written.pending().is_some() && adopted.pending().is_none());
    assert!(written.owners().is_empty());
    assert_eq!(adopted.owners().len(), 1);
    assert_eq!(written.secret["data"], adopted.secret["data"]);
    let without_mark = |secret: &serde_json::Value| {
        let mut annotations = secret["metadata"]["annotations"].clone();
        annotations.as_object_mut().expect("annotations").remove("latchkey.dev/pending");
        (annotations, secret["metadata"]["labels"].clone(), secret["type"].clone())
    };
    assert_eq!(without_mark(&written.secret), without_mark(&adopted.secret));
    assert_eq!(ns.reads("db"), 1, "no second call of the provider");
}

#[test]
fn an_update_keeps_its_owner_and_is_adopted_in_turn() {
    let ns = Namespace::with_aws(world(), "updated");
    ns.put("one", "1");
    ns.put("two", "2");
    ns.apply(&ns.of("db", "one", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");

    ns.apply(&ns.of("db", "two", json!({})).to_string()).silent();
    assert_eq!(ns.value("db", "value").as_deref(), Some("2"), "when apply returns");
    ns.wait_secret("db", |secret| secret["metadata"]["annotations"]["latchkey.dev/pending"].is_null());
    let history = ns.history("db");
    assert_eq!(history.len(), 4, "each written once and adopted once: {history:?}");
    assert!(history[1..].iter().all(|version| version.owners().len() == 1));
    ns.wait_synced("db");
    assert_eq!((ns.reads("one"), ns.reads("two")), (1, 1));
}

#[test]
fn force_sync_gives_the_value_of_now_when_annotate_returns() {
    let ns = Namespace::with_aws(world(), "force");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.put("db", "two");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1", "--overwrite"]).silent();
    assert_eq!(ns.value("db", "value").as_deref(), Some("two"));
    ns.wait_synced("db");
}

#[test]
fn an_external_secret_that_is_deleted_takes_its_secret_along_and_nothing_has_a_finalizer() {
    let ns = Namespace::with_aws(world(), "deleted");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    let namespace = ns.world.get(&format!("/api/v1/namespaces/{}", ns.name)).expect("the namespace");
    let store = format!("/apis/external-secrets.io/v1/namespaces/{}/secretstores/aws", ns.name);
    let store = ns.world.get(&store).expect("the store");
    let (object, secret) = (ns.external_secret("db").expect("it"), ns.secret("db").expect("its Secret"));
    for object in [namespace, store, object, secret] {
        assert!(object["metadata"]["finalizers"].is_null(), "{object}");
    }
    ns.kubectl(&["delete", "externalsecret", "db"]).good();
    ns.wait_gone("db", Duration::from_secs(30));
    let changes = ns.changes("db");
    assert_eq!(changes.last().map(String::as_str), Some("DELETED"), "and it does not come back: {changes:?}");
}

#[test]
fn kubectl_create_of_what_exists_changes_nothing() {
    let ns = Namespace::with_aws(world(), "exists");
    ns.put("db", "one");
    ns.put("other", "two");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    let before = ns.changes("db");

    let again =
        ns.kubectl_with(&["create", "-f", "-"], &ns.of("db", "other", json!({})).to_string()).refused();
    assert!(again.err.contains("AlreadyExists"), "{again}");
    assert_eq!(ns.changes("db"), before);
    assert_eq!(ns.reads("other"), 0);
}
