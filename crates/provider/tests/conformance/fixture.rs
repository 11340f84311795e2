//! What the suite needs to know of a provider.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use latchkey_api::store::{SecretStoreSpec, StoreKind};
use latchkey_provider::cluster::ServiceAccount;
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Cluster, Connector, Error, ErrorKind, Scope, SecretBytes};
use serde_json::Value;

/// The namespace of the store and of whoever uses it.
pub const NAMESPACE: &str = "team";

/// Which store to describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// It works.
    Good,
    /// The server does not take its credentials.
    WrongCredentials,
    /// Nobody listens where it points.
    Unreachable,
}

/// Where providers differ, by ESO's rules.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// The kind of a property that is not there.
    pub missing_property: ErrorKind,
    /// Whether the property `a.b` means a key of that name before it means a path.
    pub literal_dots: bool,
    /// Whether objects lose their whitespace and order of keys when an entry is flattened.
    pub marshals_again: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { missing_property: ErrorKind::PropertyNotFound, literal_dots: true, marshals_again: false }
    }
}

/// One provider with a real server behind it.
#[async_trait]
pub trait Fixture: Send + Sync {
    /// Puts the fields of an object under a name, in place of what was there.
    async fn write(&self, name: &str, object: &Value);

    /// Puts bytes that are no text under a name; gives the property to read them by. None: the store holds texts only.
    async fn write_binary(&self, _name: &str, _bytes: &[u8]) -> Option<Option<String>> {
        None
    }

    /// The `version` that names what the last write of `name` replaced. None: the store has no versions.
    async fn previous_version(&self, _name: &str) -> Option<String> {
        None
    }

    /// The `remoteRef.key` of a name.
    fn key(&self, name: &str) -> String {
        name.to_owned()
    }

    /// The store's specification; None if the provider knows no such case. Called after all writes.
    fn spec(&self, store: Store) -> Option<SecretStoreSpec>;

    /// The Secrets and ServiceAccounts that the specifications name.
    fn cluster(&self) -> Arc<dyn Cluster> {
        Arc::new(Objects::default())
    }

    /// A connector over [`Fixture::cluster`].
    fn connector(&self) -> Connector {
        Connector::new(self.cluster(), Arc::new(Unobserved))
    }

    /// The provider's rules.
    fn rules(&self) -> Rules {
        Rules::default()
    }
}

/// A SecretStore of [`NAMESPACE`], used from there.
pub fn scope() -> Scope {
    Scope {
        kind: StoreKind::SecretStore,
        store: "conformance".to_owned(),
        store_namespace: Some(NAMESPACE.to_owned()),
        namespace: Some(NAMESPACE.to_owned()),
    }
}

/// A store's specification from what a manifest holds under `spec.provider`.
pub fn spec(provider: Value) -> SecretStoreSpec {
    serde_json::from_value(serde_json::json!({ "provider": provider })).unwrap()
}

type Named<T> = BTreeMap<(String, String), T>;

/// A cluster in a map: objects by namespace and name.
#[derive(Debug, Default)]
pub struct Objects {
    /// Secrets; they can be changed while a provider uses them.
    pub secrets: Mutex<Named<BTreeMap<String, SecretBytes>>>,
    /// ConfigMaps.
    pub config_maps: Named<BTreeMap<String, String>>,
    /// ServiceAccounts by their annotations, with the token that is given for them.
    pub service_accounts: Named<(BTreeMap<String, String>, String)>,
    /// The audiences of each token asked for.
    pub tokens: Mutex<Vec<Vec<String>>>,
    /// The namespaces whose credentials were to be forgotten.
    pub forgotten: Mutex<Vec<String>>,
}

impl Objects {
    /// Puts a Secret into [`NAMESPACE`].
    pub fn put_secret(&self, name: &str, data: &[(&str, &str)]) {
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value))).collect();
        self.secrets.lock().unwrap().insert(named(NAMESPACE, name), data);
    }
}

fn named(namespace: &str, name: &str) -> (String, String) {
    (namespace.to_owned(), name.to_owned())
}

fn found<T: Clone>(map: &Named<T>, what: &str, namespace: &str, name: &str) -> Result<T, Error> {
    let missing = || Error::new(ErrorKind::Credentials, format!("{what} {name:?} not found"));
    map.get(&named(namespace, name)).cloned().ok_or_else(missing)
}

#[async_trait]
impl Cluster for Objects {
    async fn secret(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, SecretBytes>, Error> {
        found(&self.secrets.lock().unwrap(), "secrets", namespace, name)
    }

    /// Secrets whose name begins with `webhook` are labelled for webhooks.
    async fn secret_labels(&self, _: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let label = ("external-secrets.io/type".to_owned(), "webhook".to_owned());
        Ok(name.starts_with("webhook").then_some(label).into_iter().collect())
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        found(&self.config_maps, "configmaps", namespace, name)
    }

    async fn service_account(&self, namespace: &str, name: &str) -> Result<ServiceAccount, Error> {
        let (annotations, _) = found(&self.service_accounts, "serviceaccounts", namespace, name)?;
        Ok(ServiceAccount { annotations })
    }

    async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        _expires: Duration,
    ) -> Result<SecretBytes, Error> {
        self.tokens.lock().unwrap().push(audiences.to_vec());
        let (_, token) = found(&self.service_accounts, "serviceaccounts", namespace, name)?;
        Ok(SecretBytes::from(token))
    }

    fn forget(&self, namespace: &str) {
        self.forgotten.lock().unwrap().push(namespace.to_owned());
    }
}
