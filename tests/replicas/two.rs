//! Two replicas.

use std::time::{Duration, Instant};

use serde_json::json;

use super::stage::{SHORT_LEASE, stage};
use crate::support::Namespace;

#[test]
fn either_answers_and_one_refreshes() {
    let stage = stage();
    let [leader, follower] = stage.replicas(&SHORT_LEASE);
    assert!(!follower.leads() && !stage.holder().is_empty());
    let ns = Namespace::with_aws(&stage.world, "either");
    for (name, replica) in [("leader", &leader), ("follower", &follower)] {
        stage.splitter.send_to(&[replica.webhook_port]);
        ns.put(name, "one");
        ns.apply(&ns.of(name, name, json!({})).to_string()).silent();
        assert_eq!(ns.value(name, "value").as_deref(), Some("one"), "when apply returns, by the {name}");
        let answered = "latchkey_admission_requests_total{resource=\"externalsecrets\",operation=\"CREATE\"";
        assert!(replica.metric(answered) >= 1.0, "{name}");
        ns.wait_synced(name);
        assert_eq!(
            (ns.reads(name), ns.changes(name).len()),
            (1, 2),
            "{name}: read once, adopted by the leader"
        );
    }
    ns.put("often", "one");
    ns.apply(&ns.of("often", "often", json!({ "refreshInterval": "1s" })).to_string()).silent();
    ns.wait_synced("often");
    let (reads, start) = (ns.reads("often"), Instant::now());
    ns.world.wait("five seconds", Duration::from_secs(30), || {
        (start.elapsed() > Duration::from_secs(5)).then_some(())
    });
    let (reads, seconds) = (ns.reads("often") - reads, start.elapsed().as_secs());
    assert!((3..=7).contains(&reads), "{reads} reads in {seconds} s: one refreshes");
    assert_eq!(follower.metric("externalsecret_sync_calls_total"), 0.0, "the other does not");
}

#[test]
fn the_leader_is_killed_and_the_other_refreshes_within_the_lease() {
    let stage = stage();
    let [mut leader, follower] = stage.replicas(&SHORT_LEASE);
    let ns = Namespace::with_aws(&stage.world, "killed");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({ "refreshInterval": "1s" })).to_string()).silent();
    ns.wait_synced("db");
    let before = stage.holder();

    leader.kill();
    ns.put("db", "two");
    let start = Instant::now();
    ns.wait_value("db", "value", "two");
    let took = start.elapsed();
    assert!(
        took < Duration::from_secs(3 + 1 + 3),
        "the Lease, a retry, an interval and its work; took {took:?}"
    );
    assert!(follower.leads() && stage.holder() != before);
    ns.put("new", "one");
    ns.apply(&ns.of("new", "new", json!({})).to_string()).silent();
    ns.wait_synced("new");
}

#[test]
fn sigterm_gives_the_lease_up_at_once_answers_to_the_end_and_exits_with_0() {
    let stage = stage();
    // With a Lease of 15 s a successor within seconds is one that it was given to.
    let [mut leader, follower] = stage.replicas(&["--lease-retry-period=500ms", "--shutdown-delay=3s"]);
    let ns = Namespace::with_aws(&stage.world, "leaving");
    ns.put("db", "one");

    leader.terminate();
    let start = Instant::now();
    let mut applied = 0;
    let mut successor = None;
    let status = ns.world.wait("its end", Duration::from_secs(30), || {
        let name = format!("db-{applied}");
        ns.apply(&ns.of(&name, "db", json!({})).to_string()).silent();
        assert_eq!(ns.value(&name, "value").as_deref(), Some("one"), "{name}, while it leaves");
        applied += 1;
        if successor.is_none() && follower.leads() {
            successor = Some(start.elapsed());
        }
        leader.exited()
    });
    assert!(status.success(), "{status}");
    assert!(applied >= 3, "only {applied}");
    let successor = successor.expect("the other leads before this one has ended");
    assert!(successor < Duration::from_secs(4), "led after {successor:?}");
    for n in 0..applied {
        ns.wait_synced(&format!("db-{n}"));
    }
}
