//! A review may come more than once for one request (fact F4): reinvocation, retries of the API server.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use moka::sync::Cache;

use super::request::Request;

/// How long a review is remembered: longer than the API server keeps trying one request (34 s).
const MEMORY: Duration = Duration::from_secs(40);

/// Remembers reviews for a short while, by what they are of: the same object over the same stored version.
#[derive(Debug)]
pub struct Repeats {
    seen: Cache<u64, ()>,
}

impl Default for Repeats {
    fn default() -> Self {
        Self { seen: Cache::builder().time_to_live(MEMORY).max_capacity(100_000).build() }
    }
}

impl Repeats {
    /// Whether this review was here a moment ago. A repeat is answered all the same, but does not read anew what the first
    /// has just read.
    pub fn is_repeat(&self, request: &Request) -> bool {
        let entry = self.seen.entry(fingerprint(request)).or_insert(());
        !entry.is_fresh()
    }
}

/// Of this process only: never stored, never shown.
fn fingerprint(request: &Request) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&request.namespace, &request.name, request.dry_run).hash(&mut hasher);
    let old = request.old.as_ref().map(|old| &old["metadata"]["resourceVersion"]);
    (request.object["spec"].to_string(), old.map(ToString::to_string)).hash(&mut hasher);
    let metadata = &request.object["metadata"];
    (metadata["labels"].to_string(), metadata["annotations"].to_string()).hash(&mut hasher);
    hasher.finish()
}
