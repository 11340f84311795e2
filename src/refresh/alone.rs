//! One at a time for each ExternalSecret, for whatever reason it is worked at: its own turn, a repair, a second look, the
//! sweep. Two at once would be of two versions, and the later to write might be the older.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::lookup::Key;

/// How many may be remembered that nobody works at.
const IDLE: usize = 1_024;

/// Which ExternalSecrets are being worked at.
#[derive(Debug, Default)]
pub struct Alone(Mutex<HashMap<Key, Arc<tokio::sync::Mutex<()>>>>);

impl Alone {
    /// Waits until nobody else works at it. What is known of it has to be looked up after that.
    pub async fn with(&self, key: &Key) -> OwnedMutexGuard<()> {
        self.place(key).lock_owned().await
    }

    fn place(&self, key: &Key) -> Arc<tokio::sync::Mutex<()>> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() > IDLE {
            places.retain(|_, place| Arc::strong_count(place) > 1);
        }
        Arc::clone(places.entry(key.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn the_second_waits_for_the_first_and_others_do_not() {
        let alone = Alone::default();
        let first = alone.with(&Key::new("team", "db")).await;
        assert!(alone.with(&Key::new("team", "other")).now_or_never().is_some());
        assert!(alone.with(&Key::new("team", "db")).now_or_never().is_none());
        drop(first);
        assert!(alone.with(&Key::new("team", "db")).now_or_never().is_some());
    }

    #[tokio::test]
    async fn what_is_worked_at_is_not_forgotten() {
        let alone = Alone::default();
        let _first = alone.with(&Key::new("team", "db")).await;
        for n in 0..3 * IDLE {
            drop(alone.with(&Key::new("team", n.to_string())).await);
        }
        assert!(alone.with(&Key::new("team", "db")).now_or_never().is_none());
        assert!(alone.0.lock().expect("nobody panics").len() <= IDLE + 2);
    }
}
