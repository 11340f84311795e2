//! Prometheus' text form, as External Secrets Operator serves it.
//!
//! prometheus-client writes OpenMetrics, where a counter's samples must end in `_total`. Two of ESO's counters do not,
//! and those who scrape them know them by those names. So the older text form is served, where any name may count.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::{MetricType, TypedMetric};
use prometheus_client::registry::Registry;

/// A counter whose name stays as it is. It is of OpenMetrics' type `unknown`, and nothing else is: [`render`] calls it a
/// counter again.
#[derive(Debug, Clone, Default)]
pub(super) struct PlainCounter(Arc<AtomicU64>);

impl PlainCounter {
    /// One more.
    pub(super) fn inc(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl TypedMetric for PlainCounter {
    const TYPE: MetricType = MetricType::Unknown;
}

impl EncodeMetric for PlainCounter {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        encoder.encode_gauge(&self.0.load(Ordering::Relaxed))
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

/// The registry in Prometheus' text form, version 0.0.4.
pub(super) fn render(registry: &Registry) -> String {
    let mut page = String::new();
    // Writing to a String fails only if a metric's own encoder does, and ours do not.
    let _ = encode_registry(&mut page, registry);
    translate(&page)
}

/// From OpenMetrics: a counter's head names it as its samples do, `info` is a gauge, and `unknown` is [`PlainCounter`].
fn translate(open_metrics: &str) -> String {
    let mut page = String::with_capacity(open_metrics.len() + 1024);
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(head) = line.strip_prefix("# HELP ") {
            help = head.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|head| head.split_once(' '))
        {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "counter"),
                kind => ("", kind),
            };
            if let Some((_, help)) = help.take() {
                let _ = writeln!(page, "# HELP {name}{suffix} {help}");
            }
            let _ = writeln!(page, "# TYPE {name}{suffix} {kind}");
        } else if !line.starts_with('#') {
            let _ = writeln!(page, "{line}");
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn translates_the_head_of_each_type() {
        let from = "# HELP a Help of a.\n# TYPE a counter\na_total 1\n# HELP b B.\n# TYPE b unknown\nb{x=\"y\"} 2\n\
                    # HELP c C.\n# TYPE c info\nc_info 1\n# HELP d D.\n# TYPE d gauge\n# UNIT d seconds\nd 3\n# EOF\n";
        let to = "# HELP a_total Help of a.\n# TYPE a_total counter\na_total 1\n# HELP b B.\n# TYPE b counter\n\
                  b{x=\"y\"} 2\n# HELP c_info C.\n# TYPE c_info gauge\nc_info 1\n# HELP d D.\n# TYPE d gauge\nd 3\n";
        assert_eq!(translate(from), to);
    }
}
