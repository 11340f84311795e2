//! What services have made a moment ago: a review that is sent again, or a Secret that is repaired, is no reason to have them
//! make another.

use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::ExternalSecret;
use latchkey_api::generator::Remote;
use moka::sync::Cache;

use crate::engine::convert::Data;
use crate::engine::plan::{Generated, GeneratorKey};

/// How long it is remembered. Tokens are good for about as long.
const MEMORY: Duration = Duration::from_hours(1);

/// How many values are remembered at most.
const MOST: u64 = 10_000;

/// What was made, by who asked for it.
#[derive(Debug)]
pub(in crate::engine) struct Memory(Cache<Asked, Entry>);

#[derive(Debug, Clone)]
struct Entry {
    made: Instant,
    values: Data,
    /// The name of the GeneratorState that it is written down in, if the service keeps it.
    state: Option<String>,
}

/// Who asked, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine) struct Asked {
    namespace: String,
    name: String,
    /// The asker's uid, if the service keeps what it makes: that is revoked with the asker, and another one of the same name
    /// must not be given it. A review asks without one, so it is none otherwise.
    uid: Option<String>,
    index: usize,
    generator: GeneratorKey,
    specification: String,
}

impl Asked {
    /// By this ExternalSecret, in one of its `dataFrom` entries.
    pub(super) fn new(of: &ExternalSecret, entry: &Generated, generator: &Remote) -> Self {
        let ObjectMeta { namespace, name, uid, .. } = of.metadata.clone();
        Self {
            namespace: namespace.unwrap_or_default(),
            name: name.unwrap_or_default(),
            uid: uid.filter(|_| generator.kind().is_stateful()),
            index: entry.index,
            generator: entry.key.clone(),
            specification: crate::engine::hash::digest(format!("{generator:?}").as_bytes()),
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self(Cache::builder().time_to_live(MEMORY).max_capacity(MOST).build())
    }
}

impl Memory {
    /// What was made for the same asker by the same generator, if that is not longer ago.
    pub(super) fn get(&self, asked: &Asked, max_age: Duration) -> Option<Data> {
        let Entry { made, values, .. } = self.0.get(asked)?;
        (made.elapsed() <= max_age).then_some(values)
    }

    /// Remembers it. What the service keeps is in a GeneratorState of this name.
    pub(super) fn keep(&self, asked: Asked, values: &Data, state: Option<&str>) {
        let (made, values, state) = (Instant::now(), values.clone(), state.map(str::to_owned));
        self.0.insert(asked, Entry { made, values, state });
    }

    /// Forgets what the service keeps no more. All are looked at, which is a matter of a moment.
    pub(super) fn forget(&self, namespace: &str, state: &str) {
        for (asked, entry) in &self.0 {
            if asked.namespace == namespace && entry.state.as_deref() == Some(state) {
                self.0.invalidate(&*asked);
            }
        }
    }

    /// Lets go of what is too old.
    pub(in crate::engine) fn tend(&self) {
        self.0.run_pending_tasks();
    }
}
