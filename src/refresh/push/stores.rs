//! The stores that a PushSecret names, by their names or by their labels.

use std::collections::BTreeSet;

use latchkey_api::external_secret::StoreKind;
use latchkey_api::push_secret::{PushSecretSpec, PushStoreRef};

use super::super::Term;
use crate::engine::plan::StoreKey;
use crate::engine::push::Place;
use crate::engine::resolve::selects;
use crate::engine::{Error, message};

impl Term<'_> {
    /// The stores that a PushSecret names, each once.
    pub(super) fn places(&self, spec: &PushSecretSpec, namespace: &str) -> Result<Vec<Place>, Error> {
        let mut places: Vec<Place> = Vec::new();
        let mut seen = BTreeSet::new();
        for (index, of) in spec.secret_store_refs.iter().enumerate() {
            let found = self.named(of, namespace);
            if found.is_empty() {
                return Err(message::no_such_store(&format!("spec.secretStoreRefs[{index}]")));
            }
            let ours = found.into_iter().filter(|place| {
                let row = self.refresher.lookup.store_row(&place.key);
                row.is_none_or(|row| self.refresher.engine.is_of_class(&row.store.spec))
            });
            places.extend(ours.filter(|place| seen.insert(place.key.clone())));
        }
        Ok(places)
    }

    /// Whether every store that it names is there and another controller's: such a PushSecret is theirs.
    pub(super) fn is_of_others(&self, spec: &PushSecretSpec, namespace: &str) -> bool {
        let is_theirs = |of: &PushStoreRef| {
            let places = self.named(of, namespace);
            let is_other = |place: &Place| {
                let row = self.refresher.lookup.store_row(&place.key);
                row.is_some_and(|row| !self.refresher.engine.is_of_class(&row.store.spec))
            };
            !places.is_empty() && places.iter().all(is_other)
        };
        !spec.secret_store_refs.is_empty() && spec.secret_store_refs.iter().all(is_theirs)
    }

    fn named(&self, of: &PushStoreRef, namespace: &str) -> Vec<Place> {
        let lookup = &self.refresher.lookup;
        let Some(selector) = &of.label_selector else {
            let (kind, namespace) = kind_of(of, namespace);
            let key = StoreKey { kind, namespace, name: of.name.clone().unwrap_or_default() };
            let labels = lookup.store_row(&key).map(|row| row.labels.clone()).unwrap_or_default();
            return match key.name.is_empty() {
                true => Vec::new(),
                false => vec![Place { key, labels }], // that it is not there is said when it is opened
            };
        };
        let rows = lookup.all_stores().into_iter();
        let meant = rows.filter(|row| names(of, &row.store.key, namespace) && selects(selector, &row.labels));
        let mut places: Vec<Place> =
            meant.map(|row| Place { key: row.store.key.clone(), labels: row.labels.clone() }).collect();
        places.sort_by(|one, other| one.key.cmp(&other.key));
        places
    }
}

fn kind_of(of: &PushStoreRef, namespace: &str) -> (StoreKind, Option<String>) {
    match of.kind.as_deref() {
        Some("ClusterSecretStore") => (StoreKind::ClusterSecretStore, None),
        Some(_) | None => (StoreKind::SecretStore, Some(namespace.to_owned())),
    }
}

/// Whether a reference may mean this store, as far as kind, namespace and name tell. Where there are labels, the name says nothing,
/// as with External Secrets Operator.
pub(super) fn names(of: &PushStoreRef, store: &StoreKey, namespace: &str) -> bool {
    let (kind, namespace) = kind_of(of, namespace);
    kind == store.kind
        && namespace == store.namespace
        && (of.label_selector.is_some() || of.name.as_ref() == Some(&store.name))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn names(of: Value) -> [bool; 3] {
        let of: PushStoreRef = serde_json::from_value(of).expect("a reference");
        let store = |kind, namespace: Option<&str>, name: &str| StoreKey {
            kind,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        };
        [
            store(StoreKind::SecretStore, Some("team"), "vault"),
            store(StoreKind::SecretStore, Some("other"), "vault"),
            store(StoreKind::ClusterSecretStore, None, "vault"),
        ]
        .map(|store| super::names(&of, &store, "team"))
    }

    #[test]
    fn a_store_is_meant_by_its_name_unless_there_are_labels() {
        assert_eq!(names(json!({ "name": "vault" })), [true, false, false]);
        assert_eq!(names(json!({ "name": "aws" })), [false; 3]);
        assert_eq!(names(json!({ "name": "" })), [false; 3]);
        assert_eq!(names(json!({ "labelSelector": {} })), [true, false, false]);
        assert_eq!(names(json!({ "name": "aws", "labelSelector": {} })), [true, false, false]);
        let cluster = json!({ "kind": "ClusterSecretStore", "name": "aws", "labelSelector": {} });
        assert_eq!(names(cluster), [false, false, true]);
    }
}
