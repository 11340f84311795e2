//! The accept loop, and the limits that every connection and every request is under.

mod activity;
mod connection;
mod places;
mod refusals;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use http::StatusCode;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use super::body::MAX_BODY;
use crate::metrics::Metrics;
pub use activity::Asked;
use connection::Connections;
use places::Places;
use refusals::Refusals;

/// No answer takes longer; the API server waits for 30 s at most. Handlers have deadlines of their own.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long connections may take to end once latchkey drains; then they are cut off.
const DRAIN: Duration = Duration::from_secs(12);

/// How a server is told that its end is near, and that it has come.
#[derive(Debug, Clone)]
pub struct Phases {
    /// Requests are still answered, and clients told not to send more on their connections.
    pub leaving: CancellationToken,
    /// Nobody is let in any more.
    pub draining: CancellationToken,
}

/// What tells one server from another.
#[derive(Debug, Clone)]
pub struct Server {
    /// As a metric label.
    pub name: &'static str,
    /// Connections at once.
    pub connections: usize,
    /// When to end.
    pub phases: Phases,
    /// Where connections are counted.
    pub metrics: Arc<Metrics>,
}

/// One that ends at once when it is told to, and whose connections nobody counts.
impl From<CancellationToken> for Server {
    fn from(end: CancellationToken) -> Self {
        let phases = Phases { leaving: end.clone(), draining: end };
        Self { name: "other", connections: 512, phases, metrics: Arc::default() }
    }
}

/// Answers on this listener until it is to drain; then says goodbye to each client and returns when the last answer has
/// been sent. With a TLS configuration it speaks TLS alone.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    server: impl Into<Server>,
) {
    let Server { name, connections, phases, metrics } = server.into();
    let (places, refusals) = (Places::new(connections), Arc::<Refusals>::default());
    let (draining, tls) = (phases.draining.clone(), tls.map(TlsAcceptor::from));
    let connections = Connections { tls, router: guard(router), phases, refusals: Arc::clone(&refusals) };
    let accepted = Accepted {
        name,
        places,
        connections,
        metrics,
        running: TaskTracker::new(),
        cut: CancellationToken::new(),
    };
    while let Some(next) = draining.run_until_cancelled(listener.accept()).await {
        match next {
            Ok((stream, _)) => accepted.serve(stream).await,
            Err(error) => {
                refusals.accept(&error);
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // Who has been let in by the system already would otherwise find the door shut.
    while let Some(Ok((stream, _))) = listener.accept().now_or_never() {
        accepted.serve(stream).await;
    }
    drop(listener);
    accepted.end().await;
}

/// The connections of one listener.
struct Accepted {
    name: &'static str,
    places: Arc<Places>,
    connections: Connections,
    metrics: Arc<Metrics>,
    running: TaskTracker,
    cut: CancellationToken,
}

impl Accepted {
    async fn serve(&self, stream: TcpStream) {
        let mut counted = self.metrics.connection(self.name);
        let (place, connections) = (self.places.take().await, self.connections.clone());
        let cut = self.cut.clone();
        self.running.spawn(async move {
            if let Some(ended) = cut.run_until_cancelled(connections.serve(stream, place)).await {
                counted.ended(ended);
            }
        });
    }

    async fn end(self) {
        self.running.close();
        if tokio::time::timeout(DRAIN, self.running.wait()).await.is_err() {
            tracing::warn!(server = self.name, connections = self.running.len(), "connections are cut off");
            self.cut.cancel();
            self.running.wait().await;
        }
    }
}

/// The limits of every route, in one place. What is malformed, too large or too slow gets a 4xx; a panic gets a 500 and
/// stays inside its request.
pub fn guard(router: Router) -> Router {
    router
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::custom(panicked))
}

/// What the panic said stays here: it may quote a value.
fn panicked(_said: Box<dyn Any + Send + 'static>) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "latchkey failed on this request; its log says where\n")
        .into_response()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::{get, post};
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn status(router: Router, request: Request<Body>) -> StatusCode {
        guard(router).oneshot(request).await.expect("an answer").status()
    }

    #[tokio::test]
    async fn a_panic_stays_inside_its_request() {
        async fn fails() {
            panic!("the value is hunter2")
        }
        let router = Router::new().route("/", get(fails));
        let request = Request::get("/").body(Body::empty()).expect("a request");
        let response = guard(router).oneshot(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = axum::body::to_bytes(response.into_body(), 1024).await.expect("a body");
        assert!(!String::from_utf8_lossy(&body).contains("hunter2"));
    }

    #[tokio::test]
    async fn what_is_unknown_or_malformed_is_no_fault_of_the_server() {
        let request = |method, path| {
            Request::builder().method(method).uri(path).body(Body::empty()).expect("a request")
        };
        let router = Router::new().route("/", post(|| async {}));
        assert_eq!(status(router.clone(), request("GET", "/nothing")).await, StatusCode::NOT_FOUND);
        assert_eq!(status(router, request("GET", "/")).await, StatusCode::METHOD_NOT_ALLOWED);
    }
}
