//! What becomes of a failure: a store that is slow, an update that fails, and what is repaired.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::manifests::{annotated, external_secret};
use crate::support::{Namespace, Remote, world};
use crate::vault_document::may_read;

const FAILURE_MODE: &str = "latchkey.dev/failure-mode";

/// The API server gives up after 5 s and admits whatever it is; so the answer has to come before.
#[test]
fn a_store_that_does_not_answer_is_told_of_before_the_api_server_gives_up() {
    let remote = Remote::start("slow");
    remote.put("a", "1");
    remote.proxy.delay(Duration::from_secs(60));
    let object = |name: &str| external_secret(name, &remote.ns.name, remote.spec("a"));
    let start = Instant::now();
    let said = remote.ns.apply(&object("warned").to_string()).good();
    let expected = format!(
        "ExternalSecret {0}/warned: ClusterSecretStore \"{0}\" has not answered in time; \
         check that the store is up and can be reached",
        remote.ns.name
    );
    assert_eq!(said.warnings(), [expected], "{said}");
    let said = remote.ns.apply(&annotated(object("denied"), FAILURE_MODE, "deny").to_string()).refused();
    assert!(said.err.contains("has not answered in time"), "{said}");
    assert!(start.elapsed() < Duration::from_secs(12), "{:?}", start.elapsed());
    assert_eq!(remote.ns.external_secret("denied"), None);
    remote.proxy.behave();
}

#[test]
fn a_refused_update_changes_neither_object_nor_secret() {
    let remote = Remote::start("update-denied");
    remote.synced("a", "1");
    let (object, secret) = (remote.ns.external_secret("a"), remote.ns.secret("a"));
    let bad = annotated(external_secret("a", &remote.ns.name, remote.spec("nope")), FAILURE_MODE, "deny");
    let said = remote.ns.apply(&bad.to_string()).refused();
    assert!(said.err.contains("does not exist in ClusterSecretStore"), "{said}");
    assert_eq!((remote.ns.external_secret("a"), remote.ns.secret("a")), (object, secret));
}

#[test]
fn a_warned_update_leaves_the_last_good_secret() {
    let remote = Remote::start("update-warned");
    remote.synced("a", "1");
    let secret = remote.ns.secret("a");
    assert_eq!(remote.ns.external("a", remote.spec("nope")).good().warnings().len(), 1);
    remote.ns.wait_ready("a", "False", "SecretSyncedError");
    assert_eq!(remote.ns.secret("a"), secret);
    remote.ns.external("a", remote.spec("a")).silent();
    remote.ns.wait_ready("a", "True", "SecretSynced");
}

#[test]
fn what_was_missing_is_found_without_anybody_asking_again() {
    let world = world();
    let ns = Namespace::new(world, "repaired");
    let name = &ns.name;
    may_read(world, name, "nothing-yet");
    world.vault.put(&format!("secret/{name}/half"), &json!({ "user": "u" })).expect("put");
    ns.vault_store(&world.vault.addr(), &world.vault.token(&[name], "1h").expect("a token"));
    let entry = |key: &str, property: &str| {
        let reference = json!({ "key": format!("{name}/{key}"), "property": property });
        json!({ "data": [{ "secretKey": "a", "remoteRef": reference }] })
    };
    let says = |name: &str, spec, part: &str| {
        let said = ns.external(name, spec).good();
        let [warning] = said.warnings()[..] else { panic!("not one warning: {said}") };
        assert!(warning.contains(part), "no {part:?} in: {said}");
        ns.wait_ready(name, "False", "SecretSyncedError");
    };
    says("permission", entry("half", "user"), "denies reading");
    may_read(world, name, name);
    says("key", entry("none", "user"), "does not exist");
    says("property", entry("half", "password"), "has no property");
    world.vault.put(&format!("secret/{name}/none"), &json!({ "user": "n" })).expect("put");
    world.vault.put(&format!("secret/{name}/half"), &json!({ "user": "u", "password": "p" })).expect("put");
    for (object, value) in [("permission", "u"), ("key", "n"), ("property", "p")] {
        ns.wait_value(object, "a", value);
        ns.wait_ready(object, "True", "SecretSynced");
    }
}
