//! What is measured of admission reviews.

use std::sync::Arc;
use std::time::Instant;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::{Metrics, register};

/// From what a cached answer takes to the API server's longest patience.
const BUCKETS: [f64; 13] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// What a review asks about. The texts are the code's own, never the request's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Review {
    /// The resource, such as `externalsecrets`.
    pub resource: &'static str,
    /// The operation, such as `CREATE`.
    pub operation: &'static str,
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    resource: &'static str,
    operation: &'static str,
    outcome: &'static str,
    dry_run: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Took {
    resource: &'static str,
    operation: &'static str,
    dry_run: &'static str,
}

#[derive(Debug)]
pub(super) struct Admissions {
    requests: Family<Answered, Counter>,
    durations: Family<Took, Histogram, fn() -> Histogram>,
}

impl Admissions {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let durations = Family::new_with_constructor(histogram as fn() -> Histogram);
        let help = "How long reviews took to be answered";
        registry.register("latchkey_admission_duration_seconds", help, durations.clone());
        Self {
            requests: register(registry, "latchkey_admission_requests", "Admission reviews by outcome"),
            durations,
        }
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Metrics {
    /// Measures a review until the guard is dropped.
    pub fn admission(self: &Arc<Self>, review: Review) -> AdmissionTimer {
        AdmissionTimer { metrics: self.clone(), review, outcome: "abandoned", started: Instant::now() }
    }
}

/// Measures a review until it is dropped. Its outcome is `abandoned` unless another is said: the API server hung up, or
/// something panicked.
#[derive(Debug)]
#[must_use = "it measures until it is dropped"]
pub struct AdmissionTimer {
    metrics: Arc<Metrics>,
    review: Review,
    outcome: &'static str,
    started: Instant,
}

impl AdmissionTimer {
    /// How the review was answered, such as `allowed`, `warned` or `denied`.
    pub fn outcome(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }
}

impl Drop for AdmissionTimer {
    fn drop(&mut self) {
        let Review { resource, operation, dry_run } = self.review;
        let dry_run = if dry_run { "true" } else { "false" };
        let answered = Answered { resource, operation, outcome: self.outcome, dry_run };
        self.metrics.admissions.requests.get_or_create(&answered).inc();
        let took = self.metrics.admissions.durations.get_or_create(&Took { resource, operation, dry_run });
        took.observe(self.started.elapsed().as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVIEW: Review = Review { resource: "pods", operation: "CREATE", dry_run: true };

    #[test]
    fn a_review_is_counted_and_measured_once() {
        let metrics = Arc::new(Metrics::new());
        metrics.admission(REVIEW).outcome("allowed");
        let page = metrics.render();
        let counted = r#"latchkey_admission_requests_total{resource="pods",operation="CREATE",outcome="allowed",dry_run="true"} 1"#;
        let measured = r#"latchkey_admission_duration_seconds_count{resource="pods",operation="CREATE",dry_run="true"} 1"#;
        assert!(page.contains(counted) && page.contains(measured), "{page}");
    }

    #[test]
    fn a_review_without_an_answer_was_abandoned() {
        let metrics = Arc::new(Metrics::new());
        drop(metrics.admission(REVIEW));
        assert!(metrics.render().contains(r#"outcome="abandoned""#));
    }
}
