//! Another mutating webhook, which comes after latchkey's and has the API server call latchkey once more (fact F4).

use axum::{Json, Router, routing::post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Namespace;
use super::local_server::LocalServer;

/// A webhook that changes every new ExternalSecret of one namespace. It ends when this is dropped.
pub struct Labeller {
    _running: LocalServer,
}

impl Labeller {
    /// Gives them the label `added`, under a name that comes after latchkey's.
    pub fn start(ns: &Namespace<'_>) -> Self {
        let patch = json!([{ "op": "add", "path": "/metadata/labels", "value": { "added": "yes" } }]);
        Self::patching(ns, "zz", patch)
    }

    /// Changes them by this JSON patch, and is asked before or after latchkey by how the name of its registration begins.
    pub fn patching(ns: &Namespace<'_>, order: &str, patch: Value) -> Self {
        let answers = post(move |Json(review): Json<Value>| std::future::ready(answer(&review, &patch)));
        let webhook = json!({
            "name": "labels.example.com",
            "rules": [{
                "apiGroups": ["external-secrets.io"], "apiVersions": ["v1"], "operations": ["CREATE"],
                "resources": ["externalsecrets"],
            }],
        });
        let name = ("MutatingWebhookConfiguration", format!("{order}-{}", ns.name));
        let running = LocalServer::registered(Router::new().route("/", answers), ns, name, webhook);
        Self { _running: running }
    }
}

fn answer(review: &Value, patch: &Value) -> Json<Value> {
    Json(json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {
            "uid": review["request"]["uid"], "allowed": true, "patchType": "JSONPatch",
            "patch": BASE64_STANDARD.encode(patch.to_string()),
        },
    }))
}
