//! What the core asks of the cluster's stores; `lookup` answers.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_api::store::SecretStoreSpec;
use serde_json::Value;

use super::plan::{GeneratorKey, StoreKey};

/// A store as it stands in the cluster.
#[derive(Debug, Clone)]
pub struct Store {
    /// Its name.
    pub key: StoreKey,
    /// Its uid: a store made again under the same name shares no cached value with the one before.
    pub uid: String,
    /// Its generation: a changed specification shares no cached value with the one before.
    pub generation: i64,
    /// Its specification.
    pub spec: SecretStoreSpec,
    /// The message of its condition `Ready=False`, if that is what its status says for this generation.
    pub not_ready: Option<String>,
    /// Its annotation `latchkey.dev/allowed-keys`.
    pub allowed_keys: Option<String>,
}

/// The API server could not be asked; the text says why, for the log and the prompt.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct LookupFailed(pub String);

/// Stores and namespaces by name. Answers come from memory where they can; a store that memory does not know is asked of
/// the API server, as it may have been applied a moment ago.
#[async_trait]
pub trait Stores: Send + Sync + fmt::Debug {
    /// The store of this name; none if there is none.
    ///
    /// # Errors
    /// The API server does not answer.
    async fn store(&self, key: &StoreKey) -> Result<Option<Arc<Store>>, LookupFailed>;

    /// The labels of a namespace.
    ///
    /// # Errors
    /// The API server does not answer, or there is no such namespace.
    async fn namespace_labels(&self, namespace: &str) -> Result<BTreeMap<String, String>, LookupFailed>;

    /// The specification of a generator; null if it has none, none if there is no such generator. It is asked of the API
    /// server each time: generators are used seldom, and are not watched.
    ///
    /// # Errors
    /// The API server does not answer, or latchkey may not ask.
    async fn generator(&self, key: &GeneratorKey) -> Result<Option<Value>, LookupFailed>;

    /// The store of this name as it was, if it was deleted a moment ago.
    fn departed(&self, _key: &StoreKey) -> Option<Arc<Store>> {
        None
    }

    /// Uid and generation of each store that there is; none if that cannot be told.
    fn present(&self) -> Option<HashMap<String, i64>> {
        None
    }
}
