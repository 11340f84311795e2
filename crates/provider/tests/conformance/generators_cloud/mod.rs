//! The generators that ask Google Cloud and Azure, which nobody can have for a test, against doubles that refuse what those
//! refuse by their documentation. Every secret has `c4n4ry` in it, and every refusal repeats what was sent.

mod acr;
mod azure;
mod federation;
mod gcr;
mod google;
mod workload;

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_api::generator::{Remote, RemoteKind};
use latchkey_provider::generate::{Endpoints, Made};
use latchkey_provider::observe::Unobserved;
use latchkey_provider::{Cluster, Connector, Error, ErrorKind};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fixture::NAMESPACE;

/// What a double answers: a body; or a status and `error` of OAuth 2.0.
type Answer = Result<Value, (u16, &'static str)>;

/// A server that answers so.
async fn serve(answer: fn(&Request) -> Answer) -> MockServer {
    let server = MockServer::start().await;
    let respond = move |request: &Request| match answer(request) {
        Ok(Value::String(text)) => ResponseTemplate::new(200).set_body_string(text),
        Ok(body) => ResponseTemplate::new(200).set_body_json(body),
        Err((status, error)) => ResponseTemplate::new(status).set_body_json(json!({
            "error": error, "error_description": format!("{request:?} c4n4ry"),
        })),
    };
    Mock::given(any()).respond_with(respond).mount(&server).await;
    server
}

/// Paths that were asked, in order.
async fn asked(server: &MockServer) -> Vec<String> {
    let received = server.received_requests().await.unwrap();
    received.iter().map(|request| request.url.path().to_owned()).collect()
}

/// The fields of a form that was posted as one.
fn form(request: &Request) -> Result<BTreeMap<String, String>, (u16, &'static str)> {
    let kind = request.headers.get("content-type").map(|kind| kind.as_bytes());
    if request.method.as_str() != "POST" || kind != Some(b"application/x-www-form-urlencoded") {
        return Err((400, "invalid_request"));
    }
    Ok(url::form_urlencoded::parse(&request.body).into_owned().collect())
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name)?.to_str().ok()
}

/// Refuses what does not hold.
fn need(holds: bool, status: u16, error: &'static str) -> Result<(), (u16, &'static str)> {
    if holds { Ok(()) } else { Err((status, error)) }
}

/// A generator of one kind, used from [`NAMESPACE`].
struct Generator {
    remote: Remote,
    connector: Connector,
}

impl Generator {
    fn new(kind: RemoteKind, spec: &Value, cluster: Arc<dyn Cluster>, endpoints: Endpoints) -> Self {
        let remote = Remote::read(kind, spec).unwrap();
        let connector = Connector::new(cluster, Arc::new(Unobserved)).with_cloud_endpoints(endpoints);
        Self { remote, connector }
    }

    async fn make(&self) -> Made {
        self.connector.generate(&self.remote, NAMESPACE).await.unwrap()
    }

    /// It fails in this way, what it says begins with the field, and no secret is in it.
    async fn refuses(&self, kind: ErrorKind, begin: &str) -> Error {
        let error = self.connector.generate(&self.remote, NAMESPACE).await.expect_err("an error");
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.message.starts_with(begin), "{error}");
        assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
        error
    }
}

/// What was made, as text.
fn texts(made: &Made) -> BTreeMap<&str, &str> {
    made.data.iter().map(|(key, value)| (key.as_str(), value.expose_str().unwrap())).collect()
}
