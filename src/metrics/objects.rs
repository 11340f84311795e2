//! What ESO measures of each object.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::text::PlainCounter;
use super::{Metrics, nanoseconds, register};

/// Which kind of object is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// ExternalSecret
    ExternalSecret,
    /// SecretStore
    SecretStore,
    /// ClusterSecretStore; its namespace is empty.
    ClusterSecretStore,
    /// ClusterExternalSecret; its namespace is empty.
    ClusterExternalSecret,
    /// PushSecret
    PushSecret,
    /// ClusterPushSecret; its namespace is empty.
    ClusterPushSecret,
}

impl Kind {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::ExternalSecret,
        Self::SecretStore,
        Self::ClusterSecretStore,
        Self::ClusterExternalSecret,
        Self::PushSecret,
        Self::ClusterPushSecret,
    ];
}

/// A condition of an object's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// It works.
    Ready,
    /// Its Secret was deleted, as nothing is left at the provider.
    Deleted,
}

impl Condition {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Deleted => "Deleted",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Object {
    name: String,
    namespace: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ObjectCondition {
    name: String,
    namespace: String,
    condition: &'static str,
    status: &'static str,
}

impl ObjectCondition {
    fn new(namespace: &str, name: &str, condition: Condition, status: bool) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            condition: condition.as_str(),
            status: if status { "True" } else { "False" },
        }
    }
}

#[derive(Debug)]
pub(super) struct Objects {
    sync_calls: Family<Object, Counter>,
    sync_errors: Family<Object, PlainCounter>,
    external_secrets: OfKind,
    stores: OfKind,
    cluster_stores: OfKind,
    cluster_external_secrets: OfKind,
    push_secrets: OfKind,
    cluster_push_secrets: OfKind,
}

#[derive(Debug)]
struct OfKind {
    conditions: Family<ObjectCondition, Gauge>,
    durations: Family<Object, Gauge<f64, AtomicU64>>,
}

impl Objects {
    pub(super) fn register(registry: &mut Registry) -> Self {
        Self {
            sync_calls: register(registry, "externalsecret_sync_calls", "Syncs of an ExternalSecret"),
            sync_errors: register(
                registry,
                "externalsecret_sync_calls_error",
                "Syncs of an ExternalSecret that failed",
            ),
            external_secrets: OfKind::register(registry, "externalsecret"),
            stores: OfKind::register(registry, "secretstore"),
            cluster_stores: OfKind::register(registry, "clustersecretstore"),
            cluster_external_secrets: OfKind::register(registry, "clusterexternalsecret"),
            push_secrets: OfKind::register(registry, "pushsecret"),
            cluster_push_secrets: OfKind::register(registry, "clusterpushsecret"),
        }
    }

    fn of(&self, kind: Kind) -> &OfKind {
        match kind {
            Kind::ExternalSecret => &self.external_secrets,
            Kind::SecretStore => &self.stores,
            Kind::ClusterSecretStore => &self.cluster_stores,
            Kind::ClusterExternalSecret => &self.cluster_external_secrets,
            Kind::PushSecret => &self.push_secrets,
            Kind::ClusterPushSecret => &self.cluster_push_secrets,
        }
    }
}

impl OfKind {
    fn register(registry: &mut Registry, prefix: &str) -> Self {
        Self {
            conditions: register(
                registry,
                &format!("{prefix}_status_condition"),
                "1 for the status that the condition has",
            ),
            durations: register(
                registry,
                &format!("{prefix}_reconcile_duration"),
                "How long the last reconcile took, in nanoseconds",
            ),
        }
    }
}

impl Metrics {
    /// A sync of an ExternalSecret is over.
    pub fn sync_call(&self, namespace: &str, name: &str, ok: bool) {
        let object = object(namespace, name);
        self.objects.sync_calls.get_or_create(&object).inc();
        if !ok {
            self.objects.sync_errors.get_or_create(&object).inc();
        }
    }

    /// The condition has this status; the opposite one is 0.
    pub fn condition(&self, kind: Kind, namespace: &str, name: &str, condition: Condition, status: bool) {
        let conditions = &self.objects.of(kind).conditions;
        for (of, value) in [(status, 1), (!status, 0)] {
            conditions.get_or_create(&ObjectCondition::new(namespace, name, condition, of)).set(value);
        }
    }

    /// How long the last reconcile took.
    pub fn reconcile_duration(&self, kind: Kind, namespace: &str, name: &str, took: Duration) {
        self.objects.of(kind).durations.get_or_create(&object(namespace, name)).set(nanoseconds(took));
    }

    /// Measures a reconcile until the guard is dropped.
    pub fn reconcile(self: &Arc<Self>, kind: Kind, namespace: &str, name: &str) -> ReconcileTimer {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        ReconcileTimer { metrics: self.clone(), kind, namespace, name, started: Instant::now() }
    }

    /// The object is gone, and so are its series.
    pub fn forget(&self, kind: Kind, namespace: &str, name: &str) {
        let (series, object) = (self.objects.of(kind), object(namespace, name));
        series.durations.remove(&object);
        for condition in [Condition::Ready, Condition::Deleted] {
            for status in [true, false] {
                series.conditions.remove(&ObjectCondition::new(namespace, name, condition, status));
            }
        }
        if kind == Kind::ExternalSecret {
            self.objects.sync_calls.remove(&object);
            self.objects.sync_errors.remove(&object);
        }
    }
}

fn object(namespace: &str, name: &str) -> Object {
    Object { name: name.into(), namespace: namespace.into() }
}

/// Measures a reconcile until it is dropped.
#[derive(Debug)]
#[must_use = "it measures until it is dropped"]
pub struct ReconcileTimer {
    metrics: Arc<Metrics>,
    kind: Kind,
    namespace: String,
    name: String,
    started: Instant,
}

impl Drop for ReconcileTimer {
    fn drop(&mut self) {
        self.metrics.reconcile_duration(self.kind, &self.namespace, &self.name, self.started.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(metrics: &Metrics) -> Vec<String> {
        let page = metrics.render();
        page.lines().filter(|line| line.contains(r#"namespace="shop""#)).map(str::to_owned).collect()
    }

    #[test]
    fn the_opposite_status_of_a_condition_is_zero() {
        let metrics = Metrics::new();
        metrics.condition(Kind::ExternalSecret, "shop", "db", Condition::Ready, true);
        metrics.condition(Kind::ExternalSecret, "shop", "db", Condition::Ready, false);
        let mut samples = samples(&metrics);
        samples.sort();
        let of = r#"externalsecret_status_condition{name="db",namespace="shop",condition="Ready",status="#;
        assert_eq!(samples, [format!(r#"{of}"False"}} 1"#), format!(r#"{of}"True"}} 0"#)]);
    }

    #[test]
    fn durations_are_in_nanoseconds() {
        let metrics = Metrics::new();
        metrics.reconcile_duration(Kind::SecretStore, "shop", "vault", Duration::from_millis(1500));
        let sample = r#"secretstore_reconcile_duration{name="vault",namespace="shop"} 1500000000.0"#;
        assert_eq!(samples(&metrics), [sample]);
    }

    #[test]
    fn a_timer_measures_when_it_is_dropped() {
        let metrics = Arc::new(Metrics::new());
        drop(metrics.reconcile(Kind::ExternalSecret, "shop", "db"));
        assert_eq!(samples(&metrics).len(), 1);
    }

    #[test]
    fn an_object_that_is_gone_leaves_nothing() {
        let metrics = Metrics::new();
        metrics.sync_call("shop", "db", false);
        metrics.condition(Kind::ExternalSecret, "shop", "db", Condition::Ready, false);
        metrics.condition(Kind::ExternalSecret, "shop", "db", Condition::Deleted, true);
        metrics.reconcile_duration(Kind::ExternalSecret, "shop", "db", Duration::ZERO);
        metrics.forget(Kind::ExternalSecret, "shop", "db");
        assert!(samples(&metrics).is_empty());
    }
}
