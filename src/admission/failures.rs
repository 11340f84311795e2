//! Syncs that have just failed for a Pod: the next Pods do not wait for them again before a backoff is over.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::lookup::Key;

/// The first backoff, doubled at each further failure.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LONGEST: Duration = Duration::from_mins(1);

/// One remembered failure.
#[derive(Debug, Clone)]
struct Failure {
    until: Instant,
    backoff: Duration,
    text: String,
}

/// Failures by ExternalSecret.
#[derive(Debug, Default)]
pub struct Failures {
    by_key: Mutex<HashMap<Key, Failure>>,
}

impl Failures {
    /// What the last sync failed of, if it is too early to try again.
    pub fn recent(&self, key: &Key) -> Option<String> {
        let now = Instant::now();
        self.lock().get(key).filter(|failure| failure.until > now).map(|failure| failure.text.clone())
    }

    /// Remembers a failure.
    pub fn remember(&self, key: &Key, text: &str) {
        let now = Instant::now();
        let mut failures = self.lock();
        failures.retain(|_, failure| failure.until + LONGEST > now);
        let backoff = failures.get(key).map_or(FIRST, |failure| (failure.backoff * 2).min(LONGEST));
        failures.insert(key.clone(), Failure { until: now + backoff, backoff, text: text.to_owned() });
    }

    /// Forgets it: it worked.
    pub fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Failure>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_remembered_for_a_backoff_that_doubles() {
        let (failures, key) = (Failures::default(), Key::new("a", "b"));
        failures.remember(&key, "sealed");
        assert_eq!(failures.recent(&key).as_deref(), Some("sealed"));
        tokio::time::advance(FIRST).await;
        assert_eq!(failures.recent(&key), None);
        failures.remember(&key, "sealed");
        tokio::time::advance(FIRST).await;
        assert_eq!(failures.recent(&key).as_deref(), Some("sealed"));
        failures.forget(&key);
        assert_eq!(failures.recent(&key), None);
    }
}
