//! The generators that ask services which nobody can have for a test, against doubles that refuse what the services refuse by
//! their documentation. Every secret has `c4n4ry` in it, and every refusal of a double repeats what it was sent.

mod cloudsmith;
mod github;
mod gitlab;
mod grafana;
mod quay;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use latchkey_api::generator::{Remote, RemoteKind};
use latchkey_provider::generate::Made;
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Cluster, Connector, Error, ErrorKind};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fixture::{NAMESPACE, Objects};

/// What a double answers: a status, and a body.
type Answer = Result<(u16, Value), (u16, &'static str)>;

/// A server that answers so.
async fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> MockServer {
    let server = MockServer::start().await;
    let respond = move |request: &Request| match answer(request) {
        Ok((status, Value::Null)) => ResponseTemplate::new(status),
        Ok((status, body)) => ResponseTemplate::new(status).set_body_json(body),
        Err((status, why)) => ResponseTemplate::new(status).set_body_json(echo(why, request)),
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    server
}

/// A refusal that gives away all it knows.
fn echo(why: &str, request: &Request) -> Value {
    let body = String::from_utf8_lossy(&request.body);
    json!({ "message": format!("{why}: {:?} {body} c4n4ry", request.headers) })
}

async fn asked(server: &MockServer) -> usize {
    server.received_requests().await.unwrap_or_default().len()
}

/// Waits for something to become true.
async fn until(is: impl Fn() -> bool) {
    let polled = async {
        while !is() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), polled).await.expect("it happens");
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

/// The segments of a path, decoded once each. A slash that a client did not escape makes two of one.
fn segments(request: &Request) -> Vec<String> {
    let decode = |segment: &str| {
        let pair = format!("a={}", segment.replace('+', "%2B"));
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
    };
    request.url.path_segments().into_iter().flatten().filter_map(decode).collect()
}

/// User and password of `Authorization: Basic`.
fn basic(request: &Request) -> Option<(String, String)> {
    use base64::Engine as _;
    let encoded = header(request, "authorization")?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(base64::engine::general_purpose::STANDARD.decode(encoded).ok()?).ok()?;
    pair.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}

/// A cluster with a Secret `login` that has these keys.
fn login(data: &[(&str, &str)]) -> Arc<dyn Cluster> {
    let objects = Objects::default();
    objects.put_secret("login", data);
    Arc::new(objects)
}

/// A generator of one kind, used from [`NAMESPACE`].
struct Generator {
    remote: Remote,
    connector: Connector,
}

impl Generator {
    fn new(kind: RemoteKind, spec: &Value, cluster: Arc<dyn Cluster>) -> Self {
        let remote = Remote::read(kind, spec).unwrap();
        Self { remote, connector: Connector::new(cluster, Arc::new(Unobserved)) }
    }

    async fn make(&self) -> Result<Made, Error> {
        self.connector.generate(&self.remote, NAMESPACE).await
    }

    async fn revoke(&self, state: &Value) -> Result<(), Error> {
        self.connector.revoke(&self.remote, state, NAMESPACE).await
    }

    /// It fails in this way, and what it says begins with the field; it says so without any secret.
    async fn refuses(&self, kind: ErrorKind, begin: &str) -> Error {
        fails(self.make().await, kind, begin)
    }
}

fn fails<T: std::fmt::Debug>(outcome: Result<T, Error>, kind: ErrorKind, begin: &str) -> Error {
    let error = outcome.expect_err("an error");
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.message.starts_with(begin), "{error}");
    assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
    error
}

/// What was made, as text.
fn texts(made: &Made) -> BTreeMap<&str, &str> {
    made.data.iter().map(|(key, value)| (key.as_str(), value.expose_str().unwrap())).collect()
}
