//! The API server calls latchkey, and does not answer it.

use std::time::{Duration, Instant};

use latchkey_testbed::{Asked, Fault};
use serde_json::json;

use super::stage::{Gated, Objects, SHORT_LEASE, names, stage};
use crate::chaos::{Row, scale};
use crate::support::{Namespace, World, manifests};

/// As registered: the API server waits for so long.
const TIMEOUT: Duration = Duration::from_secs(5);

#[test]
fn answers_that_are_late_or_lost_or_never_come() {
    let stage = stage();
    let [only] = stage.gated::<1>(&SHORT_LEASE);
    let ns = Namespace::with_aws(&stage.world, "answers");
    late(&only, &ns);
    late_and_denied(&only, &stage.world);
    super::lost_answers::lost(&only, &ns);
    no_events(&only, &ns);
    never(&only, &ns);
}

/// Admission answers in time while nothing answers it.
fn never(only: &Gated, ns: &Namespace<'_>) {
    let before = Objects::apply(ns, names("before", 3), "1s");
    before.well("one");
    let uids = before.uids();

    only.gate.freeze();
    let during = Objects { ns, names: names("during", scale(2, 10)) };
    during.put("one");
    let apply = |manifest: String| {
        let start = Instant::now();
        (ns.apply(&manifest).good(), start.elapsed())
    };
    let slowest = std::thread::scope(|scope| {
        // A Pod too, which names a Secret that is due.
        let pod = scope.spawn(|| apply(manifests::pod("app", &["before-0"]).to_string()).1);
        let all: Vec<_> = during.names.iter().map(|name| ns.of(name, name, json!({})).to_string()).collect();
        let all: Vec<_> = all.into_iter().map(|manifest| scope.spawn(|| apply(manifest))).collect();
        let times = all.into_iter().map(|applied| {
            let (said, took) = applied.join().expect("a thread");
            let warnings = said.warnings();
            assert!(warnings.len() == 1 && warnings[0].contains("the API server ha"), "{said}");
            took
        });
        times.max().max(Some(pod.join().expect("a thread"))).unwrap_or_default()
    });
    assert!(slowest < TIMEOUT + Duration::from_secs(3), "{slowest:?}, kubectl's own time included");
    let ready = only.latchkey.admin("/readyz").is_some_and(|answer| answer.is_success());
    assert!(ready, "what it knows is good enough to admit");
    assert!(!only.latchkey.leads(), "who cannot renew the Lease refreshes nothing");

    before.put("two");
    only.gate.behave();
    let well_after = during.well("one").max(before.well("two"));
    assert_eq!(before.uids(), uids, "no Secret was lost and made again");
    Row {
        area: "api_server",
        fault: "every request of latchkey's hangs, while the API server calls it",
        test: "api_server::hangs::answers_that_are_late_or_lost_or_never_come",
        tried: format!("{} applies, a Pod", during.names.len()),
        seen: format!(
            "all admitted with a warning of latchkey's own, the slowest kubectl apply took {:.1} s of 5 s and its own time; no Secret lost",
            slowest.as_secs_f64()
        ),
        well_after: Some(well_after),
    }
    .write();
}

/// A slow API server makes slow applies and nothing else.
fn late(only: &Gated, ns: &Namespace<'_>) {
    let delay = Duration::from_millis(400);
    only.gate.on(|_| true, Fault::Delay(delay));
    let objects = Objects { ns, names: names("late", scale(2, 20)) };
    objects.put("one");
    let mut slowest = Duration::ZERO;
    for name in &objects.names {
        let start = Instant::now();
        ns.apply(&ns.of(name, name, json!({})).to_string()).silent();
        slowest = slowest.max(start.elapsed());
        assert_eq!(ns.value(name, "value").as_deref(), Some("one"), "there when apply returns");
    }
    let well_after = objects.well("one");
    only.gate.behave();
    Row {
        area: "api_server",
        fault: "each answer of the API server 400 ms late",
        test: "api_server::hangs::answers_that_are_late_or_lost_or_never_come",
        tried: format!("{} applies", objects.names.len()),
        seen: format!(
            "each had its Secret without a warning; the slowest took {:.1} s",
            slowest.as_secs_f64()
        ),
        well_after: Some(well_after),
    }
    .write();
}

/// A namespace that wants failures refused has them refused, though it is asked when its store has used up the time, and
/// answers late.
fn late_and_denied(only: &Gated, world: &World) {
    let ns = Namespace::with_aws(world, "denies");
    ns.put("a", "one");
    world.kubectl(&["label", "namespace", &ns.name, "latchkey.dev/failure-mode=deny"], "").good();
    only.gate.on(|asked| asked.is("get namespaces"), Fault::Delay(Duration::from_millis(400)));
    world.moto.proxy().delay(Duration::from_secs(60));
    let said = ns.apply(&ns.of("a", "a", json!({})).to_string()).refused();
    assert!(said.err.contains("has not answered in time"), "{said}");
    assert_eq!(ns.external_secret("a"), None);
    world.moto.proxy().behave();
    only.gate.behave();
    Row {
        area: "api_server",
        fault: "the namespace's failure mode read 400 ms late, and a store that hangs",
        test: "api_server::hangs::answers_that_are_late_or_lost_or_never_come",
        tried: "an apply in a namespace that denies".to_owned(),
        seen: "refused by latchkey in its own words".to_owned(),
        well_after: None,
    }
    .write();
}

/// Events that hang hold up no status: there are more of them than workers.
fn no_events(only: &Gated, ns: &Namespace<'_>) {
    let is_event = |asked: &Asked| asked.is("create events");
    only.gate.forget();
    only.gate.on(is_event, Fault::Hang);
    let objects = Objects::apply(ns, names("events", scale(26, 60)), "1h");
    let well_after = objects.well("one");
    // They are written once it is calm, and then all hang that are written at once.
    ns.world
        .wait("events that hang", Duration::from_secs(60), || (only.gate.count(is_event) > 0).then_some(()));
    let late = Objects::apply(ns, names("events-late", 3), "1h");
    late.well("one");
    let (asked, answered) =
        (only.gate.count(is_event), only.gate.count(|asked| is_event(asked) && asked.status.is_some()));
    assert!(asked > 0 && answered == 0, "{asked} events were asked to be written, {answered} answered");
    only.gate.behave();
    Row {
        area: "api_server",
        fault: "every event hangs",
        test: "api_server::hangs::answers_that_are_late_or_lost_or_never_come",
        tried: format!("{} ExternalSecrets", objects.names.len()),
        seen: "every Secret was made, adopted and said in the status all the same".to_owned(),
        well_after: Some(well_after),
    }
    .write();
}
