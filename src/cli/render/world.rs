//! A cluster that is made of files: every store is there and holds the given values.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::ByteString;
use latchkey_api::GROUP;
use latchkey_api::provider::Fake;
use latchkey_api::provider::fake::FakeData;
use latchkey_api::store::SecretStoreSpec;
use latchkey_provider::cluster::ServiceAccount;
use latchkey_provider::{Cluster, Error, ErrorKind, SecretBytes};
use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::super::manifests::Object;
use super::super::verify::NO_NAMESPACE;
use crate::engine::plan::{GeneratorKey, StoreKey};
use crate::engine::stores::{LookupFailed, Store, Stores};

/// What the files hold.
#[derive(Debug)]
pub(super) struct World {
    stores: BTreeMap<String, SecretStoreSpec>,
    config_maps: BTreeMap<(String, String), BTreeMap<String, String>>,
    secrets: BTreeMap<(String, String), BTreeMap<String, SecretBytes>>,
    labels: BTreeMap<(String, String), BTreeMap<String, String>>,
    generators: BTreeMap<(Option<String>, String), Value>,
}

/// A value of the data that is none.
#[derive(Debug, thiserror::Error)]
#[error("the value of {0:?} is neither text nor a map; put it in quotes")]
pub(super) struct NoValue(String);

/// The values by remote key, as a fake store.
///
/// # Errors
/// A value that YAML has read as something else than text, such as a number: how it was written is lost.
pub(super) fn values(data: Map<String, Value>) -> Result<SecretStoreSpec, NoValue> {
    let line = |(key, value)| match value {
        Value::String(value) => Ok(FakeData { key, value, version: None }),
        Value::Object(_) => Ok(FakeData { key, value: value.to_string(), version: None }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => Err(NoValue(key)),
    };
    let data = data.into_iter().map(line).collect::<Result<_, _>>()?;
    let mut spec = SecretStoreSpec::default();
    spec.provider.fake = Some(Fake { data, validation_result: None });
    Ok(spec)
}

impl World {
    /// A cluster of these objects.
    pub(super) fn new(objects: &[Object]) -> Self {
        let (config_maps, secrets) =
            (by_name(objects, "ConfigMap", texts), by_name(objects, "Secret", bytes));
        let (stores, generators) =
            (objects.iter().filter_map(store).collect(), objects.iter().filter_map(generator).collect());
        let labels = by_name(objects, "Secret", |value| texts_in(&value["metadata"], "labels"));
        Self { stores, config_maps, secrets, labels, generators }
    }
}

/// The specification of a generator, by its namespace (a ClusterGenerator has none), kind and name.
fn generator(object: &Object) -> Option<((Option<String>, String), Value)> {
    let is_one = object.text("/apiVersion").starts_with(latchkey_api::generator::GROUP);
    let name = format!("{} {:?}", object.kind(), object.name());
    let namespace =
        (object.kind() != "ClusterGenerator").then(|| object.namespace().unwrap_or(NO_NAMESPACE).to_owned());
    is_one.then(|| ((namespace, name), object.value.get("spec").cloned().unwrap_or_default()))
}

/// The provider of a store by the store's kind and name. Who may use it is not asked here, nor in which namespace it is.
fn store(object: &Object) -> Option<(String, SecretStoreSpec)> {
    let is_store = object.text("/apiVersion").starts_with(GROUP) && object.kind().ends_with("SecretStore");
    let spec = SecretStoreSpec::deserialize(object.value.get("spec").filter(|_| is_store)?).ok()?;
    let name = format!("{} {:?}", object.kind(), object.name());
    Some((name, SecretStoreSpec { provider: spec.provider, ..SecretStoreSpec::default() }))
}

fn by_name<T>(objects: &[Object], kind: &str, data: impl Fn(&Value) -> T) -> BTreeMap<(String, String), T> {
    let of_kind = objects.iter().filter(|object| object.text("/apiVersion") == "v1" && object.kind() == kind);
    let name =
        |object: &Object| (object.namespace().unwrap_or(NO_NAMESPACE).to_owned(), object.name().to_owned());
    of_kind.map(|object| (name(object), data(&object.value))).collect()
}

fn texts_of<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = (String, &'a str)> {
    let map = value[field].as_object().into_iter().flatten();
    map.filter_map(|(key, text)| Some((key.clone(), text.as_str()?)))
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    texts_in(value, "data")
}

fn texts_in(value: &Value, field: &str) -> BTreeMap<String, String> {
    texts_of(value, field).map(|(key, text)| (key, text.to_owned())).collect()
}

/// `stringData` is written over `data`.
fn bytes(value: &Value) -> BTreeMap<String, SecretBytes> {
    let decoded = texts_of(value, "data").filter_map(|(key, text)| {
        let ByteString(bytes) = serde_json::from_value(Value::from(text)).ok()?;
        Some((key, SecretBytes::new(bytes)))
    });
    decoded.chain(texts_of(value, "stringData").map(|(key, text)| (key, text.into()))).collect()
}

#[async_trait]
impl Stores for World {
    async fn store(&self, key: &StoreKey) -> Result<Option<Arc<Store>>, LookupFailed> {
        let (key, uid) = (key.clone(), key.to_string());
        let spec = self.stores.get(&uid).cloned().unwrap_or_default();
        Ok(Some(Arc::new(Store { key, uid, generation: 1, spec, not_ready: None, allowed_keys: None })))
    }

    async fn namespace_labels(&self, _namespace: &str) -> Result<BTreeMap<String, String>, LookupFailed> {
        Ok(BTreeMap::new())
    }

    async fn generator(&self, key: &GeneratorKey) -> Result<Option<Value>, LookupFailed> {
        Ok(self.generators.get(&(key.namespace.clone(), key.to_string())).cloned())
    }
}

fn absent(kind: &str, name: &str) -> Error {
    Error::new(ErrorKind::Credentials, format!("{kind} {name:?} is in none of the files"))
}

#[async_trait]
impl Cluster for World {
    async fn secret(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, SecretBytes>, Error> {
        let secret = self.secrets.get(&(namespace.to_owned(), name.to_owned()));
        secret.cloned().ok_or_else(|| absent("Secret", name))
    }

    async fn secret_labels(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let labels = self.labels.get(&(namespace.to_owned(), name.to_owned()));
        labels.cloned().ok_or_else(|| absent("Secret", name))
    }

    async fn config_map(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error> {
        let config_map = self.config_maps.get(&(namespace.to_owned(), name.to_owned()));
        config_map.cloned().ok_or_else(|| absent("ConfigMap", name))
    }

    async fn service_account(&self, _namespace: &str, name: &str) -> Result<ServiceAccount, Error> {
        Err(absent("ServiceAccount", name))
    }

    async fn service_account_token(
        &self,
        _namespace: &str,
        name: &str,
        _audiences: &[String],
        _expires: Duration,
    ) -> Result<SecretBytes, Error> {
        Err(absent("ServiceAccount", name))
    }

    fn forget(&self, _namespace: &str) {}
}
