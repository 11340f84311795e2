//! A latchkey without a cluster: its routes as the webhook serves them, with doubles behind them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::Request;
use latchkey::admission::{Admission, Places};
use latchkey::certs::DigestKey;
use latchkey::config::{FailureMode, Scope};
use latchkey::engine::apply::SecretWriter;
use latchkey::engine::budget::{PerLane, Rate};
use latchkey::engine::{Engine, Settings};
use latchkey::http::review;
use latchkey::http::serve::guard;
use latchkey::lookup::{Credentials, Lookup};
use latchkey::metrics::Metrics;
use latchkey_provider::Connector;
use serde_json::Value;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

use crate::{CANARY, Kind, cluster};

/// No review is waited for longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A stand of latchkey's routes.
#[derive(Debug, Clone)]
pub struct Bench {
    router: Router,
    pub(crate) connector: Connector,
    made: Arc<Mutex<Value>>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    /// The code of HTTP.
    pub status: u16,
    /// The AdmissionReview, if it is one.
    pub review: Option<Value>,
    /// The body as it was sent.
    pub text: String,
}

impl Bench {
    /// A stand that refuses what fails, so that the most is said. Within a tokio runtime.
    pub async fn start() -> Self {
        let (filled, mut is_filled) = mpsc::unbounded_channel();
        let made = Arc::default();
        let client = cluster::client(Arc::clone(&made));
        let lookup = Lookup::new(
            client.clone(),
            Scope::default(),
            Box::new(move |_| filled.send(()).unwrap_or_default()),
        );
        tokio::spawn(Arc::clone(&lookup).run(client.clone()));
        for _ in Lookup::WATCHES {
            tokio::time::timeout(PATIENCE, is_filled.recv()).await.expect("the double answers every list");
        }
        let metrics = Arc::new(Metrics::new());
        let credentials = Arc::new(Credentials::new(client.clone()));
        let connector = Connector::new(credentials.clone(), metrics.clone());
        let engine = Engine::new(
            lookup.clone(),
            connector.clone(),
            credentials,
            SecretWriter::new(client),
            settings(),
            metrics.clone(),
        );
        tokio::spawn(engine.clone().housekeeping());
        let places = Places::new(std::num::NonZeroUsize::MIN.saturating_add(63));
        let admission = Admission::new(engine, lookup, DigestKey::new(&[7; 32]), FailureMode::Deny, places);
        Self { router: guard(review::router(Arc::new(admission), metrics)), connector, made }
    }

    /// Every generator whose name begins with `made-` is this one from now on.
    pub fn makes(&self, generator: Value) {
        *self.made.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = generator;
    }

    /// Sends bytes as a review of this kind of objects.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn send(&self, kind: Kind, bytes: &[u8]) -> Answer {
        self.post(kind.path(), bytes).await
    }

    /// Sends bytes as a review to this path.
    ///
    /// # Panics
    /// There is no answer.
    pub async fn post(&self, path: &str, bytes: &[u8]) -> Answer {
        let uri = format!("{path}?timeout=10s");
        let request =
            Request::post(uri).header("content-type", "application/json").body(Body::from(bytes.to_vec()));
        let request = request.expect("a request");
        let sent = tokio::time::timeout(PATIENCE, self.router.clone().oneshot(request)).await;
        let response = sent.expect("an answer in time").expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
        let review = serde_json::from_slice(&body).ok();
        Answer { status, review, text: String::from_utf8_lossy(&body).into_owned() }
    }
}

/// What is bounded for a store's sake would only make this slow.
fn settings() -> Settings {
    let endless = Rate { per_second: 1e9, burst: 1e9 };
    let rates = PerLane { admission: endless, refresh: endless, dry_run: endless };
    Settings { rates, ..Settings::default() }
}

impl Answer {
    /// Why this is no answer as it has to be, if it is not: an AdmissionReview for the request, or a refusal of what is
    /// no review; without a word of a value.
    pub fn fault(&self, sent: &[u8]) -> Option<String> {
        if self.text.contains(CANARY) {
            return Some("a value is in it".to_owned());
        }
        if self.text.contains("defect") || self.status >= 500 {
            return Some(format!("latchkey failed: {}", self.text));
        }
        let sent = serde_json::from_slice::<Value>(sent).ok(); // none of what is nested too deep beside the request
        let uid = sent.as_ref().map(|sent| &sent["request"]["uid"]);
        match (&self.review, self.status) {
            (Some(review), 200) if review["response"]["allowed"].is_boolean() => {
                let other = uid.is_some_and(|uid| *uid != review["response"]["uid"]);
                other.then(|| "it is for another request".to_owned())
            }
            (None, 400 | 413) => None,
            _ => Some(format!("{}: {}", self.status, self.text)),
        }
    }
}
