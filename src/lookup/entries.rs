//! The remote entries that ExternalSecrets are read again by, so that those which come due together are read together.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;
use std::sync::{PoisonError, RwLock};

use latchkey_api::external_secret::ExternalSecret;
use latchkey_provider::EntryRef;

use crate::engine::plan::StoreKey;
use crate::engine::recurrence::Recurrence;

/// All entries of one store that are read again so often, by position.
type Group = BTreeMap<u64, Named>;

/// An entry, and how many ExternalSecrets of which namespaces name it.
#[derive(Debug)]
struct Named {
    entry: EntryRef,
    by: Vec<(String, usize)>,
}

/// The entries of all stores.
#[derive(Debug, Default)]
pub struct Entries {
    groups: RwLock<HashMap<(StoreKey, u64), Group>>,
}

impl Entries {
    /// How many different entries of a store are read again at this interval, in seconds.
    pub fn count(&self, store: &StoreKey, seconds: u64) -> usize {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(&(store.clone(), seconds)).map_or(0, Group::len)
    }

    /// Those of them that are at these positions and that somebody in this namespace names.
    pub fn within(
        &self,
        store: &StoreKey,
        seconds: u64,
        positions: RangeInclusive<u64>,
        namespace: &str,
    ) -> Vec<EntryRef> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        let Some(group) = groups.get(&(store.clone(), seconds)) else { return Vec::new() };
        let is_named = |named: &&Named| named.by.iter().any(|(by, _)| by == namespace);
        group
            .range(positions)
            .map(|(_, named)| named)
            .filter(is_named)
            .map(|named| named.entry.clone())
            .collect()
    }

    /// Notes what an ExternalSecret named before and names now.
    pub(super) fn change(&self, before: Option<&ExternalSecret>, now: Option<&ExternalSecret>) {
        let spec = |object: Option<&ExternalSecret>| object.map(|object| object.metadata.generation);
        if before.is_some() && spec(before) == spec(now) && before.map(uid) == now.map(uid) {
            return; // a status, mostly
        }
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((object, recurrence)) = before.and_then(recurring) {
            remove(&mut groups, namespace(object), recurrence);
        }
        if let Some((object, recurrence)) = now.and_then(recurring) {
            add(&mut groups, namespace(object), recurrence);
        }
    }
}

fn recurring(object: &ExternalSecret) -> Option<(&ExternalSecret, Recurrence)> {
    Some((object, Recurrence::of(object)?))
}

fn namespace(object: &ExternalSecret) -> &str {
    object.metadata.namespace.as_deref().unwrap_or_default()
}

fn uid(object: &ExternalSecret) -> Option<&str> {
    object.metadata.uid.as_deref()
}

fn add(groups: &mut HashMap<(StoreKey, u64), Group>, namespace: &str, recurrence: Recurrence) {
    let position = recurrence.position();
    let Recurrence { store: Some(store), entry: Some(entry), seconds } = recurrence else { return };
    let group = groups.entry((store, seconds)).or_default();
    let named = group.entry(position).or_insert_with(|| Named { entry, by: Vec::new() });
    match named.by.iter_mut().find(|(by, _)| by == namespace) {
        Some((_, count)) => *count += 1,
        None => named.by.push((namespace.to_owned(), 1)),
    }
}

fn remove(groups: &mut HashMap<(StoreKey, u64), Group>, namespace: &str, recurrence: Recurrence) {
    let position = recurrence.position();
    let Recurrence { store: Some(store), entry: _, seconds } = recurrence else { return };
    let key = (store, seconds);
    let Some(group) = groups.get_mut(&key) else { return };
    let Some(named) = group.get_mut(&position) else { return };
    named.by.iter_mut().filter(|(by, _)| by == namespace).for_each(|(_, count)| *count -= 1);
    named.by.retain(|(_, count)| *count > 0);
    if named.by.is_empty() {
        group.remove(&position);
    }
    if group.is_empty() {
        groups.remove(&key);
    }
}

#[cfg(test)]
mod tests {
    use latchkey_api::external_secret::StoreKind;
    use serde_json::json;

    use super::*;

    fn object(namespace: &str, name: &str, key: &str, generation: i64) -> ExternalSecret {
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": { "name": name, "namespace": namespace, "uid": name, "generation": generation },
            "spec": {
                "secretStoreRef": { "name": "all", "kind": "ClusterSecretStore" }, "refreshInterval": "1h",
                "data": [{ "secretKey": "a", "remoteRef": { "key": key } }],
            },
        });
        serde_json::from_value(object).expect("an ExternalSecret")
    }

    fn keys(entries: &Entries, namespace: &str) -> Vec<String> {
        let store = StoreKey { kind: StoreKind::ClusterSecretStore, namespace: None, name: "all".into() };
        let found = entries.within(&store, 3_600, 0..=u64::MAX, namespace);
        assert!(entries.count(&store, 3_600) >= found.len() && entries.count(&store, 60) == 0);
        let mut keys: Vec<String> = found.into_iter().map(|entry| entry.key).collect();
        keys.sort();
        keys
    }

    #[test]
    fn an_entry_is_known_as_long_as_somebody_names_it() {
        let entries = Entries::default();
        let [one, two, other] =
            [("a", "one"), ("a", "two"), ("b", "other")].map(|(ns, name)| object(ns, name, "k", 1));
        for object in [&one, &two, &other] {
            entries.change(None, Some(object));
        }
        assert_eq!((keys(&entries, "a"), keys(&entries, "b")), (vec!["k".into()], vec!["k".into()]));
        entries.change(Some(&one), None);
        assert_eq!(keys(&entries, "a"), ["k"]);
        entries.change(Some(&two), Some(&object("a", "two", "l", 2)));
        assert_eq!((keys(&entries, "a"), keys(&entries, "b")), (vec!["l".into()], vec!["k".into()]));
        entries.change(Some(&other), None);
        assert!(keys(&entries, "b").is_empty());
    }

    #[test]
    fn one_that_was_made_again_is_another() {
        let entries = Entries::default();
        let before = object("a", "one", "k", 1);
        let mut now = object("a", "one", "l", 1);
        now.metadata.uid = Some("another".into());
        entries.change(None, Some(&before));
        entries.change(Some(&before), Some(&now));
        assert_eq!(keys(&entries, "a"), ["l"]);
    }
}
