//! A validating webhook of somebody else that refuses Secrets and says what it has read in them.

use axum::{Json, Router, routing::post};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::Namespace;
use super::local_server::LocalServer;

/// The webhook. It ends when this is dropped.
pub struct Quoter {
    _running: LocalServer,
}

impl Quoter {
    /// Refuses the Secrets of a namespace that are labelled `quoter: refuses`, or once they are changed those that are
    /// labelled `quoter: refuses-changes`; with this status code, and with their data as reason, message and warning.
    pub fn start(ns: &Namespace<'_>, code: u16) -> Self {
        let answers = post(move |Json(review): Json<Value>| std::future::ready(answer(&review, code)));
        let webhook = json!({
            "name": "quoter.example.com",
            "objectSelector": { "matchExpressions": [{ "key": "quoter", "operator": "Exists" }] },
            "rules": [{
                "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"],
                "resources": ["secrets"],
            }],
        });
        let name = ("ValidatingWebhookConfiguration", format!("quoter-{}", ns.name));
        let running = LocalServer::registered(Router::new().route("/", answers), ns, name, webhook);
        Self { _running: running }
    }
}

fn answer(review: &Value, code: u16) -> Json<Value> {
    let data = review["request"]["object"]["data"].as_object().cloned().unwrap_or_default();
    let decoded = data.values().filter_map(|value| BASE64_STANDARD.decode(value.as_str()?).ok());
    let texts: Vec<String> = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
    let quoted = texts.join(", ");
    let request = &review["request"];
    let new = request["operation"] == "CREATE";
    let allowed = new && request["object"]["metadata"]["labels"]["quoter"] == "refuses-changes";
    Json(json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "response": {
            "uid": review["request"]["uid"], "allowed": allowed, "warnings": [quoted],
            "auditAnnotations": { "seen": quoted },
            "status": { "code": code, "reason": quoted, "message": format!("this is no good password: {quoted}") },
        },
    }))
}
