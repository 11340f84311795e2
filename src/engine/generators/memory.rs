//! What services have made a moment ago: a review that is sent again, or a Secret that is repaired, is no reason to have them
//! make another.

use std::time::{Duration, Instant};

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
pub(in crate::engine) struct Memory(Cache<Asked, (Instant, Data)>);

/// Who asked, and for what.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::engine) struct Asked {
    namespace: String,
    name: String,
    index: usize,
    generator: GeneratorKey,
    specification: String,
}

impl Asked {
    /// By an ExternalSecret of this name, in one of its `dataFrom` entries.
    pub(super) fn new(namespace: &str, name: &str, entry: &Generated, generator: &Remote) -> Self {
        Self {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
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
        let (made, values) = self.0.get(asked)?;
        (made.elapsed() <= max_age).then_some(values)
    }

    pub(super) fn keep(&self, asked: Asked, values: &Data) {
        self.0.insert(asked, (Instant::now(), values.clone()));
    }

    /// Lets go of what is too old.
    pub(in crate::engine) fn tend(&self) {
        self.0.run_pending_tasks();
    }
}
