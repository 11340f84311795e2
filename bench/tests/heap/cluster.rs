//! A cluster as the watches see it: lists of so many objects, and nothing ever happens.

use std::convert::Infallible;

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use latchkey::engine::due;
use latchkey_api::external_secret::ExternalSecret;
use serde_json::{Value, json};

/// The namespace of everything.
pub const NAMESPACE: &str = "measured";

/// A client of a cluster with so many ExternalSecrets, each with its Secret.
pub fn client(objects: usize) -> Client {
    let service = tower::service_fn(move |request: Request<Body>| async move {
        let answer = match request.uri() {
            uri if uri.query().unwrap_or_default().contains("watch=true") => std::future::pending().await,
            uri => answer(uri.path(), objects),
        };
        Ok::<_, Infallible>(Response::new(Body::from(answer.to_string().into_bytes())))
    });
    Client::new(service, NAMESPACE)
}

fn answer(path: &str, objects: usize) -> Value {
    match path.rsplit('/').next() {
        Some("externalsecrets") => list((0..objects).map(external_secret)),
        Some("secrets") => list((0..objects).map(secret)),
        Some("secretstores") => list([store()]),
        _ => list([]),
    }
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    let items: Vec<Value> = items.into_iter().collect();
    json!({ "kind": "List", "apiVersion": "v1", "metadata": { "resourceVersion": "1" }, "items": items })
}

/// A name as people give them.
pub fn name(number: usize) -> String {
    format!("database-credentials-{number}")
}

/// An ExternalSecret as it is stored and synced, with what kubectl and the API server have written into it.
pub fn external_secret(number: usize) -> Value {
    let mut object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": {
            "name": name(number), "namespace": NAMESPACE, "generation": 1, "resourceVersion": "1234567",
            "uid": format!("f0e1d2c3-0000-4000-8000-{number:012}"), "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": { "app.kubernetes.io/name": "shop" },
            "managedFields": [{ "manager": "kubectl-create", "operation": "Update", "apiVersion": "external-secrets.io/v1",
                "fieldsType": "FieldsV1", "fieldsV1": { "f:spec": { ".": {}, "f:data": {}, "f:refreshInterval": {} } } }],
        },
        "spec": {
            "refreshInterval": "1h", "secretStoreRef": { "name": "store", "kind": "SecretStore" },
            "target": { "name": name(number), "creationPolicy": "Owner", "deletionPolicy": "Retain" },
            "data": [{ "secretKey": "password", "remoteRef": {
                "key": format!("team/shop/database-{number}"), "property": "password", "conversionStrategy": "Default",
                "decodingStrategy": "None", "metadataPolicy": "None" } }],
        },
    });
    let read: ExternalSecret = serde_json::from_value(object.clone()).expect("an ExternalSecret");
    object["status"] = json!({
        "refreshTime": jiff::Timestamp::now().to_string(), "syncedResourceVersion": due::version(&read),
        "binding": { "name": name(number) },
        "conditions": [{ "type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced",
            "lastTransitionTime": "2026-01-01T00:00:00Z" }],
    });
    object
}

fn secret(number: usize) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {
            "name": name(number), "namespace": NAMESPACE, "resourceVersion": "1234568",
            "uid": format!("a0b1c2d3-0000-4000-8000-{number:012}"), "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {
                "reconcile.external-secrets.io/managed": "true",
                "reconcile.external-secrets.io/created-by": "0123456789abcdef0123456789abcdef0123456789abcdef01234567",
            },
            "annotations": {
                "reconcile.external-secrets.io/data-hash": "0123456789abcdef0123456789abcdef0123456789abcdef01234567",
            },
            "ownerReferences": [{ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": name(number),
                "uid": format!("f0e1d2c3-0000-4000-8000-{number:012}"), "controller": true, "blockOwnerDeletion": true }],
        },
    })
}

fn store() -> Value {
    json!({
        "apiVersion": "external-secrets.io/v1", "kind": "SecretStore",
        "metadata": { "name": "store", "namespace": NAMESPACE, "uid": "store", "resourceVersion": "1" },
        "spec": { "provider": { "fake": { "data": [] } } },
    })
}

/// The review of a Pod that takes its environment from this Secret.
pub fn pod(secret: &str) -> Value {
    review(
        "Pod",
        "",
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "app", "namespace": NAMESPACE, "labels": { "app": "shop" } },
            "spec": { "containers": [{
                "name": "app", "image": "registry.test/app:1", "resources": { "limits": { "memory": "128Mi" } },
                "env": [{ "name": "PASSWORD", "valueFrom": { "secretKeyRef": { "name": secret, "key": "password" } } }],
                "terminationMessagePath": "/dev/termination-log", "imagePullPolicy": "IfNotPresent",
            }], "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler" },
        }),
        Value::Null,
    )
}

/// The review of an ExternalSecret that is updated and stays as it is.
pub fn unchanged(number: usize) -> Value {
    review("ExternalSecret", "external-secrets.io", external_secret(number), external_secret(number))
}

fn review(kind: &str, group: &str, object: Value, old: Value) -> Value {
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "kind": { "group": group, "version": "v1", "kind": kind },
            "name": object["metadata"]["name"], "namespace": NAMESPACE,
            "operation": if old.is_null() { "CREATE" } else { "UPDATE" },
            "userInfo": { "username": "admin", "groups": ["system:authenticated", "system:masters"] },
            "object": object, "oldObject": old, "dryRun": false,
        },
    })
}
