//! When the remote value is read again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Namespace, world};

#[test]
fn a_rotation_is_in_the_secret_within_the_interval() {
    let ns = Namespace::with_aws(world(), "rotates");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({ "refreshInterval": "2s" })).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.put("db", "two");
    let start = Instant::now();
    ns.wait_value("db", "value", "two");
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());
    ns.wait_event("db", "Updated", "secret updated");
}

#[test]
fn an_unchanged_value_costs_a_read_and_a_status_but_no_write_and_no_event() {
    let ns = Namespace::with_aws(world(), "unchanged");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({ "refreshInterval": "1s" })).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.world.wait("some refreshes", Duration::from_secs(20), || (ns.reads("db") >= 4).then_some(()));
    assert_eq!(ns.changes("db").len(), 2, "written and adopted");
    assert_eq!(ns.events("db").len(), 1, "{:?}", ns.events("db"));
}

/// What is never read again by time, beside something that is read each second, to know that time has passed.
#[test]
fn zero_created_once_and_on_change_are_not_read_again_by_time() {
    let ns = Namespace::with_aws(world(), "not-by-time");
    let specs = [
        ("zero", json!({ "refreshInterval": "0" })),
        ("once", json!({ "refreshInterval": "1s", "refreshPolicy": "CreatedOnce" })),
        ("change", json!({ "refreshInterval": "1s", "refreshPolicy": "OnChange" })),
        ("clock", json!({ "refreshInterval": "1s" })),
    ];
    for (name, spec) in &specs {
        ns.put(name, "one");
        ns.apply(&ns.of(name, name, spec.clone()).to_string()).silent();
        ns.wait_ready(name, "True", "SecretSynced");
    }
    let reads = || ["zero", "once", "change"].map(|name| ns.reads(name));
    let before = reads();
    for (name, _) in &specs {
        ns.put(name, "two");
    }
    let (clock, start) = (ns.reads("clock"), Instant::now());
    ns.world.wait("three seconds", Duration::from_secs(20), || {
        (ns.reads("clock") >= clock + 2 && start.elapsed() > Duration::from_secs(3)).then_some(())
    });
    assert_eq!(reads(), before);
    for name in ["zero", "once"] {
        ns.kubectl(&["annotate", "externalsecret", name, "force-sync=1"]).silent();
        assert_eq!(
            ns.value(name, "value").as_deref(),
            Some("one"),
            "{name}: no change asks for anything, as in ESO"
        );
    }
    ns.kubectl(&["annotate", "externalsecret", "change", "force-sync=1"]).silent();
    assert_eq!(ns.value("change", "value").as_deref(), Some("two"));
    assert_eq!(reads()[..2], before[..2]);
}

#[test]
fn twenty_that_share_a_key_cost_about_one_read_an_interval() {
    const INTERVAL: u64 = 3;
    let ns = Namespace::with_aws(world(), "shared");
    ns.put("db", "one");
    let objects: Vec<Value> =
        (0..20).map(|n| ns.of(&format!("db-{n}"), "db", json!({ "refreshInterval": "3s" }))).collect();
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    ns.apply(&list.to_string()).silent();
    let refreshed =
        |n: usize| ns.external_secret(&format!("db-{n}")).map(|it| it["status"]["refreshTime"].clone());
    for n in 0..20 {
        ns.wait_ready(&format!("db-{n}"), "True", "SecretSynced");
    }

    let (reads, before, start) = (ns.reads("db"), refreshed(7), Instant::now());
    ns.world.wait("four intervals", Duration::from_secs(40), || {
        (start.elapsed() > Duration::from_secs(4 * INTERVAL)).then_some(())
    });
    let intervals = start.elapsed().as_secs() / INTERVAL;
    let reads = ns.reads("db") - reads;
    assert!((3..=6).contains(&reads), "{reads} reads in {intervals} intervals");
    assert_ne!(refreshed(7), before, "each of them is refreshed");
    ns.put("db", "two");
    for n in 0..20 {
        ns.wait_value(&format!("db-{n}"), "value", "two");
    }
}

#[test]
fn what_was_asked_for_and_found_unchanged_is_read_once() {
    let ns = Namespace::with_aws(world(), "asked-once");
    ns.put("db", "one");
    // With a template nothing is copied, so the annotation changes nothing in the Secret.
    ns.apply(&ns.of("db", "db", json!({ "target": { "template": {} } })).to_string()).silent();
    ns.wait_synced("db");
    let reads = ns.reads("db");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).silent();
    ns.wait_synced("db");
    assert_eq!(ns.reads("db"), reads + 1);
    assert_eq!(ns.changes("db").len(), 2, "written and adopted");
}
