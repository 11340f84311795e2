//! What latchkey itself has written to stores lately. Whatever was read of it before that is not served any more: neither
//! what is in memory, nor what a read that was under way brings home.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::lock;

/// How long a write is remembered: longer than any read is under way.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// When each remote secret was last written to, by the store's uid and the key as the store resolves it.
#[derive(Debug, Default)]
pub struct Changes(Mutex<HashMap<String, Changed>>);

/// What was written to one store.
#[derive(Debug, Default)]
struct Changed {
    last: Option<Instant>,
    keys: HashMap<String, Instant>,
    /// What is being written, and how often: it may have been written already.
    under_way: HashMap<String, usize>,
}

/// A write that is under way until this is dropped.
#[derive(Debug)]
pub struct UnderWay<'a> {
    changes: &'a Changes,
    uid: String,
    key: String,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let stores = &mut *lock(&self.changes.0);
        let Some(store) = stores.get_mut(&self.uid) else { return };
        if let Some(count) = store.under_way.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                store.under_way.remove(&self.key);
            }
        }
    }
}

impl Changes {
    /// While this is held, the key counts as written to at every moment.
    pub fn writing(&self, uid: &str, key: &str) -> UnderWay<'_> {
        let stores = &mut *lock(&self.0);
        let store = stores.entry(uid.to_owned()).or_default();
        *store.under_way.entry(key.to_owned()).or_default() += 1;
        UnderWay { changes: self, uid: uid.to_owned(), key: key.to_owned() }
    }

    /// Notes that this key was written to just now, or may have been.
    pub fn note(&self, uid: &str, key: &str) {
        let now = Instant::now();
        let stores = &mut *lock(&self.0);
        let store = stores.entry(uid.to_owned()).or_default();
        store.last = Some(now);
        store.keys.insert(key.to_owned(), now);
    }

    /// When what is written as this was last written to. What may hold anything of the store, as a list does, is written
    /// as none.
    pub fn last(&self, uid: &str, written_as: impl FnOnce() -> Option<String>) -> Option<Instant> {
        let stores = &*lock(&self.0);
        let store = stores.get(uid)?;
        let (under_way, last) = match written_as() {
            Some(key) => (store.under_way.contains_key(&key), store.keys.get(&key).copied()),
            None => (!store.under_way.is_empty(), store.last),
        };
        if under_way { Some(Instant::now()) } else { last }
    }

    /// Forgets what was long ago.
    pub fn tend(&self) {
        let now = Instant::now();
        let is_new = |at: &Instant| now.saturating_duration_since(*at) < REMEMBERED;
        lock(&self.0).retain(|_, store| {
            store.keys.retain(|_, at| is_new(at));
            !store.under_way.is_empty() || store.last.as_ref().is_some_and(is_new)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> impl FnOnce() -> Option<String> {
        let name = name.to_owned();
        || Some(name)
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_was_written_when_it_was_and_a_list_when_any_key_was() {
        let changes = Changes::default();
        let first = Instant::now();
        changes.note("uid", "a");
        tokio::time::advance(Duration::from_secs(1)).await;
        changes.note("uid", "b");
        assert_eq!(changes.last("uid", key("a")), Some(first));
        assert_eq!(changes.last("uid", || None), Some(Instant::now()));
        assert_eq!(changes.last("uid", key("c")), None);
        assert_eq!(changes.last("other", || None), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_being_written_may_have_been_written_at_any_moment() {
        let changes = Changes::default();
        let [one, other] = [(); 2].map(|()| changes.writing("uid", "a"));
        tokio::time::advance(REMEMBERED * 2).await;
        changes.tend();
        drop(one);
        let now = Some(Instant::now());
        assert_eq!((changes.last("uid", key("a")), changes.last("uid", || None)), (now, now));
        assert_eq!((changes.last("uid", key("b")), changes.last("other", || None)), (None, None));
        drop(other);
        assert_eq!((changes.last("uid", key("a")), changes.last("uid", || None)), (None, None));
        changes.tend();
        assert!(lock(&changes.0).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_long_ago_is_forgotten() {
        let changes = Changes::default();
        changes.note("uid", "a");
        tokio::time::advance(REMEMBERED / 2).await;
        changes.note("uid", "b");
        tokio::time::advance(REMEMBERED / 2).await;
        changes.tend();
        assert_eq!(changes.last("uid", key("a")), None);
        assert!(changes.last("uid", key("b")).is_some());
        tokio::time::advance(REMEMBERED / 2).await;
        changes.tend();
        assert!(lock(&changes.0).is_empty());
    }
}
