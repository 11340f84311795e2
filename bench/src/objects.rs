//! The objects that are created.

use serde_json::{Value, json};

use crate::client::Object;

/// A store that latchkey serves.
pub(crate) const STORE: &str = "store";
/// A store of another controller class, which latchkey leaves alone: an ExternalSecret of it is an object like any other.
pub(crate) const FOREIGN_STORE: &str = "foreign";

/// A SecretStore of AWS Secrets Manager with latchkey's own credentials.
pub(crate) fn store(name: &str, class: &str) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "SecretStore",
        "metadata": { "name": name },
        "spec": {
            "controller": class,
            "provider": { "aws": { "service": "SecretsManager", "region": latchkey_testbed::REGION } },
        },
    })
}

/// An ExternalSecret of one value.
pub(crate) fn external_secret(namespace: &str, name: &str, store: &str, key: &str, interval: &str) -> Object {
    let body = json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": { "name": name },
        "spec": {
            "refreshInterval": interval,
            "secretStoreRef": { "name": store, "kind": "SecretStore" },
            "data": [{ "secretKey": "password", "remoteRef": { "key": key, "property": "password" } }],
        },
    });
    Object {
        path: external_secrets(namespace),
        body,
        secret: Some(format!("/api/v1/namespaces/{namespace}/secrets/{name}")),
    }
}

/// The path of a namespace's ExternalSecrets.
pub(crate) fn external_secrets(namespace: &str) -> String {
    format!("/apis/external-secrets.io/v1/namespaces/{namespace}/externalsecrets")
}

/// A Pod that takes its environment from a Secret.
pub(crate) fn pod(namespace: &str, name: &str, secret: &str) -> Object {
    let body = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "name": name },
        "spec": { "containers": [{
            "name": "app",
            "image": "app",
            "env": [{ "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": secret, "key": "password" } } }],
        }] },
    });
    Object { path: format!("/api/v1/namespaces/{namespace}/pods"), body, secret: None }
}
