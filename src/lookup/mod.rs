//! What is known of the cluster: watches kept in memory, and the few things that are asked for when needed.
//!
//! Watched: ExternalSecrets, stores, ClusterExternalSecrets and PushSecrets, without managedFields; managed Secrets, for the
//! ClusterExternalSecrets namespaces, and once there is a PushSecret all Secrets, metadata only. Everything else (the Secrets that hold credentials, ConfigMaps,
//! ServiceAccounts, a namespace whose labels decide) is read when it is needed and remembered for seconds.

mod access;
mod change;
mod creators;
mod credentials;
mod each;
mod entries;
mod fans;
mod follow;
mod pushes;
mod rows;
mod stores;
mod table;
mod watch;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::authentication::v1::UserInfo;
use k8s_openapi::api::core::v1::Secret;
use kube::core::ObjectMeta;
use kube::{Api, Client};
use latchkey_api::ClusterExternalSecret;
use latchkey_api::external_secret::{ExternalSecret, StoreKind};
use moka::sync::Cache;
use tokio::sync::mpsc::UnboundedSender;

pub use access::Action;
pub use change::Change;
pub use credentials::Credentials;
pub use entries::Entries;
pub use rows::{
    NamespaceRow, STORE_FINALIZER, SecretRow, StoreRow, stores as stores_of, target as target_of,
};
pub use table::{Key, Table};

use crate::config::Scope;
use crate::engine::SecretState;
use crate::engine::plan::StoreKey;
use crate::engine::stores::LookupFailed;
use table::Index;

/// Called with the name of a watch once its first list is in memory.
pub type Filled = Box<dyn Fn(&'static str) + Send + Sync>;

/// What is known of the cluster.
pub struct Lookup {
    client: Client,
    scope: Scope,
    access: access::Access,
    external_secrets: Table<ExternalSecret>,
    secret_stores: Table<StoreRow>,
    cluster_stores: Table<StoreRow>,
    secrets: Table<SecretRow>,
    cluster_external_secrets: Table<ClusterExternalSecret>,
    heard: fans::Heard,
    namespaces: Table<NamespaceRow>,
    pushes: pushes::Pushes,
    by_owner: Index<String>,
    by_target: Index<Key>,
    by_store: Index<StoreKey>,
    entries: Entries,
    creators: creators::Creators,
    noted: Cache<Key, SecretState>,
    listener: Mutex<Option<UnboundedSender<Change>>>,
    recent: stores::Recent,
    on_filled: Filled,
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup")
            .field("external_secrets", &self.external_secrets.len())
            .finish_non_exhaustive()
    }
}

impl Lookup {
    /// How many watches there are; each calls `on_filled` once.
    pub const WATCHES: [&'static str; 8] = [
        "ExternalSecrets",
        "SecretStores",
        "ClusterSecretStores",
        "Secrets",
        "ClusterExternalSecrets",
        "Namespaces",
        "PushSecrets",
        "ClusterPushSecrets",
    ];

    /// An empty view; [`Lookup::run`] fills it.
    pub fn new(client: Client, scope: Scope, on_filled: Filled) -> Arc<Self> {
        Arc::new(Self {
            scope,
            access: access::Access::new(client.clone()),
            client,
            external_secrets: Table::default(),
            secret_stores: Table::default(),
            cluster_stores: Table::default(),
            secrets: Table::default(),
            cluster_external_secrets: Table::default(),
            heard: fans::Heard::default(),
            namespaces: Table::default(),
            pushes: pushes::Pushes::default(),
            by_owner: Index::default(),
            by_target: Index::default(),
            by_store: Index::default(),
            entries: Entries::default(),
            creators: creators::Creators::default(),
            noted: Cache::builder().time_to_live(ECHO).max_capacity(100_000).build(),
            listener: Mutex::default(),
            recent: stores::Recent::default(),
            on_filled,
        })
    }

    /// Whether this user may do that.
    ///
    /// # Errors
    /// The API server does not answer, or does not let latchkey ask.
    pub async fn may(&self, user: &UserInfo, action: &Action) -> Result<bool, LookupFailed> {
        self.access.may(user, action).await
    }

    /// The ExternalSecret of this name.
    pub fn external_secret(&self, key: &Key) -> Option<Arc<ExternalSecret>> {
        self.external_secrets.get(key)
    }

    /// Whether an ExternalSecret of this name is stored. Memory that says no is believed; one that says yes may be behind.
    pub async fn is_stored(&self, key: &Key) -> bool {
        if self.external_secret(key).is_none() {
            return false;
        }
        let api: Api<ExternalSecret> = Api::namespaced(self.client.clone(), key.namespace());
        api.get_metadata_opt(key.name()).await.ok().flatten().is_some()
    }

    /// An ExternalSecret as it is stored now, whatever memory says.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn stored(&self, key: &Key) -> Result<Option<ExternalSecret>, kube::Error> {
        Api::namespaced(self.client.clone(), key.namespace()).get_opt(key.name()).await
    }

    /// A Secret's metadata as it is now, whoever manages it; none if there is no such Secret.
    ///
    /// # Errors
    /// The API server cannot be asked.
    pub async fn secret_metadata(&self, key: &Key) -> Result<Option<ObjectMeta>, LookupFailed> {
        let api: Api<Secret> = Api::namespaced(self.client.clone(), key.namespace());
        let object = api.get_metadata_opt(key.name()).await;
        let failed = |error| stores::failed("read", format_args!("Secret {:?}", key.name()), &error);
        Ok(object.map_err(failed)?.map(|object| object.metadata))
    }

    /// All ExternalSecrets.
    pub fn external_secrets(&self) -> Vec<(Key, Arc<ExternalSecret>)> {
        self.external_secrets.all()
    }

    /// The ExternalSecrets that write this Secret.
    pub fn targeting(&self, secret: &Key) -> Vec<Key> {
        self.by_target.of(secret)
    }

    /// The ExternalSecrets that read this store.
    pub fn using(&self, store: &StoreKey) -> Vec<Key> {
        self.by_store.of(store)
    }

    /// All ClusterExternalSecrets.
    pub fn cluster_external_secrets(&self) -> Vec<(Key, Arc<ClusterExternalSecret>)> {
        self.cluster_external_secrets.all()
    }

    /// The ClusterExternalSecret of this name.
    pub fn cluster_external_secret(&self, name: &str) -> Option<Arc<ClusterExternalSecret>> {
        self.cluster_external_secrets.get(&Key::new("", name))
    }

    /// All namespaces, where ClusterExternalSecrets are served.
    pub fn namespaces(&self) -> Vec<(Key, Arc<NamespaceRow>)> {
        self.namespaces.all()
    }

    /// The ExternalSecrets that the ClusterExternalSecret with this uid has made.
    pub fn made_by(&self, uid: &str) -> Vec<Key> {
        self.by_owner.of(&uid.to_owned())
    }

    /// The remote entries that ExternalSecrets are read again by.
    pub fn entries(&self) -> &Entries {
        &self.entries
    }

    /// All stores.
    pub fn all_stores(&self) -> Vec<Arc<StoreRow>> {
        let cluster = self.cluster_stores.all();
        self.secret_stores.all().into_iter().chain(cluster).map(|(_, row)| row).collect()
    }

    /// The store of this name, as the watch has it.
    pub fn store_row(&self, key: &StoreKey) -> Option<Arc<StoreRow>> {
        let namespace = key.namespace.clone().unwrap_or_default();
        self.table(key.kind).get(&Key::new(namespace, &key.name))
    }

    fn table(&self, kind: StoreKind) -> &Table<StoreRow> {
        match kind {
            StoreKind::SecretStore => &self.secret_stores,
            StoreKind::ClusterSecretStore => &self.cluster_stores,
        }
    }

    /// The managed Secret of this name.
    pub fn secret(&self, key: &Key) -> Option<Arc<SecretRow>> {
        self.secrets.get(key)
    }

    /// All managed Secrets.
    pub fn secrets(&self) -> Vec<(Key, Arc<SecretRow>)> {
        self.secrets.all()
    }

    /// Remembers a Secret as we have just written or checked it, so that the watch's echo is not taken for another's hand
    /// and a Pod that comes next finds it.
    pub fn note(&self, namespace: &str, state: &SecretState) {
        let key = Key::new(namespace, &state.name);
        let row = self.secrets.get(&key);
        if let Some(row) = row.filter(|row| row.resource_version != state.resource_version) {
            let now = SecretRow {
                resource_version: state.resource_version.clone(),
                data_hash: state.data_hash.clone(),
                ..row.as_ref().clone()
            };
            self.secrets.put(key.clone(), Arc::new(now));
        }
        self.noted.insert(key, state.clone());
    }

    /// Whether we wrote or checked this very version.
    pub fn is_noted(&self, key: &Key, resource_version: &str) -> bool {
        self.noted.get(key).is_some_and(|noted| noted.resource_version == resource_version)
    }

    /// A Secret as we wrote or checked it last, if nobody has been seen to delete it since. The watch may not have it yet.
    pub fn noted_state(&self, key: &Key) -> Option<SecretState> {
        self.noted.get(key)
    }

    /// From now on `listener` is told of every change; the one before is told no more.
    pub fn listen(&self, listener: UnboundedSender<Change>) {
        *self.listener.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
    }

    fn tell(&self, change: Change) {
        if let Change::Secret { key, gone: true } = &change {
            self.noted.invalidate(key);
        }
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if listener.as_ref().is_some_and(|to| to.send(change).is_err()) {
            *listener = None; // whoever listened has gone
        }
    }

    fn filled(&self, what: &'static str) {
        (self.on_filled)(what);
    }
}

/// How long a Secret that was written or checked is remembered as such. Its echo comes by the watch within seconds; one that
/// never comes, of a Secret that was gone before the watch was listed anew, must not be waited for for ever.
const ECHO: Duration = Duration::from_mins(10);

/// How long something read when needed may be used again: long enough for a burst to share one read, too short for anybody
/// who changes it to see the old one.
const SHORT: Duration = Duration::from_millis(100);
