//! What runs latchkey asks of it: whether it lives, whether it is ready, and what it measured.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{StatusCode, header};

use crate::metrics::Metrics;

/// What has to be true before requests are sent here. Each part registers a condition by name; latchkey is ready once
/// all of them hold.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<&'static str, bool>>>);

impl Readiness {
    /// Adds a condition that does not hold yet.
    #[must_use = "a condition whose handle is gone never holds"]
    pub fn handle(&self, name: &'static str) -> ReadyHandle {
        self.conditions().insert(name, false);
        ReadyHandle { readiness: self.clone(), name }
    }

    /// The conditions that do not hold.
    pub fn missing(&self) -> Vec<&'static str> {
        self.conditions().iter().filter(|(_, holds)| !**holds).map(|(name, _)| *name).collect()
    }

    /// A page with a line for each condition, and whether all of them hold.
    fn page(&self) -> (bool, String) {
        let conditions = self.conditions();
        let mut page = String::new();
        for (name, holds) in conditions.iter() {
            let _ = writeln!(
                page,
                "{}",
                if *holds { format!("[+] {name}") } else { format!("[-] {name}: not yet") }
            );
        }
        (conditions.values().all(|holds| *holds), page)
    }

    fn conditions(&self) -> MutexGuard<'_, BTreeMap<&'static str, bool>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One condition of [`Readiness`].
#[derive(Debug, Clone)]
pub struct ReadyHandle {
    readiness: Readiness,
    name: &'static str,
}

impl ReadyHandle {
    /// The condition holds.
    pub fn ready(&self) {
        self.set(true);
    }

    /// The condition holds no longer.
    pub fn unready(&self) {
        self.set(false);
    }

    fn set(&self, holds: bool) {
        let before = self.readiness.conditions().insert(self.name, holds);
        if before != Some(holds) {
            let missing = self.readiness.missing();
            tracing::info!(condition = self.name, holds, ?missing, "readiness");
        }
    }
}

/// `/livez`, `/readyz` and `/metrics`.
pub fn router(readiness: Readiness, metrics: Arc<Metrics>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz).with_state(readiness))
        .route("/metrics", get(measured).with_state(metrics))
}

async fn readyz(State(readiness): State<Readiness>) -> (StatusCode, String) {
    match readiness.page() {
        (true, page) => (StatusCode::OK, page),
        (false, page) => (StatusCode::SERVICE_UNAVAILABLE, page),
    }
}

async fn measured(State(metrics): State<Arc<Metrics>>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], metrics.render()).into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn get_page(readiness: &Readiness, path: &str) -> (StatusCode, String) {
        let router = router(readiness.clone(), Arc::new(Metrics::new()));
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = router.oneshot(request).await.expect("an answer");
        let status = response.status();
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[tokio::test]
    async fn is_ready_once_every_condition_holds() {
        let readiness = Readiness::default();
        let (tls, stores) = (readiness.handle("tls"), readiness.handle("stores"));
        tls.ready();
        let waiting = (StatusCode::SERVICE_UNAVAILABLE, "[-] stores: not yet\n[+] tls\n".to_owned());
        assert_eq!(get_page(&readiness, "/readyz").await, waiting);
        stores.ready();
        assert_eq!(get_page(&readiness, "/readyz").await.0, StatusCode::OK);
        tls.unready();
        assert_eq!(readiness.missing(), ["tls"]);
    }

    #[tokio::test]
    async fn lives_though_it_is_not_ready() {
        let readiness = Readiness::default();
        let _never = readiness.handle("never");
        assert_eq!(get_page(&readiness, "/livez").await, (StatusCode::OK, "ok\n".to_owned()));
    }

    #[tokio::test]
    async fn shows_its_metrics() {
        let (status, page) = get_page(&Readiness::default(), "/metrics").await;
        assert_eq!(status, StatusCode::OK);
        assert!(page.contains("latchkey_leader 0"), "{page}");
    }
}
