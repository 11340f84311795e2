//! Objects by name, kept by a watch.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// Namespace and name of an object; the namespace is empty for objects of the cluster. Copies share their text, as each object
/// is named in a dozen places.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(Arc<str>);

impl Key {
    /// The key of an object.
    pub fn new(namespace: impl AsRef<str>, name: impl AsRef<str>) -> Self {
        Self([namespace.as_ref(), "/", name.as_ref()].concat().into())
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        self.parts().0
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.parts().1
    }

    /// No namespace holds a slash.
    fn parts(&self) -> (&str, &str) {
        self.0.split_once('/').unwrap_or(("", &self.0))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.strip_prefix('/').unwrap_or(&self.0))
    }
}

/// Objects by name. Reading never waits for the API server.
#[derive(Debug)]
pub struct Table<V> {
    rows: RwLock<HashMap<Key, Arc<V>>>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Self { rows: RwLock::default() }
    }
}

impl<V> Table<V> {
    /// The object of this name.
    pub fn get(&self, key: &Key) -> Option<Arc<V>> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// All objects, at this moment.
    pub fn all(&self) -> Vec<(Key, Arc<V>)> {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.iter().map(|(key, row)| (key.clone(), Arc::clone(row))).collect()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.rows.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an object; gives back the one before.
    pub fn put(&self, key: Key, row: Arc<V>) -> Option<Arc<V>> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner).insert(key, row)
    }

    /// Takes an object out.
    pub fn remove(&self, key: &Key) -> Option<Arc<V>> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner).remove(key)
    }

    /// Takes out everything that a fresh list did not have; gives it back.
    pub fn retain(&self, listed: &HashSet<Key>) -> Vec<(Key, Arc<V>)> {
        let mut rows = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        rows.extract_if(|key, _| !listed.contains(key)).collect()
    }
}

/// Which objects (by key) refer to an `A`.
#[derive(Debug)]
pub struct Index<A> {
    referrers: RwLock<HashMap<A, Referrers>>,
}

/// Most things have a single one.
#[derive(Debug)]
enum Referrers {
    One(Key),
    Many(HashSet<Key>),
}

impl<A> Default for Index<A> {
    fn default() -> Self {
        Self { referrers: RwLock::default() }
    }
}

impl Referrers {
    fn add(&mut self, from: &Key) {
        match self {
            Self::One(key) if key == from => (),
            Self::One(key) => *self = Self::Many(HashSet::from([key.clone(), from.clone()])),
            Self::Many(keys) => drop(keys.insert(from.clone())),
        }
    }

    /// Whether nobody is left.
    fn remove(&mut self, from: &Key) -> bool {
        match self {
            Self::One(key) => key == from,
            Self::Many(keys) => {
                keys.remove(from);
                keys.is_empty()
            }
        }
    }

    fn all(&self) -> Vec<Key> {
        match self {
            Self::One(key) => vec![key.clone()],
            Self::Many(keys) => keys.iter().cloned().collect(),
        }
    }
}

impl<A: Eq + Hash> Index<A> {
    /// Who refers to it.
    pub fn of(&self, to: &A) -> Vec<Key> {
        let referrers = self.referrers.read().unwrap_or_else(PoisonError::into_inner);
        referrers.get(to).map(Referrers::all).unwrap_or_default()
    }

    /// Replaces what `from` referred to.
    pub fn change(&self, from: &Key, before: &[A], now: Vec<A>) {
        if before == now {
            return; // only its status has changed, mostly
        }
        let mut referrers = self.referrers.write().unwrap_or_else(PoisonError::into_inner);
        for to in before {
            if referrers.get_mut(to).is_some_and(|keys| keys.remove(from)) {
                referrers.remove(to);
            }
        }
        for to in now {
            match referrers.entry(to) {
                Entry::Occupied(mut keys) => keys.get_mut().add(from),
                Entry::Vacant(place) => drop(place.insert(Referrers::One(from.clone()))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_list_takes_out_what_it_does_not_have() {
        let table = Table::default();
        table.put(Key::new("a", "kept"), Arc::new(1));
        table.put(Key::new("a", "gone"), Arc::new(2));
        let gone = table.retain(&HashSet::from([Key::new("a", "kept")]));
        assert_eq!(gone, vec![(Key::new("a", "gone"), Arc::new(2))]);
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn an_index_forgets_what_is_referred_to_no_longer() {
        let index = Index::default();
        let from = Key::new("a", "one");
        index.change(&from, &[], vec!["x", "y"]);
        index.change(&from, &["x", "y"], vec!["y"]);
        assert!(index.of(&"x").is_empty());
        assert_eq!(index.of(&"y"), [from]);
    }

    #[test]
    fn an_index_knows_all_who_refer_to_the_same() {
        let (index, [one, two, three]) = (Index::default(), ["1", "2", "3"].map(|name| Key::new("a", name)));
        [&one, &two, &two, &three].into_iter().for_each(|from| index.change(from, &[], vec!["x"]));
        index.change(&two, &["x"], vec![]);
        let mut left = index.of(&"x");
        left.sort();
        assert_eq!(left, [one.clone(), three.clone()]);
        [&one, &three].into_iter().for_each(|from| index.change(from, &["x"], vec![]));
        assert!(index.of(&"x").is_empty() && index.referrers.read().expect("it").is_empty());
    }
}
