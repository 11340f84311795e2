//! Remote entries that were read a moment ago.
//!
//! Every entry knows when its read began; how old it may be is the caller's to say. Nothing is served because it has not
//! expired, and nothing expired is served because the store fails: the last good value is the Secret in the cluster.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::FutureExt;
use latchkey_provider::connect::Identity;
use latchkey_provider::{Entry, EntryRef, Error, ErrorKind};
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use tokio::time::Instant;

use super::lock;

/// How long an entry stays in memory without being asked for.
const IDLE: Duration = Duration::from_secs(600);
/// How long a dry run is told of a failure without asking again.
const FAILURE: Duration = Duration::from_secs(30);
/// How much memory failures may take, in bytes: keys and messages are as long as whoever names them likes.
const FAILURES: u64 = 4 << 20;
/// What an entry weighs besides its value: key, indexes, hash table.
const OVERHEAD: usize = 256;

/// Whose eyes an entry was read with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LineKey {
    /// The store's uid: a store made again under the same name shares nothing with the one before.
    pub uid: Arc<str>,
    /// Its generation: a changed specification shares nothing with the one before.
    pub generation: i64,
    /// The identity of the connection: other credentials may see other values.
    pub identity: Identity,
}

/// What is cached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CacheKey {
    /// Through which connection.
    pub line: LineKey,
    /// Which entry.
    pub entry: EntryRef,
}

/// One entry as it was read.
#[derive(Debug, Clone)]
pub struct Read {
    /// The entry.
    pub entry: Arc<Entry>,
    /// When the read began: whatever the store was told later may be missing from it.
    pub started: Instant,
}

impl Read {
    /// Whether it is younger than this. Nothing is younger than zero.
    pub fn is_younger(&self, max_age: Duration, now: Instant) -> bool {
        is_younger(self.started, max_age, now)
    }
}

/// Whether what began then is younger than this now.
pub fn is_younger(started: Instant, max_age: Duration, now: Instant) -> bool {
    now.saturating_duration_since(started) < max_age
}

#[derive(Debug, Clone)]
struct Failure {
    error: Error,
    started: Instant,
}

/// One entry, taken out when it is dropped: the cache itself frees what it has dropped much later, when its threads happen
/// to come by.
type Slot = Arc<Mutex<Option<Read>>>;

/// Entries in memory, bounded by their bytes. A value that is dropped from it is overwritten with zeros.
#[derive(Debug, Clone)]
pub struct EntryCache {
    entries: Cache<CacheKey, Slot>,
    failures: Cache<CacheKey, Failure>,
}

impl EntryCache {
    /// A cache of this many bytes at most.
    pub fn new(bytes: u64) -> Self {
        let entries = Cache::builder()
            .max_capacity(bytes)
            .weigher(weight)
            .time_to_idle(IDLE)
            .eviction_policy(EvictionPolicy::lru())
            .eviction_listener(|_, slot: Slot, _| drop(lock(&slot).take()))
            .build();
        let failures = Cache::builder()
            .max_capacity(FAILURES)
            .weigher(|key: &CacheKey, failure: &Failure| weight_of(key, failure.error.message.len()))
            .time_to_live(2 * FAILURE)
            .build();
        Self { entries, failures }
    }

    /// The entry, if it is young enough. It does not wait: between a miss and the read that follows, nobody can come.
    pub fn get(&self, key: &CacheKey, max_age: Duration) -> Option<Read> {
        if max_age.is_zero() {
            return None;
        }
        let slot = self.entries.get(key).now_or_never()??;
        let read = lock(&slot).clone()?;
        read.is_younger(max_age, Instant::now()).then_some(read)
    }

    /// The failure that a dry run may be told again.
    pub fn failure(&self, key: &CacheKey, max_age: Duration) -> Option<Error> {
        let failure = self.failures.get(key).now_or_never()??;
        is_younger(failure.started, max_age.min(FAILURE), Instant::now()).then_some(failure.error)
    }

    /// Keeps what came of a read that began then.
    pub async fn keep(&self, key: CacheKey, answer: &Result<Read, Error>, started: Instant) {
        match answer {
            Ok(read) => {
                self.failures.invalidate(&key).await;
                self.entries.insert(key, Arc::new(Mutex::new(Some(read.clone())))).await;
            }
            Err(error) => {
                if ends(error.kind) && self.is_older(&key, started) {
                    self.entries.invalidate(&key).await;
                }
                self.failures.insert(key, Failure { error: error.clone(), started }).await;
            }
        }
    }

    /// Whether what is kept was read before that moment.
    fn is_older(&self, key: &CacheKey, started: Instant) -> bool {
        let slot = self.entries.get(key).now_or_never().flatten();
        slot.is_some_and(|slot| lock(&slot).as_ref().is_some_and(|read| read.started <= started))
    }

    /// Drops what was read for stores that are gone or changed since; these are all there are, by uid with generation.
    pub async fn keep_of(&self, stores: &HashMap<String, i64>) {
        let is_there = |line: &LineKey| stores.get(&*line.uid) == Some(&line.generation);
        let entries = self.entries.iter().map(|(key, _)| key);
        let gone: Vec<Arc<CacheKey>> = entries.filter(|key| !is_there(&key.line)).collect();
        for key in gone {
            self.entries.invalidate(&*key).await;
        }
    }

    /// Drops what is remembered of these entries, failures as well.
    pub async fn forget(&self, is_meant: impl Fn(&CacheKey) -> bool) {
        let entries = self.entries.iter().map(|(key, _)| key);
        let gone: Vec<Arc<CacheKey>> = entries.filter(|key| is_meant(key)).collect();
        for key in gone {
            self.entries.invalidate(&*key).await;
        }
        let failures = self.failures.iter().map(|(key, _)| key);
        let gone: Vec<Arc<CacheKey>> = failures.filter(|key| is_meant(key)).collect();
        for key in gone {
            self.failures.invalidate(&*key).await;
        }
    }

    /// Drops what is idle or does not fit.
    pub async fn tend(&self) {
        self.entries.run_pending_tasks().await;
        self.failures.run_pending_tasks().await;
    }
}

/// Whether a store that answers so has said that what was read before holds no longer. What only hinders reading says
/// nothing of the value.
fn ends(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::NotFound | ErrorKind::Forbidden => true,
        ErrorKind::PropertyNotFound
        | ErrorKind::Unauthenticated
        | ErrorKind::Credentials
        | ErrorKind::Referent
        | ErrorKind::InvalidConfig
        | ErrorKind::InvalidRequest
        | ErrorKind::InvalidValue
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable
        | ErrorKind::EndpointRefused
        | ErrorKind::ClusterApi
        | ErrorKind::NotManaged
        | ErrorKind::Unsupported => false,
    }
}

fn weight(key: &CacheKey, slot: &Slot) -> u32 {
    let value = lock(slot).as_ref().map_or(0, |read| read.entry.weight());
    weight_of(key, value)
}

fn weight_of(key: &CacheKey, value: usize) -> u32 {
    let EntryRef { key, version, metadata: _, listing: _ } = &key.entry;
    u32::try_from(key.len() + version.len() + value + OVERHEAD).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use latchkey_provider::ErrorKind;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn key(name: &str) -> CacheKey {
        let line = LineKey { uid: "uid".into(), generation: 1, identity: Identity([0; 28]) };
        CacheKey { line, entry: EntryRef::new(name.to_owned()) }
    }

    fn read(bytes: usize) -> Result<Read, Error> {
        let entry = Arc::new(Entry::Value(vec![b'x'; bytes].into()));
        Ok(Read { entry, started: Instant::now() })
    }

    async fn keep(cache: &EntryCache, name: &str, answer: Result<Read, Error>) {
        cache.keep(key(name), &answer, Instant::now()).await;
    }

    #[tokio::test(start_paused = true)]
    async fn serves_what_is_younger_than_the_caller_allows() {
        let cache = EntryCache::new(1 << 20);
        keep(&cache, "a", read(8)).await;
        tokio::time::advance(4 * SECOND).await;
        assert!(cache.get(&key("a"), 5 * SECOND).is_some());
        assert!(cache.get(&key("a"), 4 * SECOND).is_none());
        assert!(cache.get(&key("b"), 5 * SECOND).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_younger_than_zero() {
        let cache = EntryCache::new(1 << 20);
        keep(&cache, "a", read(8)).await;
        assert!(cache.get(&key("a"), Duration::ZERO).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_within_its_bytes() {
        let cache = EntryCache::new(10_000);
        for name in 0..20 {
            keep(&cache, &name.to_string(), read(1_000)).await;
        }
        cache.tend().await;
        assert!(cache.entries.weighted_size() <= 10_000);
        assert!(cache.get(&key("19"), SECOND).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_is_remembered_for_half_a_minute_and_forgotten_on_success() {
        let cache = EntryCache::new(1 << 20);
        let missing = || Err(Error::new(ErrorKind::NotFound, "there is no such secret"));
        keep(&cache, "a", missing()).await;
        assert!(cache.failure(&key("a"), 60 * SECOND).is_some());
        tokio::time::advance(FAILURE).await;
        assert!(cache.failure(&key("a"), 60 * SECOND).is_none());
        keep(&cache, "a", missing()).await;
        keep(&cache, "a", read(8)).await;
        assert!(cache.failure(&key("a"), 60 * SECOND).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn long_keys_that_fail_take_no_more_than_their_share() {
        let cache = EntryCache::new(1 << 20);
        for name in 0..20 {
            let missing = Err(Error::new(ErrorKind::NotFound, "there is no such secret"));
            keep(&cache, &format!("{name}{}", "k".repeat(1 << 20)), missing).await;
        }
        cache.tend().await;
        assert!(cache.failures.weighted_size() <= FAILURES);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_gone_is_not_served_any_more_and_what_cannot_be_read_is() {
        let cache = EntryCache::new(1 << 20);
        for (kind, stays) in
            [(ErrorKind::NotFound, false), (ErrorKind::Forbidden, false), (ErrorKind::Unavailable, true)]
        {
            keep(&cache, "a", read(8)).await;
            tokio::time::advance(SECOND).await;
            keep(&cache, "a", Err(Error::new(kind, "no"))).await;
            assert_eq!(cache.get(&key("a"), 5 * SECOND).is_some(), stays, "{kind:?}");
        }
        let before = Instant::now();
        tokio::time::advance(SECOND).await;
        keep(&cache, "a", read(8)).await;
        cache.keep(key("a"), &Err(Error::new(ErrorKind::NotFound, "no")), before).await;
        assert!(cache.get(&key("a"), 5 * SECOND).is_some(), "it was made since");
    }

    #[tokio::test]
    async fn a_store_that_is_gone_or_changed_takes_its_entries_along() {
        let cache = EntryCache::new(10_000);
        keep(&cache, "a", read(10)).await;
        let there = |cache: &EntryCache| cache.get(&key("a"), SECOND).is_some();
        cache.keep_of(&HashMap::from([("uid".to_owned(), 1)])).await;
        assert!(there(&cache));
        cache.keep_of(&HashMap::from([("uid".to_owned(), 2)])).await;
        assert!(!there(&cache), "changed");
        keep(&cache, "a", read(10)).await;
        cache.keep_of(&HashMap::from([("other".to_owned(), 1)])).await;
        assert!(!there(&cache), "gone");
    }

    #[tokio::test]
    async fn what_is_dropped_is_freed_at_once() {
        let cache = EntryCache::new(10_000);
        let answer = read(10);
        let held = answer.as_ref().map(|read| Arc::downgrade(&read.entry)).expect("an entry");
        keep(&cache, "a", answer).await;
        assert!(held.upgrade().is_some());
        cache.keep_of(&HashMap::new()).await;
        cache.tend().await;
        assert!(held.upgrade().is_none());
    }
}
