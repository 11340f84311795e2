//! The stores that a PushSecret names, by their names or by their labels.

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_api::push_secret::{PushSecretSpec, PushStoreRef};

use super::super::Term;
use crate::engine::Error;
use crate::engine::plan::StoreKey;
use crate::engine::push::{self, Place, Present};
use crate::lookup::{Lookup, StoreRow};

impl Term<'_> {
    /// The stores that a PushSecret names, each once; without those of another controller.
    pub(super) fn places(&self, spec: &PushSecretSpec, namespace: &str) -> Result<Vec<Place>, Error> {
        let mut places = push::all_meant(spec, namespace, &*self.refresher.lookup)?;
        places.retain(|place| {
            let row = self.refresher.lookup.store_row(&place.key);
            row.is_none_or(|row| self.refresher.engine.is_of_class(&row.store.spec))
        });
        Ok(places)
    }

    /// Whether every store that it names is there and another controller's: such a PushSecret is theirs.
    pub(in crate::refresh) fn is_of_others(&self, spec: &PushSecretSpec, namespace: &str) -> bool {
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
        push::meant(of, namespace, &*self.refresher.lookup)
    }
}

impl Present for Lookup {
    fn labels(&self, key: &StoreKey) -> Option<BTreeMap<String, String>> {
        self.store_row(key).map(|row| row.labels.clone())
    }

    fn all(&self) -> Vec<Place> {
        let place = |row: Arc<StoreRow>| Place { key: row.store.key.clone(), labels: row.labels.clone() };
        self.all_stores().into_iter().map(place).collect()
    }
}
