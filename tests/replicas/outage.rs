//! No replica at all for a while.

use std::time::{Duration, Instant};

use serde_json::json;

use super::stage::{SHORT_LEASE, stage};
use crate::support::Namespace;

#[test]
fn without_any_replica_objects_are_admitted_and_synced_when_one_is_back() {
    let stage = stage();
    let [mut only] = stage.replicas(&SHORT_LEASE);
    let ns = Namespace::with_aws(&stage.world, "outage");
    ns.put("db", "one");
    ns.apply(&ns.of("before", "db", json!({})).to_string()).silent();
    ns.wait_synced("before");

    only.kill();
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    assert!(ns.external_secret("db").is_some() && ns.secret("db").is_none());
    ns.kubectl(&["delete", "secret", "before"]).good();
    let [_again] = stage.replicas(&SHORT_LEASE);
    ns.wait_value("db", "value", "one");
    ns.wait_synced("db");
    ns.wait_value("before", "value", "one"); // what drifted meanwhile is repaired too
}

#[test]
fn a_restart_reads_and_writes_nothing_that_is_not_due() {
    const COUNT: usize = 6;
    let stage = stage();
    let [mut first] = stage.replicas(&SHORT_LEASE);
    let ns = Namespace::with_aws(&stage.world, "restart");
    let names: Vec<String> = (0..COUNT).map(|n| format!("db-{n}")).collect();
    for name in &names {
        ns.put(name, "one");
        // Each key has a place of its own in the interval; in a long one none comes by while we look.
        ns.apply(&ns.of(name, name, json!({ "refreshInterval": "1000h" })).to_string()).silent();
    }
    ns.put("clock", "one");
    ns.apply(&ns.of("clock", "clock", json!({ "refreshInterval": "1s" })).to_string()).silent();
    for name in &names {
        ns.wait_synced(name);
    }
    let state = || -> Vec<_> {
        let version = |name: &String| ns.secret(name).expect("it")["metadata"]["resourceVersion"].clone();
        let refreshed =
            |name: &String| ns.external_secret(name).expect("it")["metadata"]["resourceVersion"].clone();
        names.iter().map(|name| (ns.reads(name), version(name), refreshed(name))).collect()
    };
    // Those made from a burst's value are verified once, five seconds later.
    let start = Instant::now();
    ns.world.wait("verification", Duration::from_secs(20), || {
        (start.elapsed() > Duration::from_secs(6)).then_some(())
    });
    let before = state();

    first.kill();
    let clock = ns.reads("clock");
    let [_second] = stage.replicas(&SHORT_LEASE);
    // What is due is read: the second one is at work, and has looked at everything else by then.
    ns.world.wait("refreshes of what is due", Duration::from_secs(30), || {
        (ns.reads("clock") > clock + 2).then_some(())
    });
    assert_eq!(state(), before, "reads, Secrets, statuses");
}
