//! What failed is tried again, less and less often, and at once when what it needs has come.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::{Namespace, world};

#[test]
fn a_failing_sync_is_retried_with_backoff_and_recovers() {
    let ns = Namespace::with_aws(world(), "retries");
    let said = ns.apply(&ns.of("db", "late", json!({})).to_string()).good();
    assert_eq!(said.warnings().len(), 1, "{said}");
    ns.wait_ready("db", "False", "SecretSyncedError");
    let start = Instant::now();
    ns.world.wait("six seconds", Duration::from_secs(20), || {
        (start.elapsed() > Duration::from_secs(6)).then_some(())
    });
    let reads = ns.reads("late");
    assert!(
        (3..=8).contains(&reads),
        "{reads} reads: at the prompt, at once, then after 1, 2, 4 s less a half at most"
    );

    ns.put("late", "here");
    ns.wait_value("db", "value", "here");
    ns.wait_ready("db", "True", "SecretSynced");
}

#[test]
fn a_store_that_comes_later_wakes_whoever_waits_for_it() {
    let ns = Namespace::new(world(), "store-later");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).good();
    ns.wait_ready("db", "False", "SecretSyncedError");
    let failures = || {
        ns.world
            .latchkey
            .metric(&format!("externalsecret_sync_calls_error{{name=\"db\",namespace=\"{}\"}}", ns.name))
    };
    // After the fourth failure the next try is at least four seconds away.
    ns.world.wait("some failures", Duration::from_secs(30), || (failures() >= 4.0).then_some(()));
    let store = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": { "name": "aws" },
        "spec": { "provider": { "aws": { "service": "SecretsManager", "region": "us-east-1" } } },
    });
    ns.apply(&store.to_string()).silent();
    let start = Instant::now();
    ns.wait_value("db", "value", "one");
    assert!(start.elapsed() < Duration::from_secs(3), "took {:?}", start.elapsed());
    ns.wait_ready("db", "True", "SecretSynced");
}

#[test]
fn a_store_that_is_mended_wakes_whoever_waits_for_it() {
    let ns = Namespace::new(world(), "store-mended");
    let store = |value: &str| {
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": { "name": "aws" },
            "spec": { "provider": { "fake": { "data": [{ "key": value, "value": "one" }] } } },
        })
        .to_string()
    };
    ns.apply(&store("elsewhere")).good(); // ESO warns of the provider Fake
    ns.apply(&ns.of("db", "db", json!({})).to_string()).good();
    ns.wait_ready("db", "False", "SecretSyncedError");
    ns.apply(&store(&ns.key("db"))).good();
    ns.wait_value("db", "value", "one");
    ns.wait_ready("db", "True", "SecretSynced");
}
