//! A cluster in a function: one namespace with a store, a few ExternalSecrets, and no Secret that stays.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tower::Service;

use crate::{CANARY, Kind, Random};

/// A client of it; `made` is every generator whose name begins with `made-`.
pub fn client(made: Arc<Mutex<Value>>) -> Client {
    Client::new(Cluster { made }, "team")
}

#[derive(Debug, Clone)]
struct Cluster {
    made: Arc<Mutex<Value>>,
}

impl Service<Request<Body>> for Cluster {
    type Response = Response<Body>;
    type Error = io::Error;
    type Future = std::pin::Pin<Box<dyn Future<Output = io::Result<Response<Body>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (head, body) = request.into_parts();
        let made = Arc::clone(&self.made);
        Box::pin(async move {
            let query = head.uri.query().unwrap_or_default();
            if query.contains("watch=true") {
                return std::future::pending().await; // nothing ever changes
            }
            let body = body.collect_bytes().await.map_err(io::Error::other)?;
            let path = head.uri.path();
            let (code, answer) =
                match path.contains("/generators.external-secrets.io/") && path.contains("/made-") {
                    true => (200, made.lock().unwrap_or_else(PoisonError::into_inner).clone()),
                    false => answer(&head.method, path, &body),
                };
            Response::builder()
                .status(code)
                .body(Body::from(answer.to_string().into_bytes()))
                .map_err(io::Error::other)
        })
    }
}

fn answer(method: &Method, path: &str, body: &[u8]) -> (u16, Value) {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("GET", [.., "externalsecrets"]) => (200, list((0..12).map(external_secret).collect())),
        ("GET", [.., "secretstores" | "clustersecretstores"]) => (200, list(Vec::new())),
        (
            "GET",
            [.., "clusterexternalsecrets" | "pushsecrets" | "clusterpushsecrets"]
            | ["api", "v1", "namespaces" | "secrets"],
        ) => (200, list(Vec::new())),
        ("GET", [.., "secretstores" | "clustersecretstores", "store"]) => (200, store()),
        ("GET", [.., "namespaces", name]) => (200, named(name)),
        ("GET", [.., "secrets", "creds"]) => (200, credentials()),
        ("GET", [.., "serviceaccounts", "creds"]) => (200, service_account()),
        ("POST", [.., "secrets"]) => (201, written(body)),
        ("PUT" | "PATCH", [.., "secrets", _]) => (200, written(body)),
        ("POST", [.., "subjectaccessreviews"]) => (201, json!({ "spec": {}, "status": { "allowed": true } })),
        _ => (
            404,
            json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404 }),
        ),
    }
}

fn list(items: Vec<Value>) -> Value {
    json!({ "apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "1" }, "items": items })
}

fn named(name: &str) -> Value {
    json!({ "metadata": { "name": name, "labels": { "a": "b" }, "uid": "u", "resourceVersion": "1" } })
}

/// Those that Pods wait for: good ones of every policy.
fn external_secret(seed: u64) -> Value {
    let mut object = Kind::ExternalSecret.good(&mut Random::new(seed));
    object["metadata"]["uid"] = json!(format!("u{seed}"));
    object["metadata"]["resourceVersion"] = json!("1");
    object["metadata"]["name"] = json!(format!("es{seed}"));
    object
}

/// What every key of which the fuzzed objects speak is read from.
fn store() -> Value {
    let document = json!({ "password": CANARY, "user": { "name": CANARY, "emails": [CANARY] }, "list": [{ "a": 1, "b": CANARY }] });
    let mut object = named("store");
    object["metadata"]["namespace"] = json!("team");
    object["spec"] =
        json!({ "provider": { "fake": { "data": [{ "key": "db", "value": document.to_string() }] } } });
    object
}

/// What generators and templates may refer to. The seed is one of base32.
fn credentials() -> Value {
    let mut object = named("creds");
    object["metadata"]["namespace"] = json!("team");
    let template = format!("{CANARY} {{{{ nope }}}}");
    object["data"] = json!({
        "id": STANDARD.encode(CANARY), "seed": STANDARD.encode("JBSWY3DPEHPK3PXP"), "template": STANDARD.encode(template),
        "pem": STANDARD.encode(include_str!("../../gotmpl/tests/suite/keys/rsa.pk1")),
    });
    object
}

/// One that may log in to a cloud.
fn service_account() -> Value {
    let mut object = named("creds");
    object["metadata"]["annotations"] =
        json!({ "azure.workload.identity/client-id": "app", "azure.workload.identity/tenant-id": "tenant" });
    object
}

/// The metadata of what was sent, as stored.
fn written(body: &[u8]) -> Value {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let name = sent["metadata"]["name"].as_str().unwrap_or("app");
    named(name)
}
