//! The accept loop, and the limits that every request is under.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use rustls::{AlertDescription, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// The largest body that is read. The API server takes requests of up to 3 MiB, and the review of an UPDATE carries the
/// object twice.
pub const MAX_BODY: usize = 8 << 20;

/// No answer takes longer; the API server waits for 30 s at most. Handlers have deadlines of their own.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take for its part of the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an HTTP/1.1 client may take to send its headers, and be silent between requests. The API server speaks
/// HTTP/2; who else keeps a connection open asks with GET, and asks again.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to say so.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// Connections at once. An API server opens one or a few; a scraper or a probe one.
const MAX_CONNECTIONS: usize = 512;

/// How long to wait when the system has no more file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers on this listener until `drain` is cancelled; then says goodbye to each client (GOAWAY on HTTP/2) and returns
/// when the last answer has been sent. With a TLS configuration it speaks TLS alone.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    drain: CancellationToken,
) {
    let server = Server { tls: tls.map(TlsAcceptor::from), router: guard(router) };
    let (graceful, places) = (GracefulShutdown::new(), Arc::new(Semaphore::new(MAX_CONNECTIONS)));
    while let Some(Ok(place)) = drain.run_until_cancelled(places.clone().acquire_owned()).await {
        match drain.run_until_cancelled(listener.accept()).await {
            None => break,
            Some(Err(error)) => pause_after(&error).await,
            Some(Ok((stream, _))) => {
                let (server, watcher) = (server.clone(), graceful.watcher());
                tokio::spawn(async move {
                    server.connection(stream, watcher).await;
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The limits of every route, in one place. What is malformed, too large or too slow gets a 4xx; a panic gets a 500 and
/// stays inside its request.
pub fn guard(router: Router) -> Router {
    router
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(MAX_BODY))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
        .layer(CatchPanicLayer::custom(panicked))
}

/// What the panic said stays here: it may quote a value.
fn panicked(_said: Box<dyn Any + Send + 'static>) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, "latchkey failed on this request; its log says where\n")
        .into_response()
}

async fn pause_after(error: &io::Error) {
    tracing::warn!(%error, "cannot accept a connection");
    tokio::time::sleep(ACCEPT_PAUSE).await;
}

#[derive(Clone)]
struct Server {
    tls: Option<TlsAcceptor>,
    router: Router,
}

impl Server {
    async fn connection(self, stream: TcpStream, watcher: Watcher) {
        // An answer is one small write; waiting for more of it only delays the prompt.
        let _ = stream.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return self.http(stream, false, watcher).await;
        };
        match tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.http(stream, h2, watcher).await;
            }
            Ok(Err(error)) => refused(&error),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn http<Io>(self, io: Io, h2: bool, watcher: Watcher)
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let builder = protocol(h2);
        let connection = builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(self.router));
        if let Err(error) = watcher.watch(connection.into_owned()).await {
            tracing::debug!(error, "a connection ended badly");
        }
    }
}

/// The one protocol that was agreed on: to guess it from the first bytes would wait for them without a limit.
fn protocol(h2: bool) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(PING.0).keep_alive_timeout(PING.1);
    if h2 { builder.http2_only() } else { builder.http1_only() }
}

/// A client that does not trust our certificate is worth a warning: the registered CA is not ours. One that hangs up is
/// a port scan or a TCP probe.
fn refused(error: &io::Error) {
    match error.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(rustls::Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown),
        )) => tracing::warn!(?alert, "a client refuses the webhook's certificate"),
        _ => tracing::debug!(%error, "a TLS handshake failed"),
    }
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
    async fn a_body_that_is_too_large_is_refused_and_a_large_one_is_not() {
        let router =
            Router::new().route("/", post(|body: axum::body::Bytes| async move { body.len().to_string() }));
        for (size, expected) in [(MAX_BODY, StatusCode::OK), (MAX_BODY + 1, StatusCode::PAYLOAD_TOO_LARGE)] {
            let request = Request::post("/").body(Body::from(vec![b' '; size])).expect("a request");
            assert_eq!(status(router.clone(), request).await, expected, "{size}");
        }
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
