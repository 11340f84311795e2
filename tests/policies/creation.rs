//! `target.creationPolicy` Owner, Orphan and None.

use std::time::Duration;

use serde_json::json;

use crate::support::{Namespace, world};

#[test]
fn owner_takes_an_unowned_secret_over_but_only_once_it_is_stored_itself() {
    let ns = Namespace::with_aws(world(), "takes-over");
    ns.put("db", "one");
    ns.kubectl(&["create", "secret", "generic", "db", "--from-literal=old=kept-until-then"]).good();

    let object = ns.of("db", "db", json!({})).to_string();
    let dry = ns.dry_run(&object).good();
    assert!(dry.warnings()[0].contains("is taken over once"), "{dry}");
    let said = ns.apply(&object).good();
    assert_eq!(
        said.warnings(),
        [format!(
            "ExternalSecret {}/db: Secret \"db\" exists and is not managed yet: it is taken over once this \
             ExternalSecret is stored",
            ns.name
        )]
    );
    ns.wait_ready("db", "True", "SecretSynced");
    assert_eq!(ns.values("db").expect("it").keys().collect::<Vec<_>>(), ["value"], "the old data is dropped");
    let history = ns.history("db");
    assert_eq!(history.len(), 2, "untouched until the ExternalSecret was stored: {history:?}");
    assert_eq!(history[1].owners().len(), 1);
    assert_eq!(ns.reads("db"), 1, "what admission read is used");
}

#[test]
fn orphan_writes_without_an_owner_and_stays_when_the_external_secret_goes() {
    let ns = Namespace::with_aws(world(), "orphan");
    ns.put("db", "one");
    ns.kubectl(&["create", "secret", "generic", "db", "--from-literal=old=dropped"]).good();
    ns.apply(&ns.of("db", "db", json!({ "target": { "creationPolicy": "Orphan" } })).to_string()).good();
    ns.wait_ready("db", "True", "SecretSynced");
    let secret = ns.secret("db").expect("the Secret");
    assert_eq!(ns.values("db").expect("it").keys().collect::<Vec<_>>(), ["value"], "the old data is dropped");
    assert!(secret["metadata"]["ownerReferences"].is_null());
    assert!(secret["metadata"]["labels"]["reconcile.external-secrets.io/created-by"].is_null());

    ns.kubectl(&["delete", "externalsecret", "db"]).good();
    // The collector has had its chance when it has taken another one's Secret, deleted later.
    ns.apply(&ns.of("owned", "db", json!({})).to_string()).silent();
    ns.wait_ready("owned", "True", "SecretSynced");
    ns.kubectl(&["delete", "externalsecret", "owned"]).good();
    ns.wait_gone("owned", Duration::from_secs(30));
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
}

#[test]
fn from_owner_to_orphan_the_secret_is_let_go() {
    let ns = Namespace::with_aws(world(), "let-go");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.apply(&ns.of("db", "db", json!({ "target": { "creationPolicy": "Orphan" } })).to_string()).silent();
    ns.wait_synced("db");
    let secret = ns.secret("db").expect("the Secret");
    assert!(secret["metadata"]["ownerReferences"].is_null(), "{secret}");
    assert!(secret["metadata"]["labels"]["reconcile.external-secrets.io/created-by"].is_null());
}

#[test]
fn none_writes_nothing_and_is_ready() {
    let ns = Namespace::with_aws(world(), "none");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({ "target": { "creationPolicy": "None" } })).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    assert!(ns.changes("db").is_empty());
}

#[test]
fn a_renamed_target_leaves_no_secret_under_the_old_name() {
    let ns = Namespace::with_aws(world(), "renamed");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({ "target": { "name": "before" } })).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.apply(&ns.of("db", "db", json!({ "target": { "name": "after" } })).to_string()).silent();
    assert_eq!(ns.value("after", "value").as_deref(), Some("one"), "when apply returns");
    ns.wait_gone("before", Duration::from_secs(20));
    let object = ns.wait_synced("db");
    assert_eq!(object["status"]["binding"]["name"], "after");
    ns.wait_event("db", "Deleted", "secret deleted because it was orphaned");
}
