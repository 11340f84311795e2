//! Many objects that change at once, while replicas die at whichever step they come to first.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use latchkey::failpoint::{Side, Step};
use serde_json::{Value, json};

use super::kept::{Expected, told, value};
use super::stage::{Point, Stage};
use super::watch::Watch;
use crate::chaos::{Row, scale};
use crate::support::{Namespace, manifests};

/// How many objects change, each by a hand of its own.
const HANDS: usize = 6;

/// How many values the store has; hands go through them in order and stop at the last.
const VALUES: usize = 2_000;

/// Steps that every change comes by.
const STEPS: [Step; 7] =
    [Step::Fetch, Step::SecretWrite, Step::Answer, Step::Adoption, Step::Status, Step::Event, Step::Lease];

/// Changes them for a while; returns when all is well.
pub fn run(stage: &Stage) -> Row {
    let deaths = scale(4, 14);
    let ns = Namespace::new(&stage.world, "many");
    let texts: Vec<String> = (0..VALUES).map(|n| n.to_string()).collect();
    let values: Vec<(&str, &str)> = texts.iter().map(|text| (text.as_str(), text.as_str())).collect();
    ns.apply(&manifests::store("numbers", manifests::fake(&values)).to_string()).good();
    let watch = Watch::start(&ns);
    let (over, changes) = (AtomicBool::new(false), AtomicUsize::new(0));
    let ends: Vec<End> = std::thread::scope(|scope| {
        let hand = |h| {
            let (ns, over, changes) = (&ns, &over, &changes);
            scope.spawn(move || change_until(ns, h, over, changes))
        };
        let hands: Vec<_> = (0..HANDS).map(hand).collect();
        kill(stage, deaths);
        over.store(true, Ordering::Relaxed);
        hands.into_iter().map(|hand| hand.join().expect("a hand")).collect()
    });
    let start = Instant::now();
    stage.recover();
    for End { name, secret, value } in &ends {
        Expected { name, secret, before: None, value }.wait(&ns);
    }
    wait_no_others(&ns, &ends);
    let well_after = start.elapsed();
    ends.iter().for_each(|end| check(&watch, end));
    Row {
        area: "kills",
        fault: "replicas are killed at steps taken at random while ExternalSecrets are changed, renamed and made anew",
        test: "kills::every_step::whoever_dies_before_or_after_whichever_step_the_end_is_the_same",
        tried: format!("{deaths} deaths, {} changes by {HANDS} hands", changes.load(Ordering::Relaxed)),
        seen:
            "each Secret as its ExternalSecret in the end, none left over, no value older than one before it"
                .into(),
        well_after: Some(well_after),
    }
}

fn kill(stage: &Stage, deaths: usize) {
    for n in 0..deaths {
        stage.recover();
        let side = if rand::random() { Side::Before } else { Side::After };
        // In turn, so that each has its share; which object and which replica is left to chance.
        stage.arm(Point { step: STEPS[n % STEPS.len()], side }, "*");
        stage.wait_death();
    }
}

/// What an object has come to.
struct End {
    name: String,
    secret: String,
    value: String,
}

fn change_until(ns: &Namespace<'_>, hand: usize, over: &AtomicBool, changes: &AtomicUsize) -> End {
    let name = format!("db-{hand}");
    let mut end = End { secret: name.clone(), value: "0".into(), name };
    post(ns, &end);
    for turn in 1..VALUES {
        if over.load(Ordering::Relaxed) {
            break;
        }
        end.value = turn.to_string();
        match turn % 6 {
            3 => {
                ns.wait_synced(&end.name);
                let path = path(ns, &format!("/{}", end.name));
                ns.world.cluster.api("DELETE", &path, &Value::Null).expect("deleted");
                post(ns, &end);
            }
            5 => {
                end.secret = format!("{}-{}", end.name, turn / 6 % 2);
                put(ns, &end);
            }
            _ => put(ns, &end),
        }
        changes.fetch_add(1, Ordering::Relaxed);
    }
    end
}

fn path(ns: &Namespace<'_>, name: &str) -> String {
    format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets{name}", ns.name)
}

fn object(end: &End) -> Value {
    let mut object = manifests::external_secret(&end.name, "", json!({ "target": { "name": end.secret } }));
    object["spec"]["secretStoreRef"] = json!({ "kind": "SecretStore", "name": "numbers" });
    object["spec"]["data"] = json!([{ "secretKey": "value", "remoteRef": { "key": end.value } }]);
    object
}

fn post(ns: &Namespace<'_>, end: &End) {
    ns.world.cluster.api("POST", &path(ns, ""), &object(end)).expect("it is admitted, whoever is dead");
}

/// In the version that is there; again if somebody has been faster.
fn put(ns: &Namespace<'_>, end: &End) {
    let path = path(ns, &format!("/{}", end.name));
    ns.world.wait("a change that nobody was faster than", Duration::from_secs(60), || {
        let mut stored = ns.external_secret(&end.name)?;
        stored["spec"] = object(end)["spec"].clone();
        let put = ns.world.cluster.api("PUT", &path, &stored);
        match put {
            Ok(_) => Some(()),
            Err(error) if format!("{error:#}").contains("409") => None,
            Err(error) => panic!("{}: {error:#}", end.name),
        }
    });
}

/// What was written for names that were left again, or on the way of a death, goes too.
fn wait_no_others(ns: &Namespace<'_>, ends: &[End]) {
    let own: BTreeSet<&str> = ends.iter().map(|end| end.secret.as_str()).collect();
    let secrets = format!("/api/v1/namespaces/{}/secrets", ns.name);
    ns.world.wait("no other Secret", Duration::from_secs(120), || {
        let list = ns.world.get(&secrets)?;
        let names = list["items"].as_array()?.iter().filter_map(|secret| secret["metadata"]["name"].as_str());
        names.collect::<BTreeSet<_>>().is_subset(&own).then_some(())
    });
}

/// Under each name that the Secret has had, values only went forward.
fn check(watch: &Watch, end: &End) {
    for secret in [end.name.clone(), format!("{}-0", end.name), format!("{}-1", end.name)] {
        let versions = watch.of(&secret);
        let there = versions.iter().filter(|version| version.change != "DELETED");
        let numbers: Vec<usize> = there.filter_map(|version| value(&version.secret)?.parse().ok()).collect();
        assert!(numbers.is_sorted(), "{secret}: {}", told(&versions));
    }
}
