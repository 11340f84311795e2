//! Many objects, one after the other, and what came of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{Bench, Kind, Random, objects};

/// What came of a run.
#[derive(Debug, Default)]
pub struct Report {
    /// How many were answered.
    pub answered: usize,
    /// How many of these answers were refusals, admissions, and refusals of what is no review.
    pub outcomes: BTreeMap<&'static str, usize>,
    /// How many panics there were, also those that latchkey has caught.
    pub panics: usize,
    /// What was wrong with answers; the first few, each with its seed.
    pub faults: Vec<String>,
    /// The longest time to an answer, and its seed.
    pub slowest: (Duration, u64),
    /// By how much the peak of memory has grown within one answer at most, in KiB, and its seed.
    pub hungriest: (u64, u64),
    /// The most memory that the process has had in RAM so far, in KiB.
    pub peak_kib: u64,
}

/// Sends so many objects of each kind, from this seed on, to a stand of its own; counts panics of the whole process.
pub fn run(seed: u64, count: usize) -> Report {
    watched(async {
        let bench = Bench::start().await;
        let mut report = Report::default();
        for (number, seed) in (0..count).zip(seed..) {
            let kind = Kind::ALL[number % Kind::ALL.len()];
            let review = objects::review(&mut Random::new(seed), kind);
            send(&bench, kind.path(), &review, (seed, &format!("{kind:?}")), &mut report).await;
        }
        report
    })
}

/// Runs this to its end, with the panics and the memory of the whole process.
pub(crate) fn watched(run: impl Future<Output = Report>) -> Report {
    let panics = count_panics();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut report = runtime.block_on(run);
    report.panics = panics.load(Ordering::SeqCst);
    report.peak_kib = peak_kib();
    report
}

/// Sends one review, and takes down what came of it.
pub(crate) async fn send(
    bench: &Bench,
    path: &str,
    review: &[u8],
    (seed, kind): (u64, &str),
    report: &mut Report,
) {
    let (began, peak) = (Instant::now(), peak_kib()); // making it may have taken more than anything before
    let answer = bench.post(path, review).await;
    let (took, grown) = (began.elapsed(), peak_kib().saturating_sub(peak));
    report.slowest = report.slowest.max((took, seed));
    report.hungriest = report.hungriest.max((grown, seed));
    report.answered += 1;
    if let Some(fault) = answer.fault(review) {
        report.fault(seed, kind, &fault);
    }
    let outcome = match answer.review.as_ref().map(|review| &review["response"]["allowed"]) {
        Some(Value::Bool(true)) => "admitted",
        Some(_) => "refused",
        None => "no review",
    };
    *report.outcomes.entry(outcome).or_default() += 1;
}

/// Counts panics from now on, and lets them be printed as before.
fn count_panics() -> Arc<AtomicUsize> {
    let panics = Arc::new(AtomicUsize::new(0));
    let (count, before) = (Arc::clone(&panics), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        count.fetch_add(1, Ordering::SeqCst);
        before(info);
    }));
    panics
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

impl Report {
    /// Something that must not be.
    pub(crate) fn fault(&mut self, seed: u64, kind: &str, fault: &str) {
        if self.faults.len() < 5 {
            self.faults.push(format!("seed {seed}, {kind}: {fault}"));
        }
    }

    /// As it goes from one process to another.
    pub fn json(&self) -> Value {
        let Self {
            answered,
            outcomes,
            panics,
            faults,
            slowest: (took, seed),
            hungriest: (grown, hungry),
            peak_kib,
        } = self;
        json!({
            "answered": answered, "outcomes": outcomes, "panics": panics, "faults": faults,
            "slowestMs": took.as_millis(), "slowestSeed": seed, "hungriestKib": grown,
            "hungriestSeed": hungry, "peakKib": peak_kib,
        })
    }
}
