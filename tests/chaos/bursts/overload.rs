//! A store that is slower than what is asked of it.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::crowd::{Answer, Crowd, figures, quantile};
use super::stub::Stub;
use super::{POLICY, all_good, creation, secrets, stage, wait_all_ready};
use crate::chaos::{Row, scale};
use crate::support::{Namespace, World};

/// How many reviews took longer than the API server's patience of 5 s, as latchkey sees it.
fn overdue(world: &World) -> f64 {
    let of = |name: &str| world.latchkey.metric(&format!("latchkey_admission_duration_seconds_{name}{{"));
    let page = world.latchkey.metrics();
    let within = page.lines().filter(|line| {
        line.starts_with("latchkey_admission_duration_seconds_bucket") && line.contains("le=\"5.0\"")
    });
    of("count") - within.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
}

/// What the slow store takes for one read.
const SLOW: Duration = Duration::from_secs(1);

#[test]
fn what_a_slow_store_cannot_serve_in_time_is_shed_and_other_stores_are_not() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (slow, quick) = (Stub::start(), Stub::start());
    let (ns, other) = (Namespace::new(world, "overload"), Namespace::new(world, "beside"));
    slow.store(&ns);
    quick.store(&other);
    let (count, clients) = (scale(80, 400), 64);
    let late_before = overdue(world);
    let apart = Crowd::new(&world.cluster, 1);
    let one =
        |number: usize| creation(&other, &format!("es-{number}"), &format!("{}/{number}", other.name), "1h");
    let alone = apart.send((0..40).map(one).collect());
    slow.delay(SLOW);
    let sent = |number: usize| creation(&ns, &format!("es-{number}"), &format!("{}/{number}", ns.name), "1h");
    let sent = (0..count).map(sent).collect();
    let (started, crowd) = (Instant::now(), Crowd::new(&world.cluster, clients));
    let (answers, beside) = std::thread::scope(|scope| {
        let burst = scope.spawn(move || crowd.send(sent));
        let mut beside = Vec::new();
        while !burst.is_finished() {
            let from = 40 + beside.len();
            beside.extend(apart.send((from..from + 10).map(one).collect()));
        }
        (burst.join().expect("the burst"), beside)
    });
    let sent_in = started.elapsed();
    all_good(&answers);
    all_good(&beside);
    let overdue = overdue(world) - late_before;
    let there = answers.iter().filter(|answer| answer.there).count();
    let shed = answers.iter().filter(|answer| answer.is_shed()).count();
    let late = answers.iter().filter(|answer| !answer.is_shed() && !answer.warnings.is_empty()).count();
    assert!(shed > 0, "there was more than it could serve");
    assert!(beside.iter().all(|answer| answer.there && !answer.is_shed()), "{}", figures(&beside));
    let counted = world.latchkey.metric("latchkey_admission_requests_total{resource=\"externalsecrets\",operation=\"CREATE\",outcome=\"shed\"");
    assert!(counted >= shed as f64, "{counted} of {shed} are counted");

    slow.delay(Duration::ZERO);
    wait_all_ready(&ns, count, Duration::from_secs(180));
    let ready_in = started.elapsed();
    assert_eq!(secrets(&ns).len(), count);
    let reads = slow.sum();
    super::keep(Row {
        area: "bursts",
        fault: "more applies than a slow store can serve",
        test: "bursts::overload::what_a_slow_store_cannot_serve_in_time_is_shed_and_other_stores_are_not",
        tried: format!("{count} applies from {clients} clients, each read takes 1 s"),
        seen: format!(
            "0 refused; {there} Secrets there at return, {shed} left to the background at once, {late} ran out of time, {overdue} reviews took longer than 5 s; {}; \
             at most {} reads at once, {reads} in all; {} applies of another store beside it: {}, alone {}",
            figures(&answers),
            slow.most(),
            beside.len(),
            figures(&beside),
            figures(&alone),
        ),
        well_after: Some(ready_in.saturating_sub(sent_in)),
    });
}

/// Under `deny` the Secret has to be there: it is waited for, and then refused by latchkey, not by the API server.
#[test]
fn under_deny_a_busy_latchkey_refuses_in_its_own_words_and_in_time() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (ns, stub) = (Namespace::new(world, "overload-deny"), Stub::start());
    stub.store(&ns);
    let label = "latchkey.dev/failure-mode=deny";
    world.kubectl(&["label", "namespace", &ns.name, label], "").good();
    stub.delay(SLOW);
    let (count, late_before) = (scale(80, 200), overdue(world));
    let sent = |number: usize| creation(&ns, &format!("es-{number}"), &format!("{}/{number}", ns.name), "1h");
    let answers = Crowd::new(&world.cluster, 64).send((0..count).map(sent).collect());
    super::all_answered(&answers);
    let overdue = overdue(world) - late_before;
    let (made, denied): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(Answer::is_good);
    assert!(made.iter().all(|answer| answer.there && answer.warnings.is_empty()), "admitted with its Secret");
    let own = |answer: &&Answer| {
        answer.text.contains("latchkey is busy and found no time to sync it")
            || answer.text.contains("time ran out")
            || answer.text.contains("in time")
    };
    assert_eq!(denied.iter().filter(own).count(), denied.len(), "{:?}", denied.iter().find(|it| !own(it)));
    assert!(!made.is_empty() && !denied.is_empty(), "{} made, {} denied", made.len(), denied.len());
    super::keep(Row {
        area: "bursts",
        fault: "more applies than a slow store can serve, failure mode deny",
        test: "bursts::overload::under_deny_a_busy_latchkey_refuses_in_its_own_words_and_in_time",
        tried: format!("{count} applies from 64 clients, each read takes 1 s"),
        seen: format!(
            "{} admitted, each with its Secret; {} refused by latchkey itself, longest {} ms; none by the API server's patience; {overdue} reviews took longer than 5 s",
            made.len(),
            denied.len(),
            quantile(&denied, 1.0).as_millis(),
        ),
        well_after: None,
    });
}
