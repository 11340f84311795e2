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
        if let Some(name) = of.name.clone().filter(|name| !name.is_empty()) {
            let (kind, namespace) = kind_of(of, namespace);
            let key = StoreKey { kind, namespace, name };
            let labels = lookup.store_row(&key).map(|row| row.labels.clone()).unwrap_or_default();
            return vec![Place { key, labels }]; // that it is not there is said when it is opened
        }
        let rows = lookup.all_stores().into_iter();
        let meant = rows.filter(|row| {
            names(of, &row.store.key, namespace)
                && of.label_selector.as_ref().is_some_and(|selector| selects(selector, &row.labels))
        });
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

/// Whether a reference may mean this store, as far as kind, namespace and name tell.
pub(super) fn names(of: &PushStoreRef, store: &StoreKey, namespace: &str) -> bool {
    let (kind, namespace) = kind_of(of, namespace);
    kind == store.kind
        && namespace == store.namespace
        && of.name.as_ref().is_none_or(|name| name.is_empty() || *name == store.name)
}
