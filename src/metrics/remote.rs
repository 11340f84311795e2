//! What is measured of remote stores: each call, and which stores are left alone.

use std::time::Duration;

use latchkey_provider::observe::Observer;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::text::PlainCounter;
use super::{Metrics, register};
use crate::engine::plan::StoreKey;

/// From a store next door to the longest that is waited for one.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    provider: &'static str,
    call: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Took {
    provider: &'static str,
    call: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Store {
    kind: &'static str,
    namespace: String,
    name: String,
}

#[derive(Debug)]
pub(super) struct Remote {
    calls: Family<Answered, PlainCounter>,
    durations: Family<Took, Histogram, fn() -> Histogram>,
    down: Family<Store, Gauge>,
    turned_away: Counter,
}

impl Remote {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let durations = Family::new_with_constructor(histogram as fn() -> Histogram);
        let help = "How long calls of a provider's API took";
        registry.register("latchkey_provider_call_duration_seconds", help, durations.clone());
        let calls = "externalsecret_provider_api_calls_count";
        let turned_away = "Remote values that were not asked for, as the store is known to be down";
        Self {
            calls: register(registry, calls, "Calls of a provider's API"),
            durations,
            down: register(
                registry,
                "latchkey_store_down",
                "1 while a store does not answer and is left alone",
            ),
            turned_away: register(registry, "latchkey_reads_turned_away", turned_away),
        }
    }
}

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Metrics {
    /// Whether a store is left alone as it does not answer. A store that answers has no series.
    pub fn store_down(&self, key: &StoreKey, down: bool) {
        let store = Store {
            kind: key.kind.as_str(),
            namespace: key.namespace.clone().unwrap_or_default(),
            name: key.name.clone(),
        };
        if down {
            self.remote.down.get_or_create(&store).set(1);
        } else {
            self.remote.down.remove(&store);
        }
    }

    /// A value was not asked for, as the store is known to be down.
    pub fn turned_away(&self) {
        self.remote.turned_away.inc();
    }
}

impl Observer for Metrics {
    fn call(&self, provider: &'static str, call: &'static str, success: bool, took: Duration) {
        let status = if success { "success" } else { "error" };
        self.remote.calls.get_or_create(&Answered { provider, call, status }).inc();
        self.remote.durations.get_or_create(&Took { provider, call }).observe(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use latchkey_api::external_secret::StoreKind;

    use super::*;

    #[test]
    fn a_call_is_counted_by_outcome_and_measured() {
        let metrics = Metrics::new();
        metrics.call("HashiCorp/Vault", "ReadSecretData", true, Duration::from_millis(20));
        metrics.call("HashiCorp/Vault", "ReadSecretData", false, Duration::from_secs(10));
        let page = metrics.render();
        let of = r#"{provider="HashiCorp/Vault",call="ReadSecretData""#;
        for line in [
            format!(r#"externalsecret_provider_api_calls_count{of},status="error"}} 1"#),
            format!("latchkey_provider_call_duration_seconds_count{of}}} 2"),
            format!(r#"latchkey_provider_call_duration_seconds_bucket{{le="0.025",{}}} 1"#, &of[1..]),
        ] {
            assert!(page.contains(&line), "no {line} in {page}");
        }
    }

    #[test]
    fn a_store_has_a_series_while_it_is_down() {
        let metrics = Metrics::new();
        let key = StoreKey {
            kind: StoreKind::SecretStore,
            namespace: Some("shop".to_owned()),
            name: "vault".to_owned(),
        };
        metrics.store_down(&key, true);
        let line = r#"latchkey_store_down{kind="SecretStore",namespace="shop",name="vault"} 1"#;
        assert!(metrics.render().contains(line));
        metrics.store_down(&key, false);
        assert!(!metrics.render().contains("latchkey_store_down{"));
    }
}
