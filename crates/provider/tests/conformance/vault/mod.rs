//! Vault: a real server, with every auth method that its build has, and the Kubernetes plugin.

#[cfg(feature = "generators")]
mod dynamic;
mod finding;
mod logins;
mod outages;
mod push_vault;
mod reading;
mod requests;
mod tokens;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use latchkey_api::store::SecretStoreSpec;
use latchkey_provider::observe::Observer;
use latchkey_provider::{Cluster, Connection, Connector, Entry, EntryRef, Error};
use latchkey_testbed::{ListenerTls, VaultOptions, free_port};
use serde_json::{Value, json};

use crate::fixture::{Fixture, Objects, Rules, Store, scope, spec};
use crate::live::{Calls, Live};
use crate::suite::conformance;

/// One Vault for all tests that leave it as they found it. Each uses paths of its own.
fn vault() -> &'static latchkey_testbed::Vault {
    static VAULT: OnceLock<latchkey_testbed::Vault> = OnceLock::new();
    VAULT.get_or_init(|| {
        let vault = latchkey_testbed::Vault::start(VaultOptions::default()).unwrap();
        vault.policy("reader", r#"path "secret/data/*" { capabilities = ["read"] }"#).unwrap();
        vault
    })
}

/// One Vault that only one test uses.
fn own_vault(tls: ListenerTls) -> latchkey_testbed::Vault {
    latchkey_testbed::Vault::start(VaultOptions { tls, ..VaultOptions::default() }).unwrap()
}

/// A store at the shared Vault's `secret/`, of version 2, with this `auth`.
fn store(auth: Value) -> Value {
    json!({ "server": vault().addr(), "path": "secret", "version": "v2", "auth": auth })
}

/// `tokenSecretRef` to the key `token` of the Secret `creds`.
fn token_auth() -> Value {
    json!({ "tokenSecretRef": { "name": "creds", "key": "token" } })
}

/// The same store with further fields.
fn with(mut store: Value, more: Value) -> Value {
    let (Some(store_fields), Value::Object(more)) = (store.as_object_mut(), more) else { panic!("objects") };
    store_fields.extend(more);
    store
}

/// A client under test, and what it did.
struct Bench {
    connection: Connection,
    cluster: Arc<Live>,
    calls: Arc<Calls>,
}

impl Bench {
    /// Connects with the Secret `creds` of these keys.
    async fn new(store: Value, creds: &[(&str, &str)]) -> Self {
        Self::try_new(store, creds).await.unwrap()
    }

    async fn try_new(store: Value, creds: &[(&str, &str)]) -> Result<Self, Error> {
        let (cluster, calls) = (Arc::new(Live::default()), Calls::new());
        cluster.0.put_secret("creds", creds);
        let connector =
            Connector::new(cluster.clone() as Arc<dyn Cluster>, calls.clone() as Arc<dyn Observer>);
        let connection = connector.connect(&spec(json!({ "vault": store })), &scope()).await?;
        Ok(Self { connection, cluster, calls })
    }

    /// With the shared Vault's root token.
    async fn root(store: Value) -> Self {
        Self::new(store, &[("token", vault().root_token())]).await
    }

    async fn entry(&self, reference: &EntryRef) -> Result<Entry, Error> {
        self.connection.provider.fetch(std::slice::from_ref(reference)).await.remove(0)
    }

    async fn value(&self, key: &str, property: &str) -> Result<String, Error> {
        self.value_of(&reference(key), property).await
    }

    async fn value_of(&self, reference: &EntryRef, property: &str) -> Result<String, Error> {
        let entry = self.entry(reference).await?;
        let property = Some(property).filter(|property| !property.is_empty());
        let value = self.connection.provider.value(reference, &entry, property)?;
        Ok(String::from_utf8(value.expose().to_vec()).unwrap())
    }
}

fn reference(key: &str) -> EntryRef {
    EntryRef::new(key.to_owned())
}

struct Suite {
    version: &'static str,
    mount: &'static str,
}

#[async_trait]
impl Fixture for Suite {
    async fn write(&self, name: &str, object: &Value) {
        vault().put(&format!("{}/suite/{name}", self.mount), object).unwrap();
    }

    async fn previous_version(&self, _name: &str) -> Option<String> {
        (self.version == "v2").then(|| "1".to_owned())
    }

    fn key(&self, name: &str) -> String {
        format!("suite/{name}")
    }

    fn spec(&self, store: Store) -> Option<SecretStoreSpec> {
        let (server, key) = match store {
            Store::Good => (vault().addr(), "token"),
            Store::WrongCredentials => (vault().addr(), "wrong"),
            Store::Unreachable => (format!("http://127.0.0.1:{}", free_port()), "token"),
        };
        let auth = json!({ "tokenSecretRef": { "name": "creds", "key": key } });
        Some(spec(
            json!({ "vault": { "server": server, "path": self.mount, "version": self.version, "auth": auth } }),
        ))
    }

    fn cluster(&self) -> Arc<dyn Cluster> {
        let objects = Objects::default();
        objects.put_secret("creds", &[("token", vault().root_token()), ("wrong", "hvs.c4n4ry-is-no-token")]);
        Arc::new(objects)
    }

    fn rules(&self) -> Rules {
        Rules { marshals_again: true, ..Rules::default() }
    }
}

#[tokio::test]
async fn version_2_passes_the_suite() {
    conformance(&Suite { version: "v2", mount: "secret" }).await;
}

#[tokio::test]
async fn version_1_passes_the_suite() {
    conformance(&Suite { version: "v1", mount: "kv1" }).await;
}
