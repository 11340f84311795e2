//! A stand-in for AWS Secrets Manager that takes as long as it is told to: what is measured is latchkey, beside a provider
//! whose latency is known. What it is asked is counted. It refuses what the service refuses.

mod api;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::Router;
use axum::routing::post;
use axum::serve::ListenerExt as _;
use serde_json::json;
use tokio::net::TcpListener;

use crate::client::Clients;
use crate::samples::Samples;

/// The stand-in. It ends with this process.
pub(crate) struct Remote {
    port: u16,
    state: Arc<State>,
}

/// What it has and does.
pub(crate) struct State {
    latency: Duration,
    secrets: Mutex<HashMap<String, Arc<str>>>,
    throttle: Mutex<Option<Throttle>>,
    calls: AtomicUsize,
    reads: AtomicUsize,
    throttled: AtomicUsize,
}

/// So many calls a second, all at once if one likes.
struct Throttle {
    per_second: f64,
    tokens: f64,
    at: Instant,
}

/// What it was asked so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Requests.
    pub(crate) calls: usize,
    /// Secrets that were asked for by them.
    pub(crate) reads: usize,
    /// Requests that were refused for being too many.
    pub(crate) throttled: usize,
}

impl std::ops::Sub for Asked {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            calls: self.calls - before.calls,
            reads: self.reads - before.reads,
            throttled: self.throttled - before.throttled,
        }
    }
}

impl Remote {
    /// Answers after this time.
    pub(crate) fn start(clients: &Clients, latency: Duration) -> Result<Self> {
        let state = Arc::new(State {
            latency,
            secrets: Mutex::default(),
            throttle: Mutex::default(),
            calls: AtomicUsize::new(0),
            reads: AtomicUsize::new(0),
            throttled: AtomicUsize::new(0),
        });
        let listener = clients.wait(TcpListener::bind(("127.0.0.1", 0)))?;
        let port = listener.local_addr()?.port();
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let router = Router::new().route("/", post(api::answer)).with_state(Arc::clone(&state));
        clients.spawn(async move {
            // It ends with the process; whoever asks it then has ended before.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, state })
    }

    /// Where it is, for `AWS_ENDPOINT_URL`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes these secrets, or gives them this value.
    pub(crate) fn put(&self, names: impl IntoIterator<Item = String>, value: &str) {
        let value: Arc<str> = value.into();
        let mut secrets = lock(&self.state.secrets);
        names.into_iter().for_each(|name| drop(secrets.insert(name, Arc::clone(&value))));
    }

    /// Refuses from now on what goes beyond so many calls a second.
    pub(crate) fn throttle(&self, per_second: f64) {
        *lock(&self.state.throttle) = Some(Throttle { per_second, tokens: per_second, at: Instant::now() });
    }

    /// How long it takes for those who ask it for this secret one after another, each on the same connection: what it was told to
    /// take, and the way.
    pub(crate) fn measured(&self, clients: &Clients, name: &str, count: usize) -> Result<Samples> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        let body = json!({ "SecretId": name }).to_string();
        clients.wait(async {
            let mut samples = Samples::default();
            for _ in 0..count {
                let request = http.post(self.url()).header("authorization", "AWS4-HMAC-SHA256 direct");
                let request =
                    request.header("x-amz-target", "secretsmanager.GetSecretValue").body(body.clone());
                let started = Instant::now();
                let answer = request.send().await?.error_for_status()?;
                answer.bytes().await?;
                samples.push(started.elapsed());
            }
            Ok(samples)
        })
    }

    /// What it was asked so far.
    pub(crate) fn asked(&self) -> Asked {
        let State { calls, reads, throttled, .. } = &*self.state;
        let [calls, reads, throttled] = [calls, reads, throttled].map(|count| count.load(Ordering::SeqCst));
        Asked { calls, reads, throttled }
    }
}

impl State {
    /// Whether one more call may be made now.
    fn admits(&self) -> bool {
        let mut throttle = lock(&self.throttle);
        let Some(throttle) = throttle.as_mut() else { return true };
        let earned = throttle.at.elapsed().as_secs_f64() * throttle.per_second;
        throttle.tokens = (throttle.tokens + earned).min(throttle.per_second);
        throttle.at = Instant::now();
        let admits = throttle.tokens >= 1.0;
        throttle.tokens -= if admits { 1.0 } else { 0.0 };
        admits
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
