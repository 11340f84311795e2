//! `target.deletionPolicy`, when the remote secret is gone.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Namespace, world};

/// A namespace with the ExternalSecret `db`, synced, whose remote secret has then been deleted, and which is asked to sync.
fn deleted_remotely(prefix: &str, spec: Value) -> Namespace<'static> {
    let ns = Namespace::with_aws(world(), prefix);
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", spec).to_string()).good();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.world.moto.delete_secret(&ns.key("db")).expect("moto deletes");
    ns
}

fn sync(ns: &Namespace<'_>) -> crate::support::Said {
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).good()
}

#[test]
fn delete_deletes_the_secret_and_makes_it_again_when_the_value_is_back() {
    let ns = deleted_remotely("gone-delete", json!({ "target": { "deletionPolicy": "Delete" } }));
    sync(&ns);
    ns.wait_gone("db", Duration::from_secs(20));
    ns.wait_ready("db", "True", "SecretDeleted");
    let (.., message) = ns.ready("db").expect("a condition");
    assert_eq!(message, "secret deleted due to DeletionPolicy=Delete");
    ns.wait_event("db", "Deleted", "secret deleted due to DeletionPolicy=Delete");
    let missing = format!("secret does not exist at provider using spec.dataFrom[0] (key={})", ns.key("db"));
    ns.wait_event("db", "MissingProviderSecret", &missing);

    ns.put("db", "two");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=2", "--overwrite"]).silent();
    assert_eq!(ns.value("db", "value").as_deref(), Some("two"));
    ns.wait_ready("db", "True", "SecretSynced");
}

#[test]
fn retain_keeps_the_secret_and_says_what_is_missing() {
    let ns = deleted_remotely("gone-retain", json!({}));
    let said = sync(&ns);
    assert!(said.warnings()[0].contains(&ns.key("db")), "{said}");
    ns.wait_ready("db", "False", "SecretSyncedError");
    let (.., message) = ns.ready("db").expect("a condition");
    assert_eq!(message, "could not get secret data from provider");
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
}

#[test]
fn merge_takes_away_what_the_provider_no_longer_has() {
    let spec = json!({ "target": { "deletionPolicy": "Merge", "creationPolicy": "CreateOrMerge", "name": "shared" } });
    let ns = Namespace::with_aws(world(), "gone-merge");
    ns.put("db", "one");
    ns.kubectl(&["create", "secret", "generic", "shared", "--from-literal=theirs=stays"]).good();
    ns.apply(&ns.of("db", "db", spec).to_string()).good();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.world.moto.delete_secret(&ns.key("db")).expect("moto deletes");
    sync(&ns);
    ns.wait_synced("db");
    assert_eq!(ns.values("shared").expect("it").keys().collect::<Vec<_>>(), ["theirs"]);
}

#[test]
fn delete_with_a_part_missing_writes_the_rest() {
    let ns = Namespace::with_aws(world(), "gone-partly");
    ns.put("db", "one");
    let data = json!([ns.entry("value", "db"), ns.entry("missing", "nowhere")]);
    ns.apply(
        &ns.of("db", "db", json!({ "target": { "deletionPolicy": "Delete" }, "data": data })).to_string(),
    )
    .good();
    assert_eq!(ns.values("db").expect("the Secret").keys().collect::<Vec<_>>(), ["value"]);
    ns.wait_ready("db", "True", "SecretSynced");
}

#[test]
fn delete_never_deletes_what_is_not_ones_own() {
    let spec = json!({ "target": { "creationPolicy": "Orphan", "deletionPolicy": "Delete" } });
    let ns = deleted_remotely("gone-orphan", spec);
    sync(&ns);
    ns.wait_ready("db", "False", "SecretSyncedError");
    let (.., message) = ns.ready("db").expect("a condition");
    assert_eq!(message, "could not delete secret");
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
}
