//! From the stores that a plan names to connections.
//!
//! Unlike External Secrets Operator's "flood gate", a store is not asked whether its status says Ready: one that was
//! applied a moment ago has no status yet, and one that failed long ago may have been repaired by a new credential. What
//! holds callers back is the breaker, which knows what the store did a moment ago.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::FutureExt;
use latchkey_api::external_secret::{ExternalSecret, StoreKind, StoreRef};
use latchkey_api::generator::Remote;
use latchkey_api::store::{SecretStoreSpec, StoreCondition};
use latchkey_provider as provider;
use latchkey_provider::{Connection, Connector, Made, Scope};
use serde_json::Value;

use super::fetch::Reader;
use super::generators::Known;
use super::message;
use super::plan::{Plan, StoreKey};
use super::regexp;
use super::selector::selects;
use super::stores::{LookupFailed, Store};
use super::{Engine, Error, work};

/// Within this time refused credentials are forgotten once, however many callers were refused.
const FORGET_ONCE: Duration = Duration::from_secs(1);

/// Makes connections: [`Connector`], or a double of it in tests.
#[async_trait]
pub trait Connect: Send + Sync + fmt::Debug {
    /// The connection for this store and whoever asks.
    async fn connect(&self, spec: &SecretStoreSpec, scope: &Scope) -> Result<Connection, provider::Error>;

    /// Whether the specification alone shows that the store cannot be connected.
    fn check(&self, _spec: &SecretStoreSpec) -> Result<(), provider::Error> {
        Ok(())
    }

    /// Closes connections that have not been used for this long, or for as long as one may be unused at all.
    fn tend(&self, _unused: Option<Duration>) {}

    /// Has a service make a value, with credentials of this namespace.
    async fn generate(&self, generator: &Remote, _namespace: &str) -> Result<Made, provider::Error> {
        let why = format!("{} asks a service, and none is asked here", generator.kind().name());
        Err(provider::Error::new(provider::ErrorKind::Unsupported, why))
    }

    /// Whether a service could be asked, as far as that shows without asking it.
    async fn try_generator(&self, _: &Remote, _namespace: &str) -> Result<(), provider::Error> {
        Ok(())
    }

    /// Tells the service that what it made is of no use any more.
    async fn revoke(&self, _: &Remote, _state: &Value, _namespace: &str) -> Result<(), provider::Error> {
        Ok(())
    }
}

#[async_trait]
impl Connect for Connector {
    async fn connect(&self, spec: &SecretStoreSpec, scope: &Scope) -> Result<Connection, provider::Error> {
        Self::connect(self, spec, scope).await
    }

    fn check(&self, spec: &SecretStoreSpec) -> Result<(), provider::Error> {
        Self::check(self, spec)
    }

    fn tend(&self, unused: Option<Duration>) {
        Self::tend(self, unused);
    }

    #[cfg(feature = "generators")]
    async fn generate(&self, generator: &Remote, namespace: &str) -> Result<Made, provider::Error> {
        Self::generate(self, generator, namespace).await
    }

    #[cfg(feature = "generators")]
    async fn try_generator(&self, generator: &Remote, namespace: &str) -> Result<(), provider::Error> {
        Self::try_generator(self, generator, namespace).await
    }

    #[cfg(feature = "generators")]
    async fn revoke(&self, of: &Remote, state: &Value, namespace: &str) -> Result<(), provider::Error> {
        Self::revoke(self, of, state, namespace).await
    }
}

/// A store that the ExternalSecret may use, connected.
#[derive(Debug)]
pub struct Opened {
    /// The store.
    pub store: Arc<Store>,
    /// For whom it is connected.
    pub scope: Scope,
    /// What it is read by.
    pub reader: Reader,
}

impl Engine {
    /// Finds the store, sees whether this namespace may use it, then reads its credentials.
    pub(super) async fn open(&self, plan: &Plan, key: &StoreKey) -> Result<Opened, Error> {
        self.open_for(&plan.namespace, key, &plan.store_field(key)).await
    }

    /// The same for whoever of this namespace names the store in this field.
    pub(super) async fn open_for(
        &self,
        namespace: &str,
        key: &StoreKey,
        field: &str,
    ) -> Result<Opened, Error> {
        if !self.serves(key.kind) {
            return Err(message::store_not_served(key));
        }
        let store = self.inner.stores.store(key).await.map_err(|failed| unknown(key, &failed))?;
        let store = store.ok_or_else(|| message::store_not_found(key, field))?;
        self.open_store(namespace, store).await
    }

    /// The same once it is found.
    pub(super) async fn open_store(&self, namespace: &str, store: Arc<Store>) -> Result<Opened, Error> {
        let key = &store.key;
        if !self.is_of_class(&store.spec) {
            return Err(message::store_of_another_class(key, class(&store.spec)));
        }
        self.admit(namespace, &store).await?;
        let scope = scope(&store.key, Some(namespace));
        let reader =
            self.connect(&store, &scope).await.map_err(|error| message::store_unusable(key, &error))?;
        Ok(Opened { store, scope, reader })
    }

    /// Connects anew after the store has refused the credentials: they may have been replaced a moment ago.
    pub(super) async fn reopen(&self, opened: &mut Opened) -> Result<(), provider::Error> {
        if opened.reader.line.may_forget(FORGET_ONCE) {
            for namespace in credentials_namespaces(&opened.store.spec, &opened.scope) {
                self.inner.cluster.forget(&namespace);
            }
        }
        opened.reader = self.connect(&opened.store, &opened.scope).await?;
        Ok(())
    }

    /// Connects a store; a panic on the way stays here.
    pub(super) async fn connect(&self, store: &Store, scope: &Scope) -> Result<Reader, provider::Error> {
        let connecting = AssertUnwindSafe(self.inner.connector.connect(&store.spec, scope)).catch_unwind();
        let Connection { provider, identity } = connecting.await.unwrap_or_else(|_| Err(defect()))?;
        let line = self.inner.standings.of(store, &self.inner.shared).line(identity, &self.inner.shared);
        Ok(Reader { line, provider })
    }

    /// Whether each store and generator that the ExternalSecret names is this installation's by `spec.controller`; a store that is not
    /// there is nobody's, one that cannot be looked up is for the sync to complain of. What is not ours is left alone
    /// without a word, as External Secrets Operator does.
    pub async fn is_ours(&self, external_secret: &ExternalSecret) -> bool {
        self.ours(external_secret).await.is_some()
    }

    /// What was read of its generators to see that, if the ExternalSecret [is ours](Self::is_ours).
    pub async fn ours(&self, external_secret: &ExternalSecret) -> Option<Known> {
        if !self.sees_to(external_secret.metadata.namespace.as_deref().unwrap_or_default()) {
            return None;
        }
        for key in referenced_stores(external_secret) {
            if let Ok(Some(store)) = self.inner.stores.store(&key).await
                && !self.is_of_class(&store.spec)
            {
                return None;
            }
        }
        self.our_generators(external_secret).await
    }

    /// Whether what is in this namespace is this installation's.
    pub fn sees_to(&self, namespace: &str) -> bool {
        self.inner.shared.settings.scoped_namespace.as_deref().is_none_or(|scoped| scoped == namespace)
    }

    /// Whether this installation serves such stores.
    pub fn serves(&self, kind: StoreKind) -> bool {
        match kind {
            StoreKind::SecretStore => true,
            StoreKind::ClusterSecretStore => self.inner.shared.settings.cluster_stores,
        }
    }

    /// Whether the specification alone shows that the store cannot be connected: it names an address that latchkey
    /// does not call.
    ///
    /// # Errors
    /// It does.
    pub fn check_store(&self, spec: &SecretStoreSpec) -> Result<(), provider::Error> {
        self.inner.connector.check(spec)
    }

    /// Whether a store is this installation's.
    pub fn is_of_class(&self, spec: &SecretStoreSpec) -> bool {
        self.is_class(class(spec))
    }

    /// Whether what is of this controller class is this installation's; none is everybody's.
    pub(super) fn is_class(&self, class: &str) -> bool {
        class.is_empty() || class == self.inner.shared.settings.controller_class
    }

    /// Sees whether a ClusterSecretStore's conditions admit the namespace: any part of any of them will do.
    async fn admit(&self, namespace: &str, store: &Store) -> Result<(), Error> {
        let conditions = &store.spec.conditions;
        if store.key.kind == StoreKind::SecretStore
            || conditions.is_empty()
            || work::bounded(|| conditions.iter().any(|condition| admits_name(condition, namespace)))
        {
            return Ok(());
        }
        if conditions.iter().any(|condition| condition.namespace_selector.is_some()) {
            let labels = self.inner.stores.namespace_labels(namespace).await;
            let labels = labels.map_err(|failed| unknown(&store.key, &failed))?;
            if conditions.iter().any(|condition| admits_labels(condition, &labels)) {
                return Ok(());
            }
        }
        Err(message::store_denied(&store.key, namespace))
    }
}

fn class(spec: &SecretStoreSpec) -> &str {
    spec.controller.as_deref().unwrap_or_default()
}

/// Who asks which store.
pub(super) fn scope(key: &StoreKey, namespace: Option<&str>) -> Scope {
    Scope {
        kind: key.kind,
        store: key.name.clone(),
        store_namespace: key.namespace.clone(),
        namespace: namespace.map(str::to_owned),
    }
}

/// By its name or one of its regular expressions, which may match anywhere. One that does not compile admits nobody.
pub(super) fn admits_name(condition: &StoreCondition, namespace: &str) -> bool {
    condition.namespaces.iter().any(|name| name == namespace)
        || condition
            .namespace_regexes
            .iter()
            .any(|regex| regexp::compile(regex).is_ok_and(|regex| regex.is_match(namespace)))
}

/// By its selector. An empty one admits everybody, one that is not valid nobody.
pub(super) fn admits_labels(condition: &StoreCondition, labels: &BTreeMap<String, String>) -> bool {
    condition.namespace_selector.as_ref().is_some_and(|selector| selects(selector, labels))
}

/// The stores that an ExternalSecret names, however wrong the rest of it may be.
pub fn referenced_stores(external_secret: &ExternalSecret) -> BTreeSet<StoreKey> {
    let spec = &external_secret.spec;
    let data = spec.data.iter().map(|entry| &entry.source_ref);
    let sources = data.chain(spec.data_from.iter().map(|entry| &entry.source_ref)).flatten();
    let namespace = external_secret.metadata.namespace.as_deref();
    let references =
        spec.secret_store_ref.iter().chain(sources.filter_map(|source| source.store_ref.as_ref()));
    references.filter_map(|reference| store_key(reference, namespace)).collect()
}

/// The store that a reference means in a namespace; none if it names none.
pub fn store_key(reference: &StoreRef, namespace: Option<&str>) -> Option<StoreKey> {
    let kind = reference.kind();
    let namespace = namespace.filter(|_| kind == StoreKind::SecretStore).map(str::to_owned);
    Some(StoreKey { kind, namespace, name: reference.name.clone()? })
}

/// Every namespace that a credential of this store may be read from. Selectors name theirs in a field of that name,
/// wherever they are; so do other things, and forgetting too much costs one look-up.
fn credentials_namespaces(spec: &SecretStoreSpec, scope: &Scope) -> BTreeSet<String> {
    let mut namespaces: BTreeSet<_> = scope.store_namespace.iter().chain(&scope.namespace).cloned().collect();
    if let Ok(spec) = serde_json::to_value(&spec.provider) {
        collect_namespaces(&spec, &mut namespaces);
    }
    namespaces
}

fn collect_namespaces(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            into.extend(fields.get("namespace").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| collect_namespaces(value, into));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_namespaces(item, into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn defect() -> provider::Error {
    let message = "connecting failed inside latchkey; this is a defect, please report it";
    provider::Error::new(provider::ErrorKind::Unsupported, message)
}

pub(super) fn unknown(key: &StoreKey, failed: &LookupFailed) -> Error {
    message::store_unknown(key, &failed.0)
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
