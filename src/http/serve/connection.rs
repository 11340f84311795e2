//! One connection, from its handshake to its end.
//!
//! A client that keeps its connection learns in time that it should not send another request on it. To an HTTP/2 client
//! a GOAWAY says so. An HTTP/1.1 client is told with its next answer (`Connection: close`) from the moment that latchkey
//! leaves; only a connection that nobody has used for a while is closed without a word, because a request that comes at
//! that very moment is lost: the API server does not send it again.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::HttpBody as _;
use axum::response::Response;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderValue, Request, Version, header};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::Phases;
use super::activity::Activity;
use super::places::Place;
use super::refusals::Refusals;
use crate::metrics::Ended;

/// How long a client may take for its part of the handshake.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be without a request. Longer than the API server keeps an unused one (90 s), so that it is
/// the API server who closes it.
const IDLE: Duration = Duration::from_secs(120);

/// How long a client has to end the connection once it is told to, or to send the request that is on its way.
const GRACE: Duration = Duration::from_secs(1);

/// The same when somebody else waits for the place.
const SHORT_GRACE: Duration = Duration::from_millis(100);

/// How often an HTTP/2 client is asked whether it is still there, and how long it may take to say so.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;

/// All headers of a request together, in bytes: the API server sends a few hundred.
const MAX_HEADERS: u32 = 16 << 10;

/// The least that hyper takes, and enough for that.
const HTTP1_BUFFER: usize = 64 << 10;

/// What all connections of one listener share.
#[derive(Clone)]
pub(super) struct Connections {
    pub tls: Option<TlsAcceptor>,
    pub router: Router,
    pub phases: Phases,
    pub refusals: Arc<Refusals>,
}

/// Why a connection is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goodbye {
    Drained,
    Evicted,
    Idle,
}

impl Connections {
    /// Serves it to its end.
    pub(super) async fn serve(self, stream: TcpStream, place: Place) -> Ended {
        // An answer is one small write; waiting for more of it only delays the prompt.
        let _ = stream.set_nodelay(true);
        let Some(tls) = self.tls.clone() else {
            return self.http(stream, false, &place).await;
        };
        match self.handshake(&tls, stream, &place).await {
            Ok(stream) => {
                let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                self.http(stream, h2, &place).await
            }
            Err(ended) => ended,
        }
    }

    async fn handshake(
        &self,
        tls: &TlsAcceptor,
        stream: TcpStream,
        place: &Place,
    ) -> Result<TlsStream<TcpStream>, Ended> {
        tokio::select! {
            accepted = timeout(HANDSHAKE_TIMEOUT, tls.accept(stream)) => match accepted {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(error)) => {
                    self.refusals.handshake(&error);
                    Err(Ended::Handshake)
                }
                Err(_) => Err(Ended::Handshake),
            },
            () = place.evicted.cancelled() => Err(Ended::Evicted),
            () = after(&self.phases.draining, GRACE) => Err(Ended::Drained),
        }
    }

    async fn http<Io>(self, io: Io, h2: bool, place: &Place) -> Ended
    where
        Io: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { router, phases, .. } = self;
        let activity = Arc::clone(&place.activity);
        let service = Noted { router, activity, leaving: phases.leaving.clone() };
        let builder = protocol(h2);
        let connection = builder.serve_connection(TokioIo::new(io), TowerToHyperService::new(service));
        let mut connection = pin!(connection.into_owned());
        let goodbye = tokio::select! {
            biased; // what has come is read before anybody looks at the time
            ended = connection.as_mut() => return end(ended),
            goodbye = goodbye(&phases, place, h2) => goodbye,
        };
        if goodbye == Goodbye::Evicted && !place.activity.is_known() {
            return Ended::Evicted;
        }
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            biased;
            _ = connection => (), // it ends because it was told to
            () = patience(goodbye, &place.activity) => (),
        }
        goodbye.into()
    }
}

impl From<Goodbye> for Ended {
    fn from(goodbye: Goodbye) -> Self {
        match goodbye {
            Goodbye::Drained => Self::Drained,
            Goodbye::Evicted => Self::Evicted,
            Goodbye::Idle => Self::Idle,
        }
    }
}

/// How long a client may take to end its connection once it is told to; what it has asked before is answered.
async fn patience(goodbye: Goodbye, activity: &Activity) {
    match goodbye {
        Goodbye::Evicted => activity.pause(SHORT_GRACE).await,
        Goodbye::Drained | Goodbye::Idle => activity.quiet(Instant::now(), GRACE).await,
    }
}

/// Waits until there is a reason to end a connection. One of HTTP/1.1 that is in use while latchkey drains ends by itself,
/// after its next answer.
async fn goodbye(phases: &Phases, place: &Place, h2: bool) -> Goodbye {
    let drained = async {
        phases.draining.cancelled().await;
        if !h2 {
            place.activity.quiet(Instant::now(), GRACE).await;
        }
    };
    tokio::select! {
        () = drained => Goodbye::Drained,
        () = place.evicted.cancelled() => Goodbye::Evicted,
        () = place.activity.quiet(Instant::now(), IDLE) => Goodbye::Idle,
    }
}

async fn after(token: &CancellationToken, grace: Duration) {
    token.cancelled().await;
    sleep(grace).await;
}

fn end(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) -> Ended {
    match ended {
        Ok(()) => Ended::Closed,
        Err(error) => {
            tracing::debug!(error, "a connection ended badly");
            Ended::Broken
        }
    }
}

/// The one protocol that was agreed on: to guess it from the first bytes would wait for them without a limit.
fn protocol(h2: bool) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // How long headers may take is part of how long a connection may be without a request.
    builder.http1().timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(HTTP1_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADERS);
    if h2 { builder.http2_only() } else { builder.http1_only() }
}

/// The routes, and a note of each request.
#[derive(Clone)]
struct Noted {
    router: Router,
    activity: Arc<Activity>,
    leaving: CancellationToken,
}

impl Service<Request<Incoming>> for Noted {
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Service::<Request<Incoming>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, mut request: Request<Incoming>) -> Self::Future {
        let asked = Arc::new(self.activity.asked());
        if request.body().is_end_stream() {
            asked.is_whole();
        }
        let closes = request.version() <= Version::HTTP_11;
        request.extensions_mut().insert(Arc::clone(&asked));
        let (answer, leaving) = (self.router.call(request), self.leaving.clone());
        async move {
            let mut answer = answer.await?;
            if closes && leaving.is_cancelled() {
                answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            drop(asked);
            Ok(answer)
        }
        .boxed()
    }
}
