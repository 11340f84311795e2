//! Two that want the same Secret.

use std::time::Duration;

use serde_json::json;

use crate::support::{Namespace, world};

#[test]
fn a_secret_of_another_external_secret_is_never_touched() {
    let ns = Namespace::with_aws(world(), "conflict");
    ns.put("one", "1");
    ns.put("two", "2");
    let first = ns.of("first", "one", json!({ "target": { "name": "shared" } }));
    let second = ns.of("second", "two", json!({ "target": { "name": "shared" } }));
    ns.apply(&first.to_string()).silent();
    ns.wait_ready("first", "True", "SecretSynced");
    let before = ns.changes("shared");

    let said = ns.apply(&second.to_string()).good();
    assert!(said.warnings()[0].contains("is owned by another ExternalSecret, \"first\""), "{said}");
    ns.wait_ready("second", "False", "SecretSyncedError");
    let (.., message) = ns.ready("second").expect("a condition");
    assert_eq!(message, "target is owned by another ExternalSecret");
    assert_eq!((ns.value("shared", "value").as_deref(), ns.changes("shared")), (Some("1"), before));

    ns.kubectl(&["delete", "externalsecret", "first"]).good();
    ns.wait_value("shared", "value", "2"); // the one that waited has it now
    ns.wait_ready("second", "True", "SecretSynced");
}

#[test]
fn a_conflict_is_seen_even_before_the_first_one_owns_its_secret() {
    let ns = Namespace::with_aws(world(), "race");
    ns.put("one", "1");
    ns.put("two", "2");
    let of = |name: &str, key: &str| ns.of(name, key, json!({ "target": { "name": "shared" } }));
    let both =
        json!({ "apiVersion": "v1", "kind": "List", "items": [of("first", "one"), of("second", "two")] });
    let said = ns.apply(&both.to_string()).good();
    assert_eq!(said.warnings().len(), 1, "{said}");
    ns.wait_ready("first", "True", "SecretSynced");
    ns.wait_ready("second", "False", "SecretSyncedError");
    assert_eq!(ns.value("shared", "value").as_deref(), Some("1"));
}

#[test]
fn deny_refuses_the_second_one() {
    let ns = Namespace::with_aws(world(), "conflict-deny");
    ns.put("one", "1");
    ns.apply(&ns.of("first", "one", json!({ "target": { "name": "shared" } })).to_string()).silent();
    ns.wait_ready("first", "True", "SecretSynced");
    let mut second = ns.of("second", "one", json!({ "target": { "name": "shared" } }));
    second["metadata"]["annotations"] = json!({ "latchkey.dev/failure-mode": "deny" });
    let said = ns.apply(&second.to_string()).refused();
    assert!(said.err.contains("is owned by another ExternalSecret, \"first\""), "{said}");
    assert!(ns.external_secret("second").is_none());
}

#[test]
fn a_secret_of_another_controller_is_refused_to_an_owner_and_given_to_a_merger() {
    let ns = Namespace::with_aws(world(), "foreign");
    ns.put("db", "one");
    ns.kubectl(&["create", "configmap", "owner"]).good();
    let owner = ns.world.get(&format!("/api/v1/namespaces/{}/configmaps/owner", ns.name)).expect("it");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": { "theirs": "stays" },
        "metadata": { "name": "db", "ownerReferences": [{
            "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "controller": true,
            "uid": owner["metadata"]["uid"],
        }]},
    });
    ns.kubectl_with(&["create", "-f", "-"], &secret.to_string()).good();

    let said = ns.apply(&ns.of("db", "db", json!({})).to_string()).good();
    assert!(said.warnings()[0].contains("ConfigMap \"owner\""), "{said}");
    ns.wait_ready("db", "False", "SecretSyncedError");
    let (.., message) = ns.ready("db").expect("a condition");
    assert_eq!(message, "failed to take ownership of target secret");
    assert_eq!(ns.values("db").expect("it").len(), 1, "untouched");

    ns.apply(&ns.of("db", "db", json!({ "target": { "creationPolicy": "Merge" } })).to_string()).good();
    ns.world
        .wait("both keys", Duration::from_secs(20), || ns.values("db").filter(|values| values.len() == 2));
}
