//! The objects that are created.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::client::{Object, Verb};

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

/// The ClusterSecretStore [`STORE`], of the same provider.
pub(crate) fn cluster_store() -> Value {
    let mut object = store(STORE, "");
    object["kind"] = json!("ClusterSecretStore");
    object
}

/// A ClusterExternalSecret of one value of the ClusterSecretStore, for every namespace with this label.
pub(crate) fn fan(name: &str, key: &str, (label, value): (&str, &str)) -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ClusterExternalSecret",
        "metadata": { "name": name },
        "spec": {
            "namespaceSelectors": [{ "matchLabels": { label: value } }],
            "externalSecretSpec": {
                "refreshInterval": "12h",
                "secretStoreRef": { "name": STORE, "kind": "ClusterSecretStore" },
                "data": [{ "secretKey": "password", "remoteRef": { "key": key, "property": "password" } }],
            },
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
        verb: Verb::Create,
        path: external_secrets(namespace),
        body,
        secret: Some(format!("/api/v1/namespaces/{namespace}/secrets/{name}")),
    }
}

/// The path of a namespace's ExternalSecrets.
pub(crate) fn external_secrets(namespace: &str) -> String {
    format!("/apis/external-secrets.io/v1/namespaces/{namespace}/externalsecrets")
}

/// The wish for the value of now: an annotation that is another each time.
pub(crate) fn forced(namespace: &str, name: &str, round: usize) -> Object {
    let body = json!({ "metadata": { "annotations": { "force-sync": round.to_string() } } });
    let path = format!("{}/{name}", external_secrets(namespace));
    Object { verb: Verb::Patch, path, body, secret: None }
}

/// A Secret that is adopted, as far as the API server's work is concerned: its metadata alone is patched.
pub(crate) fn adopted(namespace: &str, name: &str) -> Object {
    let body = json!({ "metadata": { "annotations": { "adopted": "true" } } });
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    Object { verb: Verb::Patch, path, body, secret: None }
}

/// The status of an ExternalSecret, as a controller writes it.
pub(crate) fn status(namespace: &str, name: &str) -> Object {
    let body = json!({ "status": {
        "refreshTime": "2026-01-01T00:00:00Z",
        "syncedResourceVersion": "1-5a0b3e4fd3c2f0f0a1b2c3d4e5f60718293a4b5c6d7e8f9012345678",
        "binding": { "name": name },
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }],
    }});
    let path = format!("{}/{name}/status", external_secrets(namespace));
    Object { verb: Verb::Patch, path, body, secret: None }
}

/// A Secret with another value.
pub(crate) fn given(namespace: &str, name: &str, password: &str) -> Object {
    let body = json!({ "data": { "password": BASE64_STANDARD.encode(password) } });
    let path = format!("/api/v1/namespaces/{namespace}/secrets/{name}");
    Object { verb: Verb::Patch, path, body, secret: None }
}

/// A Secret like the one that latchkey makes of [`external_secret`].
pub(crate) fn secret(namespace: &str, name: &str) -> Object {
    let body = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {
            "name": name, "labels": { "made-by": "bench", "of": name },
            "annotations": { "data-hash": "5a0b3e4fd3c2f0f0a1b2c3d4e5f60718293a4b5c6d7e8f9012345678" },
        },
        "data": { "password": "YmVuY2g=" },
    });
    Object { verb: Verb::Create, path: format!("/api/v1/namespaces/{namespace}/secrets"), body, secret: None }
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
    Object { verb: Verb::Create, path: format!("/api/v1/namespaces/{namespace}/pods"), body, secret: None }
}

/// A Pod that names no Secret.
pub(crate) fn plain_pod(namespace: &str, name: &str) -> Object {
    let mut plain = pod(namespace, name, "");
    plain.body["spec"]["containers"][0]["env"] = json!([]);
    plain
}
