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
#[derive(Debug)]
struct Changed {
    last: Instant,
    keys: HashMap<String, Instant>,
}

impl Changes {
    /// Notes that this key was written to just now, or may have been.
    pub fn note(&self, uid: &str, key: &str) {
        let now = Instant::now();
        let stores = &mut *lock(&self.0);
        let store =
            stores.entry(uid.to_owned()).or_insert_with(|| Changed { last: now, keys: HashMap::new() });
        store.last = now;
        store.keys.insert(key.to_owned(), now);
    }

    /// When what is written as this was last written to. What may hold anything of the store, as a list does, is written
    /// as none.
    pub fn last(&self, uid: &str, written_as: impl FnOnce() -> Option<String>) -> Option<Instant> {
        let stores = &*lock(&self.0);
        let store = stores.get(uid)?;
        match written_as() {
            Some(key) => store.keys.get(&key).copied(),
            None => Some(store.last),
        }
    }

    /// Forgets what was long ago.
    pub fn tend(&self) {
        let now = Instant::now();
        let is_new = |at: &Instant| now.saturating_duration_since(*at) < REMEMBERED;
        lock(&self.0).retain(|_, store| {
            store.keys.retain(|_, at| is_new(at));
            is_new(&store.last)
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
