//! A store that answers as Vault's KV v2 does, counts what is asked of it, and is as slow as it is told to be. A real Vault
//! would be the measure of a burst.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::support::{LocalServer, Namespace};

/// The server. It ends when this is dropped.
pub struct Stub {
    server: LocalServer,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    delay: Duration,
    prefix: String,
    reads: HashMap<String, usize>,
    under_way: usize,
    most: usize,
}

impl Stub {
    /// One that answers at once.
    pub fn start() -> Self {
        let shared = Arc::<Mutex<Shared>>::default();
        let server = LocalServer::start(None, router(Arc::clone(&shared)));
        Self { server, shared }
    }

    /// Makes the ClusterSecretStore of the namespace's name, which reads this one.
    pub fn store(&self, ns: &Namespace<'_>) {
        ns.vault_store(&self.url(), "stub");
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.server.port)
    }

    /// From now on each answer takes so long.
    pub fn delay(&self, delay: Duration) {
        lock(&self.shared).delay = delay;
    }

    /// From now on values are those of [`value_of`] with this before them.
    pub fn say(&self, prefix: &str) {
        prefix.clone_into(&mut lock(&self.shared).prefix);
    }

    /// How often each key was read since the last [`Self::forget`].
    pub fn reads(&self) -> HashMap<String, usize> {
        lock(&self.shared).reads.clone()
    }

    /// The sum of them.
    pub fn sum(&self) -> usize {
        lock(&self.shared).reads.values().sum()
    }

    /// How many reads were under way at once, at most.
    pub fn most(&self) -> usize {
        lock(&self.shared).most
    }

    /// Counts anew.
    pub fn forget(&self) {
        let mut shared = lock(&self.shared);
        shared.reads.clear();
        shared.most = shared.under_way;
    }
}

/// What the property `value` of a key is.
pub fn value_of(key: &str) -> String {
    format!("value of {key}")
}

fn router(shared: Arc<Mutex<Shared>>) -> Router {
    let token = || async { Json(json!({ "data": { "ttl": 0, "renewable": false, "policies": ["root"] } })) };
    let mount = || async { Json(json!({ "data": { "type": "kv", "options": { "version": "2" } } })) };
    Router::new()
        .route("/v1/auth/token/lookup-self", get(token))
        .route("/v1/sys/internal/ui/mounts/{*mount}", get(mount))
        .route("/v1/secret/data/{*key}", get(read))
        .with_state(shared)
}

async fn read(
    State(shared): State<Arc<Mutex<Shared>>>,
    Path(key): Path<String>,
) -> (StatusCode, Json<Value>) {
    let (delay, value) = {
        let mut shared = lock(&shared);
        *shared.reads.entry(key.clone()).or_default() += 1;
        shared.under_way += 1;
        shared.most = shared.most.max(shared.under_way);
        (shared.delay, format!("{}{}", shared.prefix, value_of(&key)))
    };
    let _under_way = UnderWay(Arc::clone(&shared));
    tokio::time::sleep(delay).await;
    let metadata = json!({ "version": 1, "created_time": "2026-01-01T00:00:00Z", "deletion_time": "", "destroyed": false });
    (StatusCode::OK, Json(json!({ "data": { "data": { "value": value }, "metadata": metadata } })))
}

/// A read, which may be given up by the client.
struct UnderWay(Arc<Mutex<Shared>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        lock(&self.0).under_way -= 1;
    }
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
