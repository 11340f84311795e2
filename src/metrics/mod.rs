//! What is counted and measured: ESO's metrics under ESO's names, so that its dashboards and alerts go on working, and
//! latchkey's own.
//!
//! No label takes a value from outside, but for namespace and name of objects, whose series end with the object
//! ([`Metrics::forget`]).

mod admission;
mod api_server;
mod connections;
mod core;
mod objects;
mod process;
mod remote;
mod text;

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use admission::Admissions;
pub use admission::{AdmissionTimer, Review};
use api_server::ApiServer;
use connections::Connections;
pub use connections::{Connection, Ended};
use objects::Objects;
pub use objects::{Condition, Kind, ReconcileTimer};
use process::Process;
use remote::Remote;
use tokio::runtime::Handle;

/// All metrics of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    objects: Objects,
    admissions: Admissions,
    api_server: ApiServer,
    process: Process,
    remote: Remote,
    connections: Connections,
    cache_hits: Counter,
    cache_misses: Counter,
    remote_reads: Counter,
    leader: Gauge,
    pending_secrets: Gauge,
    certificate_expiry: Gauge,
    certificate_refresh_failed: Gauge,
    sweeps: Counter,
}

impl Metrics {
    /// Everything at zero.
    pub fn new() -> Self {
        let mut registry = Registry::default();
        let r = &mut registry;
        Self {
            objects: Objects::register(r),
            remote: Remote::register(r),
            admissions: Admissions::register(r),
            api_server: ApiServer::register(r),
            cache_hits: register(r, "latchkey_cache_hits", "Remote values served from memory"),
            cache_misses: register(
                r,
                "latchkey_cache_misses",
                "Remote values that memory did not hold or held too long",
            ),
            remote_reads: register(
                r,
                "latchkey_remote_reads",
                "Reads of remote entries, each for one or more Secrets",
            ),
            leader: register(r, "latchkey_leader", "1 while this replica refreshes"),
            pending_secrets: register(
                r,
                "latchkey_pending_secrets",
                "Secrets written while their ExternalSecret was admitted and not adopted yet",
            ),
            certificate_expiry: register(
                r,
                "latchkey_certificate_expiry_seconds",
                "When the certificate that the webhook serves ends, in Unix time",
            ),
            certificate_refresh_failed: register(
                r,
                "latchkey_certificate_refresh_failed",
                "1 while the certificate's source cannot be read or holds none that can be served; the one before stays",
            ),
            sweeps: register(r, "latchkey_sweeps", "Searches for Secrets whose ExternalSecret never came"),
            process: Process::register(r),
            connections: Connections::register(r),
            registry,
        }
    }

    /// A value was served from memory.
    pub fn cache_hit(&self) {
        self.cache_hits.inc();
    }

    /// Memory did not hold a value that is young enough.
    pub fn cache_miss(&self) {
        self.cache_misses.inc();
    }

    /// A remote entry was read.
    pub fn remote_read(&self) {
        self.remote_reads.inc();
    }

    /// Whether this replica refreshes.
    pub fn leader(&self, leads: bool) {
        self.leader.set(leads.into());
    }

    /// How many Secrets wait for their ExternalSecret.
    pub fn pending_secrets(&self, waiting: usize) {
        self.pending_secrets.set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }

    /// When the webhook's certificate ends.
    pub fn certificate_expiry(&self, end: jiff::Timestamp) {
        self.certificate_expiry.set(end.as_second());
    }

    /// Whether the last look at the certificate's source was in vain.
    pub fn certificate_refresh_failed(&self, failed: bool) {
        self.certificate_refresh_failed.set(failed.into());
    }

    /// Pending Secrets were searched.
    pub fn sweep(&self) {
        self.sweeps.inc();
    }

    /// Has the tasks of this runtime counted beside those of the runtime that serves the metrics.
    pub fn count_tasks_of(&self, background: Handle) {
        self.process.count_tasks_of(background);
    }

    /// Everything in Prometheus' text form.
    pub fn render(&self) -> String {
        self.process.measure();
        text::render(&self.registry)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A metric under its whole name; a [`Counter`] without the `_total` that it gets when it is written.
fn register<M>(registry: &mut Registry, name: &str, help: &str) -> M
where
    M: prometheus_client::registry::Metric + Clone + Default,
{
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}

#[cfg(test)]
mod tests {
    use latchkey_provider::observe::Observer;

    use super::*;

    /// The names of all samples, without labels and values.
    fn names(page: &str) -> std::collections::BTreeSet<&str> {
        let samples = page.lines().filter(|line| !line.starts_with('#'));
        samples.filter_map(|line| line.split(['{', ' ']).next()).collect()
    }

    fn measured() -> Metrics {
        let metrics = Metrics::new();
        metrics.sync_call("shop", "db", true);
        metrics.sync_call("shop", "db", false);
        for kind in Kind::ALL {
            metrics.condition(kind, "shop", "db", Condition::Ready, true);
            metrics.reconcile_duration(kind, "shop", "db", Duration::from_millis(2));
        }
        metrics.call("AWS/SecretsManager", "GetSecretValue", true, Duration::from_millis(2));
        metrics
    }

    #[test]
    fn names_are_those_of_external_secrets_operator() {
        let page = measured().render();
        for name in [
            "externalsecret_sync_calls_total",
            "externalsecret_sync_calls_error",
            "externalsecret_status_condition",
            "externalsecret_reconcile_duration",
            "externalsecret_provider_api_calls_count",
            "secretstore_status_condition",
            "secretstore_reconcile_duration",
            "clustersecretstore_status_condition",
            "clustersecretstore_reconcile_duration",
            "clusterexternalsecret_status_condition",
            "clusterexternalsecret_reconcile_duration",
            "pushsecret_status_condition",
            "pushsecret_reconcile_duration",
            "clusterpushsecret_status_condition",
            "clusterpushsecret_reconcile_duration",
        ] {
            assert!(names(&page).contains(name), "{name} is not in\n{page}");
        }
    }

    #[test]
    fn own_names_are_there_before_anything_happens() {
        let page = Metrics::new().render();
        for name in [
            "latchkey_api_server_reachable",
            "latchkey_build_info",
            "latchkey_cache_hits_total",
            "latchkey_cache_misses_total",
            "latchkey_certificate_expiry_seconds",
            "latchkey_certificate_refresh_failed",
            "latchkey_leader",
            "latchkey_pending_secrets",
            "latchkey_reads_turned_away_total",
            "latchkey_remote_reads_total",
            "latchkey_sweeps_total",
            "process_open_fds",
            "latchkey_tasks",
            "process_resident_memory_bytes",
            "process_start_time_seconds",
        ] {
            assert!(names(&page).contains(name), "{name} is not in\n{page}");
        }
    }

    #[test]
    fn counters_are_counters_whether_they_end_in_total_or_not() {
        let page = measured().render();
        for name in ["externalsecret_sync_calls_total", "externalsecret_sync_calls_error"] {
            assert!(page.contains(&format!("# TYPE {name} counter\n")), "{page}");
        }
        assert!(!page.contains("# EOF") && !page.contains("unknown"), "{page}");
    }

    #[test]
    fn calls_of_providers_carry_esos_labels() {
        let sample = r#"externalsecret_provider_api_calls_count{provider="AWS/SecretsManager",call="GetSecretValue",status="success"} 1"#;
        assert!(measured().render().contains(sample));
    }
}
