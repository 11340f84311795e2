//! Watches that are cut, that end at once, and whose version is gone.

use std::time::{Duration, Instant};

use latchkey_testbed::{ApiGate, Asked, Fault};
use serde_json::json;

use super::stage::{Gated, LIMIT, Stage, settles, stage};
use crate::chaos::{Row, scale};
use crate::support::{Namespace, World};

/// Those of the four tables, not those of the replica's own Secret and of its registration.
const KINDS: [&str; 4] =
    ["watch externalsecrets", "watch secretstores", "watch clustersecretstores", "watch secrets"];

fn is_kept(asked: &Asked) -> bool {
    asked.is_watch()
        && (asked.path.ends_with("stores")
            || asked.path.ends_with("externalsecrets")
            || asked.path == "/api/v1/secrets")
}

/// How long it takes until what is seen by watches alone has been done: an ExternalSecret whose name is generated is new.
fn seen(ns: &Namespace<'_>) -> Duration {
    let mut object = ns.of("unnamed", "db", json!({}));
    object["metadata"] = json!({ "generateName": "unnamed-" });
    let start = Instant::now();
    let made = ns
        .kubectl_with(&["create", "-f", "-", "-o", "jsonpath={.metadata.name}"], &object.to_string())
        .good();
    ns.world.wait("its Secret", LIMIT, || ns.value(made.out.trim(), "value").filter(|value| value == "one"));
    start.elapsed()
}

fn wait_open(world: &World, gate: &ApiGate) -> Duration {
    let start = Instant::now();
    world.wait("open watches", LIMIT, || (gate.answering(is_kept) >= KINDS.len()).then_some(()));
    start.elapsed()
}

#[test]
fn watches_come_back_and_never_in_a_hot_loop() {
    let stage = stage();
    let [only] = stage.gated::<1>(&[]);
    let ns = Namespace::with_aws(&stage.world, "watches");
    ns.put("db", "one");
    gone(&stage, &only, &ns);
    cut(&stage, &only, &ns);
}

/// A version that is gone is listed anew once.
fn gone(stage: &Stage, only: &Gated, ns: &Namespace<'_>) {
    wait_open(&stage.world, &only.gate);
    let rounds = scale(1, 5);
    let mut longest = Duration::ZERO;
    for _ in 0..rounds {
        for fault in [Fault::Gone, Fault::Refuse(410, 0)] {
            only.gate.forget();
            for kind in KINDS {
                only.gate.next(1, move |asked| asked.is(kind) && is_kept(asked), fault);
            }
            assert!(only.gate.cut(is_kept) >= KINDS.len());
            longest = longest.max(seen(ns));
            stage.world.wait("all faults met", LIMIT, || {
                let lists = ["externalsecrets", "secretstores", "clustersecretstores", "secrets"];
                lists.iter().all(|what| lists_of(&only.gate, what) >= 1).then_some(())
            });
            wait_open(&stage.world, &only.gate);
            for what in ["externalsecrets", "secretstores", "clustersecretstores", "secrets"] {
                let lists = lists_of(&only.gate, what);
                assert_eq!(lists, 1, "lists of {what} after {fault:?}");
            }
        }
    }
    Row {
        area: "api_server",
        fault: "a watch's version is gone (410, as an event and as the answer)",
        test: "api_server::watches::watches_come_back_and_never_in_a_hot_loop",
        tried: format!("{} watches", rounds * 2 * KINDS.len()),
        seen: "each was listed anew once and watched again; an ExternalSecret made meanwhile was synced"
            .to_owned(),
        well_after: Some(longest),
    }
    .write();
}

/// Of all namespaces: others are asked for by name of a label.
fn lists_of(gate: &ApiGate, what: &str) -> usize {
    let kind = format!("list {what}");
    gate.count(|asked| asked.is(&kind) && !asked.path.contains("/namespaces/"))
}

fn cut(stage: &Stage, only: &Gated, ns: &Namespace<'_>) {
    wait_open(&stage.world, &only.gate);
    let cuts = scale(3, 8);
    let mut longest = Duration::ZERO;
    only.gate.forget();
    let start = Instant::now();
    for _ in 0..cuts {
        only.gate.cut(is_kept);
        longest = longest.max(wait_open(&stage.world, &only.gate));
    }
    let cutting = only.gate.count(Asked::is_watch) as f64 / start.elapsed().as_secs_f64();

    only.gate.on(is_kept, Fault::EndAtOnce);
    only.gate.cut(is_kept);
    let time = scale(Duration::from_secs(4), Duration::from_secs(15));
    let ending = settles(&only.gate, "at watches that end at once", 4.0, time);
    only.gate.behave();
    let well_after = seen(ns);
    wait_open(&stage.world, &only.gate);
    Row {
        area: "api_server",
        fault: "watches cut, and watches that end at once each time",
        test: "api_server::watches::watches_come_back_and_never_in_a_hot_loop",
        tried: format!("{cuts} cuts of all watches"),
        seen: format!(
            "all open again within {:.1} s ({cutting:.1} watches a second while they were cut); {ending:.1} requests a second \
             while each ended at once",
            longest.as_secs_f64()
        ),
        well_after: Some(well_after),
    }
    .write();
}

/// The garbage collector deletes the Secret of an ExternalSecret that is deleted in the foreground before the ExternalSecret
/// itself. A replica that has not heard of that deletion yet must not make the Secret again.
#[test]
fn a_secret_that_goes_with_its_external_secret_is_not_made_again_by_who_has_not_heard_of_it() {
    let stage = stage();
    let [only] = stage.gated::<1>(&[]);
    let ns = Namespace::with_aws(&stage.world, "unheard");
    ns.put("db", "one");
    let mut object = ns.of("leaving", "db", json!({}));
    object["metadata"]["finalizers"] = json!(["latchkey.test/hold"]);
    ns.apply(&object.to_string()).good();
    ns.wait_ready("leaving", "True", "SecretSynced");
    wait_open(&stage.world, &only.gate);

    only.gate.on(|asked| asked.is("watch externalsecrets"), Fault::EndAtOnce);
    only.gate.cut(|asked| asked.is("watch externalsecrets"));
    let start = Instant::now();
    ns.kubectl(&["delete", "secret", "leaving"]).good();
    ns.wait_value("leaving", "value", "one");
    let well_after = start.elapsed();

    ns.kubectl(&["delete", "externalsecret", "leaving", "--wait=false"]).good();
    only.gate.forget();
    ns.kubectl(&["delete", "secret", "leaving"]).good();
    let looks =
        |asked: &Asked| asked.is("get externalsecrets") && asked.path.contains(&format!("/{}/", ns.name));
    stage.world.wait("a look", LIMIT, || (only.gate.count(looks) >= 1).then_some(()));
    std::thread::sleep(Duration::from_secs(2));
    let own = |asked: &Asked| asked.path.contains(&format!("/{}/", ns.name));
    let writes =
        only.gate.count(|asked| own(asked) && (asked.is("create secrets") || asked.is("update secrets")));
    assert!(writes == 0 && ns.secret("leaving").is_none(), "{writes} writes");
    only.gate.behave();
    let free = r#"{"metadata":{"finalizers":null}}"#;
    ns.kubectl(&["patch", "externalsecret", "leaving", "--type=merge", "-p", free]).good();
    Row {
        area: "api_server",
        fault: "a Secret is deleted while nothing is heard of ExternalSecrets",
        test: "api_server::watches::a_secret_that_goes_with_its_external_secret_is_not_made_again_by_who_has_not_heard_of_it",
        tried: "one that stays and one that is being deleted".to_owned(),
        seen: "made again for the one that stays; for the other the API server was asked, and nothing was made"
            .to_owned(),
        well_after: Some(well_after),
    }
    .write();
}
