//! What an installation decides of the core.

use std::time::Duration;

use super::budget::{PerLane, Rate};

/// The core's settings. The defaults suit a cluster of any size; only the class is usually chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Stores of another class are left to others.
    pub controller_class: String,
    /// The one namespace that is seen to; all if there is none.
    pub scoped_namespace: Option<String>,
    /// Whether ClusterSecretStores are served.
    pub cluster_stores: bool,
    /// Whether objects that are not Secrets are written.
    pub generic_targets: bool,
    /// How much memory remote values may take.
    pub cache_bytes: u64,
    /// How many calls of one connection may be under way at once.
    pub calls: PerLane<usize>,
    /// How often one store may be called.
    pub rates: PerLane<Rate>,
    /// How long one call may take, whatever the provider's client thinks of it.
    pub call_limit: Duration,
    /// How long a service keeps what a generator made once another one is in use.
    pub generator_gc_grace_period: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            controller_class: "default".to_owned(),
            scoped_namespace: None,
            cluster_stores: true,
            generic_targets: false,
            cache_bytes: 64 << 20,
            calls: PerLane { admission: 8, refresh: 4, dry_run: 2 },
            rates: PerLane {
                admission: Rate { per_second: 100.0, burst: 200.0 },
                refresh: Rate { per_second: 50.0, burst: 100.0 },
                dry_run: Rate { per_second: 20.0, burst: 50.0 },
            },
            call_limit: Duration::from_secs(20),
            generator_gc_grace_period: Duration::from_mins(2),
        }
    }
}
