//! What a leader remembers of PushSecrets, as the watch tells of a status a moment late, and what generators make is not to be made
//! twice.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::engine::push::Made;
use crate::lookup::Key;

/// After this another one is made: tokens end.
const GOOD: Duration = Duration::from_mins(10);

/// By PushSecret, each with the version that it is of.
#[derive(Debug, Default)]
pub(in crate::refresh) struct Memory {
    pushed: Mutex<HashMap<Key, (String, Timestamp)>>,
    unpushed: Mutex<HashMap<Key, (String, Made)>>,
}

impl Memory {
    /// When this version was pushed, if it was from here and has not failed since.
    pub fn pushed(&self, key: &Key, version: &str) -> Option<Timestamp> {
        let pushed = lock(&self.pushed);
        pushed.get(key).filter(|(of, _)| of == version).map(|(_, at)| *at)
    }

    /// It was pushed now, or has failed.
    pub fn note(&self, key: &Key, version: &str, pushed: Option<Timestamp>) {
        let all = &mut *lock(&self.pushed);
        match pushed {
            Some(at) => drop(all.insert(key.clone(), (version.to_owned(), at))),
            None => drop(all.remove(key)),
        }
    }

    /// What services have made for this version and keep, and what is not in all stores yet, if it was made lately: it is pushed
    /// once more, and no other is made. What was made for another version goes when something is pushed.
    pub fn unpushed(&self, key: &Key, version: &str) -> Option<Made> {
        let (of, made) = lock(&self.unpushed).remove(key)?;
        (of == version && made.at.elapsed() < GOOD).then_some(made)
    }

    /// It is not in all stores yet.
    pub fn keep(&self, key: &Key, version: String, made: Made) {
        lock(&self.unpushed).insert(key.clone(), (version, made));
    }

    /// The PushSecret is gone, and what was made for it goes with it.
    pub fn forget(&self, key: &Key) {
        lock(&self.pushed).remove(key);
        lock(&self.unpushed).remove(key);
    }
}

fn lock<T>(all: &Mutex<T>) -> MutexGuard<'_, T> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_remembered_of_its_version_until_it_fails_or_is_gone() {
        let (memory, key, at) = (Memory::default(), Key::new("team", "push"), Timestamp::UNIX_EPOCH);
        memory.note(&key, "1", Some(at));
        assert_eq!(memory.pushed(&key, "1"), Some(at));
        assert_eq!(memory.pushed(&key, "2"), None);
        memory.note(&key, "1", None);
        assert_eq!(memory.pushed(&key, "1"), None);
        memory.note(&key, "2", Some(at));
        memory.forget(&key);
        assert_eq!(memory.pushed(&key, "2"), None);
    }
}
