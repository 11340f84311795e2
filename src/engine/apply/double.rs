//! An API server of few words: it gives the answers of a script, in order, and remembers what it was asked.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::SecretWriter;

/// What was asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Method and path with query.
    pub line: String,
    /// The header Accept.
    pub accept: String,
    /// The body; null if there is none.
    pub body: Value,
}

#[derive(Clone, Default)]
pub struct Double {
    script: Arc<Mutex<VecDeque<(u16, Value)>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Double {
    /// A double that gives these answers.
    pub fn answering(script: impl IntoIterator<Item = (u16, Value)>) -> Self {
        Self { script: Arc::new(Mutex::new(script.into_iter().collect())), ..Self::default() }
    }

    pub fn writer(&self) -> SecretWriter {
        let double = self.clone();
        SecretWriter::new(Client::new(
            tower::service_fn(move |request| {
                let double = double.clone();
                async move { Ok::<_, Infallible>(double.answer(request).await) }
            }),
            "team",
        ))
    }

    /// What was asked so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics here").clone()
    }

    /// The methods and paths so far, without queries.
    pub fn lines(&self) -> Vec<String> {
        let line = |asked: Asked| asked.line.split('?').next().unwrap_or_default().to_owned();
        self.asked().into_iter().map(line).collect()
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let accept = request.headers().get("accept").and_then(|value| value.to_str().ok());
        let accept = accept.unwrap_or_default().to_owned();
        let line = format!("{} {}", request.method(), request.uri());
        let body = request.into_body().collect_bytes().await.expect("a whole body");
        let body = serde_json::from_slice(&body).unwrap_or_default();
        self.asked.lock().expect("no test panics here").push(Asked { line, accept, body });
        let next = self.script.lock().expect("no test panics here").pop_front();
        let Some((code, answer)) = next else {
            return std::future::pending().await; // the script is over: a server that does not answer
        };
        let answer = Body::from(answer.to_string().into_bytes());
        Response::builder().status(code).body(answer).expect("a response")
    }
}

/// A refusal as the API server words it.
pub fn refusal(code: u16, reason: &str, message: &str) -> (u16, Value) {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "reason": reason, "message": message, "code": code,
    });
    (code, status)
}

pub fn not_found() -> (u16, Value) {
    refusal(404, "NotFound", "secrets \"db\" not found")
}

pub fn conflict() -> (u16, Value) {
    refusal(409, "Conflict", "the object has been modified")
}

/// The metadata that a write is answered with.
pub fn version(resource_version: &str) -> (u16, Value) {
    (200, json!({ "metadata": { "name": "db", "namespace": "team", "resourceVersion": resource_version } }))
}
