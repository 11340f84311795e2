//! Manifests as values, so that a test says only what is special in its own.

use serde_json::{Value, json};

const API: &str = "external-secrets.io/v1";

/// A ClusterSecretStore with this provider block, say `{"vault": {…}}`.
pub fn cluster_store(name: &str, provider: Value) -> Value {
    json!({
        "apiVersion": API, "kind": "ClusterSecretStore",
        "metadata": { "name": name }, "spec": { "provider": provider },
    })
}

/// A SecretStore of whatever namespace it is applied in.
pub fn store(name: &str, provider: Value) -> Value {
    json!({
        "apiVersion": API, "kind": "SecretStore",
        "metadata": { "name": name }, "spec": { "provider": provider },
    })
}

/// KV v2 at `secret/`, with this way to log in.
pub fn vault(server: &str, auth: Value) -> Value {
    json!({ "vault": { "server": server, "path": "secret", "version": "v2", "auth": auth } })
}

/// Values that the store itself holds, by key.
pub fn fake(values: &[(&str, &str)]) -> Value {
    let data: Vec<Value> = values.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    json!({ "fake": { "data": data } })
}

/// An ExternalSecret that reads a ClusterSecretStore; `spec` has its other fields, or others in their place.
pub fn external_secret(name: &str, cluster_store: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": API, "kind": "ExternalSecret",
        "metadata": { "name": name },
        "spec": {
            "refreshInterval": "1h",
            "secretStoreRef": { "kind": "ClusterSecretStore", "name": cluster_store },
        },
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    object
}

/// A field `data` with one entry: the property of a remote key, under the property's name.
pub fn one(key: &str, property: &str) -> Value {
    json!({ "data": [{ "secretKey": property, "remoteRef": { "key": key, "property": property } }] })
}

/// A field `dataFrom` with everything that a remote key has.
pub fn all_of(key: &str) -> Value {
    json!({ "dataFrom": [{ "extract": { "key": key } }] })
}

/// A Pod that reads its whole environment from each of these Secrets.
pub fn pod(name: &str, secrets: &[&str]) -> Value {
    let from: Vec<Value> = secrets.iter().map(|secret| json!({ "secretRef": { "name": secret } })).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name },
        "spec": { "containers": [{ "name": "app", "image": "nginx", "envFrom": from }] },
    })
}

/// The same object with this annotation.
pub fn annotated(mut object: Value, name: &str, value: &str) -> Value {
    object["metadata"]["annotations"][name] = json!(value);
    object
}

/// Several objects as one manifest.
pub fn list(objects: &[Value]) -> String {
    json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string()
}
