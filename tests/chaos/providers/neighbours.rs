//! Many stores that hang at once: what they hold up is their own.

use std::time::{Duration, Instant};

use latchkey_testbed::Breakage;
use serde_json::{Value, json};

use super::stage::{Fault, Kind, Stage};
use super::{CANARY, LATE};
use crate::chaos::{Row, scale};
use crate::support::manifests::{store, vault};

const HANG: Fault = Fault::Breakage(Breakage::Hang);

/// A SecretStore of the stage's namespace at the stage's Vault.
fn own_store(stage: &Stage, name: &str) -> Value {
    let auth = json!({ "tokenSecretRef": { "name": "vault-token", "key": "token" } });
    store(name, vault(&stage.proxy().url(), auth))
}

/// The stage's object, reading such a store.
fn through(stage: &Stage, store: &str, name: &str, interval: &str) -> Value {
    let mut object = stage.object(name, "app", interval);
    object["spec"]["secretStoreRef"] = json!({ "kind": "SecretStore", "name": store });
    object
}

/// How long a new value takes to reach a Secret of a store that works; the longest of some.
fn reaches(stage: &Stage, rounds: usize, mark: &str) -> Duration {
    let mut longest = Duration::ZERO;
    for round in 0..rounds {
        let value = format!("{mark}{round}");
        let began = Instant::now();
        stage.put("app", &value);
        stage.ns.world.wait("the new value", Duration::from_secs(120), || {
            stage.ns.value("app", "value").filter(|is| *is == value)
        });
        longest = longest.max(began.elapsed());
    }
    longest
}

/// How long it takes until the status of a new ExternalSecret says that it is synced.
fn is_adopted(stage: &Stage, name: &str) -> Duration {
    let began = Instant::now();
    stage.create(name, "app");
    stage.ns.world.wait("its status", Duration::from_secs(120), || {
        stage.ns.ready(name).filter(|(is, ..)| is == "True")
    });
    began.elapsed()
}

#[test]
fn stores_that_hang_hold_up_no_refresh_of_others() {
    let (stores, rounds) = (scale(24, 48), scale(3, 8));
    let (good, bad) = (Stage::start(Kind::Vault, None), Stage::start(Kind::Vault, Some(HANG)));
    let world = good.ns.world;
    for stage in [&good, &bad] {
        stage.put("app", "v");
    }
    good.ns.apply(&good.object("app", "app", "1s").to_string()).silent();
    let names: Vec<String> = (0..stores).map(|i| format!("s{i}")).collect();
    let all: Vec<Value> = names.iter().map(|name| own_store(&bad, name)).collect();
    bad.ns.apply(&crate::support::manifests::list(&all)).good();
    let all: Vec<Value> = names.iter().map(|name| through(&bad, name, name, "2s")).collect();
    bad.ns.apply(&crate::support::manifests::list(&all)).good();
    for name in &names {
        bad.ns.wait_ready(name, "True", "SecretSynced");
    }
    let (before, adopted_before) = (reaches(&good, rounds, "before"), is_adopted(&good, "first"));
    let files_before = world.latchkey.metric("process_open_fds");

    bad.breaks(HANG);
    std::thread::sleep(Duration::from_secs(3)); // so that every one of them has come due
    let (during, adopted) = (reaches(&good, rounds, "during"), is_adopted(&good, "second"));
    let files = world.latchkey.metric("process_open_fds") - files_before;
    for name in &names {
        assert_eq!(bad.ns.value(name, "value").as_deref(), Some("v"), "the last good value stays");
    }
    bad.mends(HANG);
    assert!(during < before + Duration::from_secs(5), "{before:?} before, {during:?} while they hang");
    assert!(adopted < adopted_before + Duration::from_secs(5), "{adopted_before:?} before, {adopted:?} now");
    assert!(files_before > 0.0 && files < 6.0 * stores as f64 + 100.0, "{files} more open files");
    Row {
        area: "providers",
        fault: "many stores hang at once, more than there are workers",
        test: "providers::neighbours::stores_that_hang_hold_up_no_refresh_of_others",
        tried: format!("{stores} stores; {rounds} new values at another store, refreshInterval 1s"),
        seen: format!(
            "a new value arrives within {before:.1?} before, {during:.1?} while they hang; a new ExternalSecret is Ready \
             within {adopted_before:.1?} before, {adopted:.1?}; {files} more open files"
        ),
        well_after: None,
    }
    .write();
}

/// They share one read, and each is answered in its own time.
#[test]
fn all_who_wait_for_the_same_value_are_answered_in_time() {
    let (clients, interval) = (scale(4, 12), Duration::from_millis(700));
    let stage = Stage::start(Kind::Vault, Some(HANG));
    stage.put("app", CANARY);
    stage.breaks(HANG);
    let since = Instant::now();
    let took: Vec<Duration> = std::thread::scope(|scope| {
        let client = |i: u32| {
            let stage = &stage;
            move || {
                std::thread::sleep(interval * i); // so that they join a read that has begun
                let began = Instant::now();
                let said = stage.ns.apply(&stage.object(&format!("app{i}"), "app", "1h").to_string()).good();
                let warnings = said.warnings().concat();
                assert!(warnings.contains(LATE) || warnings.contains("did not answer within"), "{said}");
                began.elapsed()
            }
        };
        let clients: Vec<_> = (0..clients).map(|i| scope.spawn(client(i))).collect();
        clients.into_iter().map(|client| client.join().expect("answered")).collect()
    });
    let longest = took.iter().max().expect("some");
    assert!(*longest < Duration::from_secs(10), "{took:?}");
    let reads = stage.calls_since(since).len();
    stage.mends(HANG);
    Row {
        area: "providers",
        fault: "many wait for the same value of a store that hangs",
        test: "providers::neighbours::all_who_wait_for_the_same_value_are_answered_in_time",
        tried: format!("{clients} applies, {interval:?} apart"),
        seen: format!("each is answered within {longest:.1?} (timeoutSeconds 5); {reads} calls"),
        well_after: None,
    }
    .write();
}
