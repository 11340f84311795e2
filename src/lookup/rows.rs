//! What is kept of each watched object, and what its change means.

use std::sync::Arc;

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::ResourceExt;
use kube::core::PartialObjectMeta;
use latchkey_api::ClusterExternalSecret;
use latchkey_api::external_secret::{ExternalSecret, StoreKind};
use latchkey_api::store::{
    ALLOWED_KEYS, ClusterSecretStore, SecretStore, SecretStoreSpec, SecretStoreStatus,
};

use super::creators::creator;
use super::follow::Sink;
use super::table::{Key, Table};
use super::{Change, Lookup};
use crate::engine::desired::ownership::{CREATED_BY, DATA_HASH};
use crate::engine::pending::Pending;
use crate::engine::plan::StoreKey;
use crate::engine::resolve::referenced_stores;
use crate::engine::stores::Store;

/// What is known of a managed Secret: no data, only what says which data it has.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretRow {
    /// Its uid.
    pub uid: String,
    /// Its resourceVersion.
    pub resource_version: String,
    /// ESO's digest of its data, as annotated.
    pub data_hash: String,
    /// Which ExternalSecret made it, see [`Creators`]; none if it does not say.
    pub creator: Option<u64>,
    /// All of its metadata as long as it bears the mark of an admission whose object has not been seen stored yet.
    pub marked: Option<Box<kube::core::ObjectMeta>>,
}

impl SecretRow {
    /// The mark that it bears.
    pub fn pending(&self) -> Option<Pending> {
        Pending::of(self.marked.as_deref()?)
    }
}

/// ESO's finalizer of stores that PushSecrets with `deletionPolicy: Delete` push to.
pub const STORE_FINALIZER: &str = "secretstore.externalsecrets.io/finalizer";

/// What is known of a store.
#[derive(Debug, Clone)]
pub struct StoreRow {
    /// The store as the core sees it.
    pub store: Arc<Store>,
    /// Its labels, by which PushSecrets may choose it.
    pub labels: BTreeMap<String, String>,
    /// Its status as written last.
    pub status: Option<SecretStoreStatus>,
    /// Its finalizers, if it is being deleted and External Secrets Operator's is among them.
    pub held_by: Option<Vec<String>>,
}

/// The Secret that an ExternalSecret writes.
pub fn target(object: &ExternalSecret) -> Key {
    let name = object.name_any();
    Key::new(object.namespace().unwrap_or_default(), object.spec.target_name(&name))
}

/// Every store that an ExternalSecret names.
pub fn stores(object: &ExternalSecret) -> Vec<StoreKey> {
    referenced_stores(object).into_iter().collect()
}

fn store_key(kind: StoreKind, namespace: &str, name: &str) -> StoreKey {
    let namespace = match kind {
        StoreKind::SecretStore => Some(namespace.to_owned()),
        StoreKind::ClusterSecretStore => None,
    };
    StoreKey { kind, namespace, name: name.to_owned() }
}

fn store_row(
    kind: StoreKind,
    meta: &kube::core::ObjectMeta,
    spec: SecretStoreSpec,
    status: Option<SecretStoreStatus>,
) -> Option<(Key, StoreRow)> {
    let name = meta.name.clone()?;
    let namespace = meta.namespace.clone().unwrap_or_default();
    let store = Store {
        key: store_key(kind, &namespace, &name),
        uid: meta.uid.clone().unwrap_or_default(),
        generation: meta.generation.unwrap_or_default(),
        spec,
        not_ready: status.as_ref().and_then(not_ready),
        allowed_keys: meta
            .annotations
            .as_ref()
            .and_then(|annotations| annotations.get(ALLOWED_KEYS))
            .cloned(),
    };
    let finalizers = meta.finalizers.iter().flatten();
    let is_held = meta.deletion_timestamp.is_some() && finalizers.clone().any(|it| it == STORE_FINALIZER);
    let held_by = is_held.then(|| finalizers.cloned().collect());
    let labels = meta.labels.clone().unwrap_or_default();
    Some((Key::new(namespace, name), StoreRow { store: Arc::new(store), labels, status, held_by }))
}

/// The message of `Ready=False`, if that is what a store's status says.
fn not_ready(status: &SecretStoreStatus) -> Option<String> {
    let ready = status.conditions.iter().find(|condition| condition.type_ == "Ready")?;
    (ready.status == "False").then(|| ready.message.clone().unwrap_or_default())
}

/// The row of a SecretStore.
pub fn secret_store(object: SecretStore) -> Option<(Key, StoreRow)> {
    let SecretStore { metadata, spec, status } = object;
    store_row(StoreKind::SecretStore, &metadata, spec, status)
}

/// The row of a ClusterSecretStore.
pub fn cluster_secret_store(object: ClusterSecretStore) -> Option<(Key, StoreRow)> {
    let ClusterSecretStore { metadata, spec, status } = object;
    store_row(StoreKind::ClusterSecretStore, &metadata, spec, status)
}

/// The same, without the room for more that lists have when they were read: four places at least, of which most objects need
/// one.
fn without_room(mut object: ExternalSecret) -> ExternalSecret {
    let ExternalSecret { metadata, spec, status } = &mut object;
    spec.data.shrink_to_fit();
    spec.data_from.shrink_to_fit();
    metadata.owner_references.iter_mut().for_each(Vec::shrink_to_fit);
    metadata.finalizers.iter_mut().for_each(Vec::shrink_to_fit);
    status.iter_mut().for_each(|status| status.conditions.shrink_to_fit());
    object
}

/// The sink of the ExternalSecrets' watch.
/// Whether it writes another kind of object than a Secret.
fn is_generic(object: &ExternalSecret) -> bool {
    object.spec.target.as_ref().is_some_and(|target| target.manifest.is_some())
}

pub struct ExternalSecrets(pub Arc<Lookup>);

impl Sink for ExternalSecrets {
    type Object = ExternalSecret;
    type Row = ExternalSecret;

    fn what(&self) -> &'static str {
        "ExternalSecrets"
    }

    fn table(&self) -> &Table<ExternalSecret> {
        &self.0.external_secrets
    }

    fn row(&self, object: ExternalSecret) -> Option<(Key, ExternalSecret)> {
        Some((Key::new(object.namespace()?, object.metadata.name.clone()?), without_room(object)))
    }

    fn changed(&self, key: &Key, before: Option<Arc<ExternalSecret>>, now: Option<Arc<ExternalSecret>>) {
        let (was, is) = (before.as_deref(), now.as_deref());
        let targets = |object: Option<&ExternalSecret>| {
            let secret = object.filter(|object| !is_generic(object));
            let target = secret.map(target).map(|target| if target == *key { key.clone() } else { target });
            target.into_iter().collect::<Vec<_>>()
        };
        let stores = |object: Option<&ExternalSecret>| object.map(stores).unwrap_or_default();
        let owners = |object: Option<&ExternalSecret>| object.and_then(fan).into_iter().collect::<Vec<_>>();
        self.0.by_owner.change(key, &owners(was), owners(is));
        self.0.by_target.change(key, &targets(was), targets(is));
        self.0.by_store.change(key, &stores(was), stores(is));
        self.0.entries.change(was, is);
        let edited = match (was, is) {
            (Some(was), Some(is)) => is_edited(&was.metadata, &is.metadata),
            _ => true,
        };
        self.0.tell(Change::ExternalSecret { key: key.clone(), edited, gone: is.is_none() });
    }

    fn filled(&self) {
        self.0.filled(self.what());
    }
}

/// Whether more than an object's status has changed.
pub(super) fn is_edited(was: &kube::core::ObjectMeta, is: &kube::core::ObjectMeta) -> bool {
    (&was.uid, was.generation, &was.labels, &was.annotations, &was.owner_references)
        != (&is.uid, is.generation, &is.labels, &is.annotations, &is.owner_references)
}

/// The sink of one kind of stores' watch.
pub struct Stores<K> {
    /// Where the tables are.
    pub lookup: Arc<Lookup>,
    /// The kind.
    pub kind: StoreKind,
    /// From object to row.
    pub row: fn(K) -> Option<(Key, StoreRow)>,
}

impl<K: Send + std::fmt::Debug + 'static> Sink for Stores<K> {
    type Object = K;
    type Row = StoreRow;

    fn what(&self) -> &'static str {
        match self.kind {
            StoreKind::SecretStore => "SecretStores",
            StoreKind::ClusterSecretStore => "ClusterSecretStores",
        }
    }

    fn table(&self) -> &Table<StoreRow> {
        self.lookup.table(self.kind)
    }

    fn row(&self, object: K) -> Option<(Key, StoreRow)> {
        (self.row)(object)
    }

    fn changed(&self, key: &Key, before: Option<Arc<StoreRow>>, now: Option<Arc<StoreRow>>) {
        let same = match (&before, &now) {
            (Some(was), Some(is)) => {
                let of = |row: &StoreRow| {
                    (row.store.uid.clone(), row.store.generation, row.store.allowed_keys.clone())
                };
                of(was) == of(is)
            }
            _ => false,
        };
        if !same {
            if let (Some(before), None) = (&before, &now) {
                self.lookup.has_departed(&before.store);
            }
            let store = store_key(self.kind, key.namespace(), key.name());
            self.lookup.tell(Change::Store { key: store, gone: now.is_none() });
        }
    }

    fn filled(&self) {
        self.lookup.filled(self.what());
    }
}

/// The uid of the ClusterExternalSecret that an ExternalSecret was made by.
pub(super) fn fan(object: &ExternalSecret) -> Option<String> {
    let owners = object.metadata.owner_references.as_ref()?;
    let owner = owners
        .iter()
        .find(|owner| owner.controller == Some(true) && owner.kind == "ClusterExternalSecret")?;
    Some(owner.uid.clone())
}

/// What is known of a namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceRow {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is being deleted: nothing can be made in it any more.
    pub is_leaving: bool,
}

/// The sink of the ClusterExternalSecrets' watch.
pub struct ClusterExternalSecrets(pub Arc<Lookup>);

impl Sink for ClusterExternalSecrets {
    type Object = ClusterExternalSecret;
    type Row = ClusterExternalSecret;

    fn what(&self) -> &'static str {
        "ClusterExternalSecrets"
    }

    fn table(&self) -> &Table<ClusterExternalSecret> {
        &self.0.cluster_external_secrets
    }

    fn row(&self, object: ClusterExternalSecret) -> Option<(Key, ClusterExternalSecret)> {
        Some((Key::new("", object.metadata.name.as_ref()?), object))
    }

    fn changed(
        &self,
        key: &Key,
        before: Option<Arc<ClusterExternalSecret>>,
        now: Option<Arc<ClusterExternalSecret>>,
    ) {
        self.0.heard.of(before.as_deref(), now.as_deref());
        self.0.tell(Change::ClusterExternalSecret { name: key.name().to_owned() });
    }

    fn filled(&self) {
        self.0.filled(self.what());
    }
}

/// The sink of the namespaces' watch.
pub struct Namespaces(pub Arc<Lookup>);

impl Sink for Namespaces {
    type Object = PartialObjectMeta<Namespace>;
    type Row = NamespaceRow;

    fn what(&self) -> &'static str {
        "Namespaces"
    }

    fn table(&self) -> &Table<NamespaceRow> {
        &self.0.namespaces
    }

    fn row(&self, object: PartialObjectMeta<Namespace>) -> Option<(Key, NamespaceRow)> {
        let metadata = object.metadata;
        let is_leaving = metadata.deletion_timestamp.is_some();
        Some((
            Key::new("", metadata.name?),
            NamespaceRow { labels: metadata.labels.unwrap_or_default(), is_leaving },
        ))
    }

    fn changed(&self, key: &Key, before: Option<Arc<NamespaceRow>>, now: Option<Arc<NamespaceRow>>) {
        if before != now {
            self.0.tell(Change::Namespace { name: key.name().to_owned() });
        }
    }

    fn filled(&self) {
        self.0.filled(self.what());
    }
}

/// The sink of the managed Secrets' watch.
pub struct Secrets(pub Arc<Lookup>);

impl Sink for Secrets {
    type Object = PartialObjectMeta<Secret>;
    type Row = SecretRow;

    fn what(&self) -> &'static str {
        "Secrets"
    }

    fn table(&self) -> &Table<SecretRow> {
        &self.0.secrets
    }

    fn row(&self, object: PartialObjectMeta<Secret>) -> Option<(Key, SecretRow)> {
        let marked = Pending::of(&object.metadata).map(|_| Box::new(object.metadata.clone()));
        let key = Key::new(object.metadata.namespace?, object.metadata.name?);
        let annotations = object.metadata.annotations.unwrap_or_default();
        let labels = object.metadata.labels.unwrap_or_default();
        let row = SecretRow {
            uid: object.metadata.uid.unwrap_or_default(),
            resource_version: object.metadata.resource_version.unwrap_or_default(),
            data_hash: annotations.get(DATA_HASH).cloned().unwrap_or_default(),
            creator: labels.get(CREATED_BY).map(|label| creator(key.namespace(), label)),
            marked,
        };
        Some((key, row))
    }

    fn changed(&self, key: &Key, before: Option<Arc<SecretRow>>, now: Option<Arc<SecretRow>>) {
        let creator = |row: &Option<Arc<SecretRow>>| row.as_ref().and_then(|row| row.creator);
        self.0.creators.change(creator(&before), creator(&now));
        let ours = now.as_ref().is_some_and(|row| self.0.is_noted(key, &row.resource_version));
        if before != now && !ours {
            self.0.tell(Change::Secret { key: key.clone(), gone: now.is_none() });
        }
    }

    fn filled(&self) {
        self.0.filled(self.what());
    }
}
