//! Objects by name, kept by a watch.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, PoisonError, RwLock};

/// Namespace and name of an object; the namespace is empty for objects of the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// The key of an object.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => f.write_str(&self.name),
            namespace => write!(f, "{namespace}/{}", self.name),
        }
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
    referrers: RwLock<HashMap<A, HashSet<Key>>>,
}

impl<A> Default for Index<A> {
    fn default() -> Self {
        Self { referrers: RwLock::default() }
    }
}

impl<A: Eq + Hash> Index<A> {
    /// Who refers to it.
    pub fn of(&self, to: &A) -> Vec<Key> {
        let referrers = self.referrers.read().unwrap_or_else(PoisonError::into_inner);
        referrers.get(to).map(|keys| keys.iter().cloned().collect()).unwrap_or_default()
    }

    /// Replaces what `from` referred to.
    pub fn change(&self, from: &Key, before: impl IntoIterator<Item = A>, now: impl IntoIterator<Item = A>) {
        let mut referrers = self.referrers.write().unwrap_or_else(PoisonError::into_inner);
        for to in before {
            if let Some(keys) = referrers.get_mut(&to) {
                keys.remove(from);
                if keys.is_empty() {
                    referrers.remove(&to);
                }
            }
        }
        for to in now {
            referrers.entry(to).or_default().insert(from.clone());
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
        index.change(&from, [], ["x", "y"]);
        index.change(&from, ["x", "y"], ["y"]);
        assert!(index.of(&"x").is_empty());
        assert_eq!(index.of(&"y"), vec![from]);
    }
}
