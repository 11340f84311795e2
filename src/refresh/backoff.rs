//! Who has failed, how often in a row, and when it may be tried again.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::schedule;
use crate::engine::Error;

/// Longer than any process lives: what can only be mended by a change is not tried again by time.
const NEVER: Duration = Duration::from_hours(24 * 365);

#[derive(Debug)]
struct Failure {
    version: String,
    count: u32,
    until: Instant,
    retry: Retry,
}

/// Failures by object.
#[derive(Debug)]
pub struct Backoffs<K> {
    failures: Mutex<HashMap<K, Failure>>,
}

impl<K> Default for Backoffs<K> {
    fn default() -> Self {
        Self { failures: Mutex::default() }
    }
}

/// What may help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Time may.
    Later,
    /// Not before this long, as the store asks.
    NotBefore(Duration),
    /// Only a change of the object or of its store.
    OnChange,
}

impl Retry {
    /// What may help after this failure.
    pub fn of(error: &Error) -> Self {
        match error.retry_after {
            Some(after) => Self::NotBefore(after),
            None if error.is_retried() => Self::Later,
            None => Self::OnChange,
        }
    }
}

impl<K: Eq + Hash + Clone> Backoffs<K> {
    /// How long this version of the object is to be left alone; none if it may be tried.
    pub fn wait(&self, key: &K, version: &str) -> Option<Duration> {
        let failures = self.lock();
        let failure = failures.get(key).filter(|failure| failure.version == version)?;
        let left = failure.until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// Whether this version of the object has failed before.
    pub fn has_failed(&self, key: &K, version: &str) -> bool {
        self.lock().get(key).is_some_and(|failure| failure.version == version)
    }

    /// Remembers one more failure; the time until the next try.
    pub fn failed(&self, key: &K, version: &str, retry: Retry) -> Duration {
        let mut failures = self.lock();
        let before = failures.get(key).filter(|failure| failure.version == version);
        let count = before.map_or(1, |failure| failure.count.saturating_add(1));
        let backoff = schedule::backoff(count, rand::random());
        let wait = match retry {
            Retry::Later => backoff,
            Retry::NotBefore(asked) => backoff.max(asked),
            Retry::OnChange => NEVER,
        };
        failures.insert(
            key.clone(),
            Failure { version: version.to_owned(), count, until: Instant::now() + wait, retry },
        );
        wait
    }

    /// It works, or is gone, or something that it needs has changed.
    pub fn clear(&self, key: &K) -> bool {
        self.lock().remove(key).is_some()
    }

    /// Something has changed that may matter to what only a change can mend; true if it waits for one.
    pub fn unstick(&self, key: &K) -> bool {
        let mut failures = self.lock();
        let stuck = failures.get(key).is_some_and(|failure| failure.retry == Retry::OnChange);
        stuck && failures.remove(key).is_some()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Failure>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn another_version_may_be_tried_at_once() {
        let backoffs = Backoffs::default();
        backoffs.failed(&"a", "1", Retry::OnChange);
        assert!(backoffs.wait(&"a", "1").is_some() && backoffs.has_failed(&"a", "1"));
        assert_eq!(backoffs.wait(&"a", "2"), None);
        assert!(!backoffs.has_failed(&"a", "2"));
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_waits_for_a_change_is_freed_by_one() {
        let backoffs = Backoffs::default();
        backoffs.failed(&"stuck", "1", Retry::OnChange);
        backoffs.failed(&"later", "1", Retry::Later);
        assert!(backoffs.unstick(&"stuck") && !backoffs.unstick(&"later") && !backoffs.unstick(&"unknown"));
        assert!(backoffs.wait(&"stuck", "1").is_none() && backoffs.wait(&"later", "1").is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_store_may_ask_for_more_time() {
        let backoffs = Backoffs::default();
        let asked = Duration::from_secs(90);
        assert_eq!(backoffs.failed(&"a", "1", Retry::NotBefore(asked)), asked);
        tokio::time::advance(asked).await;
        assert_eq!(backoffs.wait(&"a", "1"), None);
        assert!(backoffs.clear(&"a"));
    }
}
