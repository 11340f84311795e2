//! The way to the API server, and the manners of it: every request has a limit of time, a refusal is obeyed, and what does
//! not answer is not hammered. Whatever the callers do, no kind of request is made in a hot loop.
//!
//! | the API server | what happens |
//! |---|---|
//! | says 429 | the request is made again after `Retry-After`; so long no other of its kind (`update secrets`) is made, then one at a time until one is taken |
//! | says 5xx with `Retry-After` | the caller is told; its kind waits as after 429 |
//! | does not answer three times | requests of that kind wait for their turn, one at a time, a second apart at most |
//! | takes longer than [`LIMIT`] | the caller is told that there was no answer |
//! | ends a watch at once, again and again | the next waits longer each time |

mod body;
mod health;
mod kind;
mod pace;
mod values;
mod watches;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{HeaderValue, RETRY_AFTER};
use http::{Request, Response, StatusCode};
use kube::client::Body;
use kube::{Client, Config};
use serde_json::json;
use tokio::time::{Instant, timeout_at};
use tower::{BoxError, Service};

use crate::metrics::Metrics;
use body::Limited;
use health::Health;
use kind::Kind;
use pace::{Paces, Turn};
use watches::Watches;

/// How long a request may take in all, with waiting for its turn and being made again. Watches: until they begin.
pub const LIMIT: Duration = Duration::from_secs(30);

/// What to accept where nobody reads more of an answer than the object's metadata: the API server leaves out the rest.
pub const METADATA_ALONE: HeaderValue =
    HeaderValue::from_static("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");

/// How long a connection may take to be made, TLS included.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a kind waits after a 429 that does not say.
const UNSAID: Duration = Duration::from_secs(1);

/// The longest that is waited for because of one refusal; the API server asks for seconds.
const LONGEST: Duration = Duration::from_mins(5);

/// No answer came.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {} s", LIMIT.as_secs())]
pub struct NoAnswer;

/// A client for what latchkey asks of the API server, with connections of its own; what the API server says to one, all that
/// share this heed. Its work is done on the runtime that it is made on.
///
/// # Errors
/// The configuration cannot be used.
pub fn client(mut config: Config, shared: &Arc<Shared>) -> Result<Client, kube::Error> {
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    let values = values::client(&config)?;
    let inner = Client::try_from(config)?;
    let (namespace, valid_until) = (inner.default_namespace().to_owned(), *inner.valid_until());
    let service =
        ApiServer { values: values.unwrap_or_else(|| inner.clone()), inner, shared: Arc::clone(shared) };
    Ok(Client::new(service, namespace).with_valid_until(valid_until))
}

/// What is known of the API server.
pub struct Shared {
    paces: Paces,
    watches: Watches,
    health: Health,
    metrics: Arc<Metrics>,
}

impl Shared {
    /// Nothing yet.
    pub fn new(metrics: Arc<Metrics>) -> Arc<Self> {
        let (paces, watches, health) = Default::default();
        Arc::new(Self { paces, watches, health, metrics })
    }
}

/// The service behind the client.
#[derive(Clone)]
struct ApiServer {
    inner: Client,
    values: Client,
    shared: Arc<Shared>,
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<Limited>, BoxError>> + Send>>;

impl Service<Request<Body>> for ApiServer {
    type Response = Response<Limited>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        let this = self.clone();
        Box::pin(async move { this.ask(request).await })
    }
}

impl ApiServer {
    async fn ask(self, request: Request<Body>) -> Result<Response<Limited>, BoxError> {
        let kind = Kind::of(request.method(), request.uri());
        let deadline = Instant::now() + LIMIT;
        if kind.is_watch() {
            self.shared.watches.turn(request.uri().path()).await;
        }
        let path = request.uri().path().to_owned();
        let mut next = Some(request);
        while let Some(request) = next {
            let turn = match self.shared.paces.turn(&kind, deadline).await {
                Ok(turn) => turn,
                Err(left) => return Ok(refusal(left)),
            };
            next = copy(&request);
            let answer = self.once(&kind, request, turn, deadline).await?;
            if answer.status() != StatusCode::TOO_MANY_REQUESTS || next.is_none() {
                if kind.is_watch() && answer.status().is_success() {
                    self.shared.watches.opened(&path);
                }
                return Ok(answer.map(|body| Limited::new(body, (!kind.is_watch()).then_some(deadline))));
            }
        }
        Err(NoAnswer.into()) // a request that is not answered is made again above
    }

    /// Asks once, and lets the answer say how soon the next of its kind may be made.
    async fn once(
        &self,
        kind: &Kind,
        request: Request<Body>,
        turn: Turn,
        deadline: Instant,
    ) -> Result<Response<Body>, BoxError> {
        let client = if values::carries(kind) { &self.values } else { &self.inner };
        let answer = timeout_at(deadline, client.send(request)).await;
        let code = match &answer {
            Ok(Ok(answer)) => Some(answer.status().as_u16()),
            Ok(Err(_)) | Err(_) => None,
        };
        self.shared.metrics.api_request(kind.verb, &kind.resource, code);
        let answer = answer.unwrap_or_else(|_| Err(kube::Error::Service(NoAnswer.into())));
        match answer {
            Ok(answer) => {
                self.shared.health.answered(&self.shared.metrics);
                match asked_to_wait(&answer) {
                    Some(wait) => turn.refused(wait),
                    None if answer.status() == StatusCode::SERVICE_UNAVAILABLE => turn.failed(),
                    None => turn.taken(),
                }
                Ok(answer)
            }
            Err(error) => {
                self.shared.health.failed(&self.shared.metrics, &error);
                turn.failed();
                Err(error.into())
            }
        }
    }
}

/// How long the API server asks to be left alone.
fn asked_to_wait(answer: &Response<Body>) -> Option<Duration> {
    let said = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let said = said.map(|seconds| Duration::from_secs(seconds).min(LONGEST)).filter(|wait| !wait.is_zero());
    match answer.status() {
        StatusCode::TOO_MANY_REQUESTS => Some(said.unwrap_or(UNSAID)),
        status if status.is_server_error() => said,
        _ => None,
    }
}

/// The same request once more; none if its body can be sent but once.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    *copy.extensions_mut() = request.extensions().clone();
    Some(copy)
}

/// What the API server would say if it were asked before its time.
fn refusal(left: Duration) -> Response<Limited> {
    let seconds = left.as_secs() + 1;
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 429,
        "reason": "TooManyRequests", "details": { "retryAfterSeconds": seconds },
        "message": format!("the API server has asked to be left alone for another {seconds} s"),
    });
    let mut answer = Response::new(Limited::new(Body::from(status.to_string().into_bytes()), None));
    *answer.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    answer
}

#[cfg(test)]
mod tests;
