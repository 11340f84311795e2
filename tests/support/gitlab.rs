//! A GitLab of the tests' own, as far as deploy tokens go: it refuses what GitLab's API refuses, and counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{delete, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::LocalServer;

/// The server, with one project, `7`. It ends when this is dropped.
pub struct Gitlab {
    server: LocalServer,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    made: u64,
    tokens: BTreeMap<u64, String>,
}

/// Who may make deploy tokens.
const MAINTAINER: &str = "glpat-maintainer";

impl Gitlab {
    pub fn start() -> Self {
        let shared = Arc::<Mutex<Shared>>::default();
        let router = Router::new()
            .route("/api/v4/projects/{project}/deploy_tokens", post(make))
            .route("/api/v4/projects/{project}/deploy_tokens/{token}", delete(revoke))
            .with_state(Arc::clone(&shared));
        Self { server: LocalServer::start(None, router), shared }
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port)
    }

    /// The Secret with what a maintainer logs in with, and a generator `ci` that has deploy tokens made here.
    pub fn objects(&self) -> [Value; 2] {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "maintainer" },
            "stringData": { "token": MAINTAINER },
        });
        let generator = json!({
            "apiVersion": "generators.external-secrets.io/v1alpha1", "kind": "GitlabDeployToken",
            "metadata": { "name": "ci" }, "spec": deploy_token(&self.url()),
        });
        [secret, generator]
    }

    /// How many tokens were made at all.
    pub fn made(&self) -> u64 {
        lock(&self.shared).made
    }

    /// The tokens that are good.
    pub fn tokens(&self) -> Vec<String> {
        lock(&self.shared).tokens.values().cloned().collect()
    }
}

/// The specification of a generator that has deploy tokens made at this address.
pub fn deploy_token(url: &str) -> Value {
    json!({
        "url": url, "projectID": "7", "name": "ci", "scopes": ["read_registry"],
        "auth": { "token": { "secretRef": { "name": "maintainer", "key": "token" } } },
    })
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(project: &str, headers: &HeaderMap) -> Option<StatusCode> {
    let token = headers.get("private-token").and_then(|value| value.to_str().ok());
    match (token, project) {
        (Some(MAINTAINER), "7") => None,
        (Some(MAINTAINER), _) => Some(StatusCode::NOT_FOUND),
        (_, _) => Some(StatusCode::UNAUTHORIZED),
    }
}

async fn make(
    State(shared): State<Arc<Mutex<Shared>>>,
    Path(project): Path<String>,
    headers: HeaderMap,
    Json(asked): Json<Value>,
) -> (StatusCode, Json<Value>) {
    if let Some(status) = refused(&project, &headers) {
        return (status, Json(json!({ "message": "no" })));
    }
    let named = asked["name"].as_str().is_some_and(|name| !name.is_empty());
    if !named || asked["scopes"].as_array().is_none_or(Vec::is_empty) {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "name, scopes" })));
    }
    let mut shared = lock(&shared);
    shared.made += 1;
    let (id, token) = (shared.made, format!("gldt-{}", shared.made));
    shared.tokens.insert(id, token.clone());
    let username = format!("gitlab+deploy-token-{id}");
    (
        StatusCode::CREATED,
        Json(json!({ "id": id, "name": asked["name"], "username": username, "token": token })),
    )
}

async fn revoke(
    State(shared): State<Arc<Mutex<Shared>>>,
    Path((project, token)): Path<(String, u64)>,
    headers: HeaderMap,
) -> StatusCode {
    if let Some(status) = refused(&project, &headers) {
        return status;
    }
    match lock(&shared).tokens.remove(&token) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}
