//! Stores and namespaces by name, for the core.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Namespace;
use kube::core::{ApiResource, DynamicObject, GroupVersionKind};
use kube::{Api, ResourceExt};
use latchkey_api::external_secret::{ExternalSecret, StoreKind};
use latchkey_api::generator;
use moka::sync::Cache;
use serde_json::Value;

use super::rows::{StoreRow, cluster_secret_store, secret_store};
use super::{Key, Lookup, SHORT};
use crate::engine::pending::spec_hash;
use crate::engine::plan::{GeneratorKey, StoreKey};
use crate::engine::stores::{LookupFailed, Store, Stores};

/// How far behind a watch may be.
const BEHIND: Duration = Duration::from_secs(2);

/// For how long a value that admission has read need not be read again for the very same version.
const JUST_READ: Duration = Duration::from_secs(5);

/// For how long a store is known that is not there any more: PushSecrets that are deleted with it remove what they pushed.
const DEPARTED: Duration = Duration::from_mins(10);

/// What was asked for a moment ago, and what the watch may not have seen yet.
#[derive(Debug)]
pub(super) struct Recent {
    namespaces: Cache<String, Arc<BTreeMap<String, String>>>,
    admitted: Cache<StoreKey, ()>,
    synced: Cache<Key, String>,
    departed: Cache<StoreKey, Arc<Store>>,
}

impl Default for Recent {
    fn default() -> Self {
        Self {
            namespaces: Cache::builder().time_to_live(SHORT).max_capacity(10_000).build(),
            admitted: Cache::builder().time_to_live(BEHIND).max_capacity(10_000).build(),
            synced: Cache::builder().time_to_live(JUST_READ).max_capacity(10_000).build(),
            departed: Cache::builder().time_to_live(DEPARTED).max_capacity(1_000).build(),
        }
    }
}

impl Recent {
    /// Lets go of what is too old to be used.
    pub(super) fn tidy_up(&self) {
        self.namespaces.run_pending_tasks();
        self.admitted.run_pending_tasks();
        self.synced.run_pending_tasks();
        self.departed.run_pending_tasks();
    }
}

impl Lookup {
    /// Says that a store is being admitted: for a moment what the watch has of it may be old.
    pub fn admitted(&self, store: StoreKey) {
        self.recent.admitted.insert(store, ());
    }

    /// Says that a store is gone.
    pub(super) fn has_departed(&self, store: &Arc<Store>) {
        self.recent.departed.insert(store.key.clone(), Arc::clone(store));
    }

    /// Says that admission has synced this version of an ExternalSecret. Where nothing had to be written, no mark tells.
    pub fn synced(&self, object: &ExternalSecret) {
        self.recent.synced.insert(key_of(object), spec_hash(object));
    }

    /// Whether admission here has synced this very version a moment ago.
    pub fn was_synced(&self, object: &ExternalSecret) -> bool {
        self.recent.synced.get(&key_of(object)).is_some_and(|synced| synced == spec_hash(object))
    }

    async fn fresh(&self, key: &StoreKey) -> Result<Option<Arc<Store>>, LookupFailed> {
        let row = match (key.kind, &key.namespace) {
            (StoreKind::SecretStore, Some(namespace)) => {
                get(Api::namespaced(self.client.clone(), namespace), key, secret_store).await?
            }
            (StoreKind::SecretStore, None) => None,
            (StoreKind::ClusterSecretStore, _) => {
                get(Api::all(self.client.clone()), key, cluster_secret_store).await?
            }
        };
        Ok(row.map(|row| row.store))
    }
}

fn key_of(object: &ExternalSecret) -> Key {
    Key::new(object.namespace().unwrap_or_default(), object.name_any())
}

async fn get<K>(
    api: Api<K>,
    key: &StoreKey,
    row: fn(K) -> Option<(Key, StoreRow)>,
) -> Result<Option<StoreRow>, LookupFailed>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let object = api.get_opt(&key.name).await.map_err(|error| failed("read", key, &error))?;
    Ok(object.and_then(row).map(|(_, row)| row))
}

pub(super) fn failed(verb: &str, what: impl std::fmt::Display, error: &kube::Error) -> LookupFailed {
    LookupFailed(format!("cannot {verb} {what}: {}", crate::lookup::credentials::reason(error)))
}

#[async_trait]
impl Stores for Lookup {
    async fn store(&self, key: &StoreKey) -> Result<Option<Arc<Store>>, LookupFailed> {
        if key.kind == StoreKind::ClusterSecretStore && !self.scope.cluster_stores {
            return Ok(None); // latchkey may not even ask
        }
        match self.store_row(key) {
            Some(row) if !self.recent.admitted.contains_key(key) => Ok(Some(Arc::clone(&row.store))),
            _ => self.fresh(key).await,
        }
    }

    async fn namespace_labels(&self, namespace: &str) -> Result<BTreeMap<String, String>, LookupFailed> {
        if let Some(labels) = self.recent.namespaces.get(namespace) {
            return Ok(labels.as_ref().clone());
        }
        let api: Api<Namespace> = Api::all(self.client.clone());
        let object = api
            .get_metadata(namespace)
            .await
            .map_err(|error| failed("read", format_args!("namespace {namespace:?}"), &error))?;
        let labels = object.metadata.labels.unwrap_or_default();
        self.recent.namespaces.insert(namespace.to_owned(), Arc::new(labels.clone()));
        Ok(labels)
    }

    async fn generator(&self, key: &GeneratorKey) -> Result<Option<Value>, LookupFailed> {
        let (kind, plural) = match key.kind {
            Some(kind) => (kind.name(), kind.plural()),
            None => ("ClusterGenerator", "clustergenerators"),
        };
        let gvk = GroupVersionKind::gvk(generator::GROUP, generator::VERSION, kind);
        let resource = ApiResource::from_gvk_with_plural(&gvk, plural);
        let api: Api<DynamicObject> = match &key.namespace {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        };
        match api.get(&key.name).await {
            Ok(mut object) => Ok(Some(object.data["spec"].take())),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None), // also where the CRD is not installed
            Err(error) => Err(failed("read", key, &error)),
        }
    }

    fn departed(&self, key: &StoreKey) -> Option<Arc<Store>> {
        self.recent.departed.get(key)
    }

    fn present(&self) -> Option<HashMap<String, i64>> {
        Some(self.all_stores().iter().map(|row| (row.store.uid.clone(), row.store.generation)).collect())
    }
}
