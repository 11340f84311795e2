//! What the sync core tells of its reads.

use super::Metrics;
use crate::engine::fetch::{Observer, Served};
use crate::engine::plan::StoreKey;

impl Observer for Metrics {
    fn served(&self, _store: &StoreKey, how: Served) {
        match how {
            Served::Cached | Served::Joined => self.cache_hit(),
            Served::Read => {
                self.cache_miss();
                self.remote_read();
            }
            Served::TurnedAway => {
                self.cache_miss();
                self.turned_away();
            }
        }
    }

    fn down(&self, store: &StoreKey, down: bool) {
        self.store_down(store, down);
    }

    /// The calls themselves are counted by the providers, by name.
    fn call(&self, _store: &StoreKey, _entries: usize) {}
}
