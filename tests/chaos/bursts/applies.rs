//! Thousands of ExternalSecrets applied at once.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde_json::json;

use super::crowd::{Answer, Crowd, figures};
use super::stub::{Stub, value_of};
use super::{POLICY, Peak, all_good, creation, resident, secrets, stage, unanswered, wait_all_ready};
use crate::chaos::{Row, scale};
use crate::support::{Namespace, World};

const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/latchkey";

/// A refreshInterval in which none of thousands comes due within minutes: their places are spread over it.
const SELDOM: &str = "87600h";

/// What a burst came to.
struct Seen {
    answers: Vec<Answer>,
    sent_in: Duration,
    ready_in: Duration,
    peak: f64,
    rest: f64,
    reads: usize,
}

/// Applies so many that each read a key of their own, and looks at all of them when they are Ready.
fn burst(ns: &Namespace<'static>, stub: &Stub, count: usize, clients: usize) -> Seen {
    stub.store(ns);
    stub.forget();
    let key = |number: usize| format!("{}/key-{number}", ns.name);
    let sent = (0..count).map(|number| creation(ns, &format!("es-{number}"), &key(number), SELDOM)).collect();
    let (crowd, rest) = (Crowd::new(&ns.world.cluster, clients), resident(ns.world));
    let (peak, started) = (Peak::watch(ns.world), Instant::now());
    let answers = crowd.send(sent);
    let sent_in = started.elapsed();
    all_good(&answers);
    wait_all_ready(ns, count, Duration::from_secs(300));
    let ready_in = started.elapsed();

    let mut expected: Vec<(String, String)> =
        (0..count).map(|number| (format!("es-{number}"), value_of(&key(number)))).collect();
    expected.sort();
    let mut made = secrets(ns);
    made.sort();
    assert_eq!(made.len(), count);
    assert!(made == expected, "each Secret has the value of its own key");
    // Whoever had its Secret at return needs no other read. Who ran out of time may have to be read again, and what was made
    // of a value in memory is read once more.
    let reads = stub.reads();
    let of = |number: usize| reads.get(&key(number)).copied().unwrap_or_default();
    for (number, answer) in answers.iter().enumerate() {
        let most = if answer.there && answer.warnings.is_empty() { 1 } else { 3 };
        assert!((1..=most).contains(&of(number)), "{} reads for {answer:?}", of(number));
    }
    Seen { answers, sent_in, ready_in, peak: peak.most(), rest, reads: stub.sum() }
}

fn row(fault: &'static str, test: &'static str, clients: usize, seen: &Seen) {
    let Seen { answers, sent_in, ready_in, peak, rest, reads } = seen;
    let count = answers.len();
    let there = answers.iter().filter(|answer| answer.there).count();
    let shed = answers.iter().filter(|answer| answer.is_shed()).count();
    let silent = |answer: &&Answer| !answer.there && answer.warnings.is_empty();
    let untold = answers.iter().find(silent);
    assert!(untold.is_none(), "whoever has no Secret yet is told so: {untold:?}");
    let late = answers.iter().filter(|answer| !answer.is_shed() && !answer.warnings.is_empty()).count();
    super::keep(Row {
        area: "bursts",
        fault,
        test,
        tried: format!("{count} ExternalSecrets from {clients} clients, each with a key of its own"),
        seen: format!(
            "0 refused, {there} Secrets there at return, {shed} left to the background, {late} ran out of time; {reads} reads; \
             {:.0} applies a second, {}; memory {rest:.0} MiB before, {peak:.0} MiB at most",
            count as f64 / sent_in.as_secs_f64(),
            figures(answers),
        ),
        well_after: Some(ready_in.saturating_sub(*sent_in)),
    });
}

#[test]
fn thousands_of_applies_at_once_are_all_synced_and_none_is_refused() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (ns, stub) = (Namespace::new(world, "burst"), Stub::start());
    let clients = scale(16, 64);
    let seen = burst(&ns, &stub, scale(300, 5_000), clients);
    let test = "bursts::applies::thousands_of_applies_at_once_are_all_synced_and_none_is_refused";
    row("a burst of applies, failurePolicy Fail", test, clients, &seen);
}

fn policy(world: &World, policy: &str) {
    let configuration = world.get(WEBHOOKS).expect("the registration");
    let webhooks = configuration["webhooks"].as_array().into_iter().flatten();
    let patch: Vec<_> = webhooks
        .enumerate()
        .filter(|(_, webhook)| webhook["name"] != "pods.latchkey.dev")
        .map(|(place, _)| json!({ "op": "replace", "path": format!("/webhooks/{place}/failurePolicy"), "value": policy }))
        .collect();
    assert!(!patch.is_empty());
    let patch = format!("--patch={}", json!(patch));
    world.kubectl(&["patch", "mutatingwebhookconfiguration", "latchkey", "--type=json", &patch], "").good();
}

/// The API server would admit an object that latchkey does not answer for, without a word; it never had to.
#[test]
fn under_failure_policy_ignore_no_apply_goes_by_unseen() {
    let _policy = POLICY.write().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (ns, stub) = (Namespace::new(world, "burst-ignore"), Stub::start());
    let (before, clients) = (unanswered(world), scale(16, 64));
    policy(world, "Ignore");
    let seen = burst(&ns, &stub, scale(100, 2_000), clients);
    policy(world, "Fail");
    assert_eq!(unanswered(world), before);
    let test = "bursts::applies::under_failure_policy_ignore_no_apply_goes_by_unseen";
    row("a burst of applies, failurePolicy Ignore", test, clients, &seen);
}
