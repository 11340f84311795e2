//! Clients of the API server that send at the same time, each on one connection that stays open, as admin: the API server
//! itself holds admins up in nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use latchkey_testbed::ControlPlane;
use reqwest::Method;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tokio::runtime::Runtime;

/// What is sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: Method,
    pub path: String,
    pub body: Value,
    /// The path of what must be there once it is answered.
    pub then: Option<String>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub warnings: Vec<String>,
    pub text: String,
    pub took: Duration,
    /// Whether [`Sent::then`] was there.
    pub there: bool,
}

struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

/// The clients.
pub struct Crowd {
    runtime: Runtime,
    clients: Vec<Arc<Client>>,
}

/// A crowd that sends until it is told to stop.
pub struct Flood {
    stop: Arc<AtomicBool>,
    sending: JoinHandle<Vec<Answer>>,
}

impl Sent {
    /// A `POST` to a collection.
    pub fn create(path: &str, body: Value) -> Self {
        Self { method: Method::POST, path: path.to_owned(), body, then: None }
    }

    /// The same, and this must be there then.
    pub fn then(self, path: String) -> Self {
        Self { then: Some(path), ..self }
    }
}

impl Answer {
    /// Whether it went well.
    pub fn is_good(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether latchkey said that it is busy.
    pub fn is_shed(&self) -> bool {
        self.warnings.iter().any(|warning| warning.contains("latchkey is busy"))
    }
}

impl Crowd {
    /// So many clients.
    pub fn new(cluster: &ControlPlane, count: usize) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let clients = (0..count).map(|_| Arc::new(Client::new(cluster))).collect();
        Self { runtime: runtime.expect("a runtime"), clients }
    }

    /// Sends all, each client the next as soon as it has an answer. Answers come in the order of what was sent.
    pub fn send(&self, requests: Vec<Sent>) -> Vec<Answer> {
        let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
        let mut answers: BTreeMap<usize, Answer> = BTreeMap::new();
        self.runtime.block_on(async {
            let shares = self.clients.iter().map(|client| {
                let (client, requests, next) = (Arc::clone(client), Arc::clone(&requests), Arc::clone(&next));
                tokio::spawn(async move {
                    let mut answers = Vec::new();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(sent) = requests.get(number) else { return answers };
                        answers.push((number, client.send(sent).await));
                    }
                })
            });
            for share in shares.collect::<Vec<_>>() {
                answers.extend(share.await.expect("a client"));
            }
        });
        answers.into_values().collect()
    }

    /// Sends what this makes of each number, on and on.
    pub fn flood(self, make: impl Fn(usize) -> Sent + Send + Sync + 'static) -> Flood {
        let (stop, make, next) =
            (Arc::<AtomicBool>::default(), Arc::new(make), Arc::<AtomicUsize>::default());
        let stopped = Arc::clone(&stop);
        let sending = std::thread::spawn(move || {
            let mut answers = Vec::new();
            self.runtime.block_on(async {
                let shares = self.clients.iter().map(|client| {
                    let (client, make) = (Arc::clone(client), Arc::clone(&make));
                    let (next, stopped) = (Arc::clone(&next), Arc::clone(&stopped));
                    tokio::spawn(async move {
                        let mut answers = Vec::new();
                        while !stopped.load(Ordering::Relaxed) {
                            answers.push(client.send(&make(next.fetch_add(1, Ordering::Relaxed))).await);
                        }
                        answers
                    })
                });
                for share in shares.collect::<Vec<_>>() {
                    answers.extend(share.await.expect("a client"));
                }
            });
            answers
        });
        Flood { stop, sending }
    }
}

impl Flood {
    /// Ends it; all that was answered.
    pub fn end(self) -> Vec<Answer> {
        self.stop.store(true, Ordering::Relaxed);
        self.sending.join().expect("the flood")
    }
}

impl Client {
    fn new(cluster: &ControlPlane) -> Self {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(cluster.ca_pem().as_bytes()).expect("PEM")).expect("a CA");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.expect("TLS 1.2 and 1.3").with_root_certificates(roots).with_no_client_auth();
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).http1_only().no_proxy();
        Self {
            http: http.pool_max_idle_per_host(1).build().expect("a client"),
            url: cluster.url(),
            token: cluster.user_token("admin").expect("admin").to_owned(),
        }
    }

    async fn send(&self, sent: &Sent) -> Answer {
        let Sent { method, path, body, then } = sent;
        let request =
            self.http.request(method.clone(), format!("{}{path}", self.url)).bearer_auth(&self.token);
        let request = match *method {
            Method::PATCH => request.header("content-type", "application/merge-patch+json"),
            _ => request.header("content-type", "application/json"),
        };
        let started = Instant::now();
        let answer = request.body(body.to_string()).send().await.expect("the API server answers");
        let status = answer.status().as_u16();
        let warnings = answer.headers().get_all("warning").iter();
        let warnings = warnings.map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned()).collect();
        let text = answer.text().await.expect("a whole answer");
        let took = started.elapsed();
        let there = match then {
            Some(path) => self.is_there(path).await,
            None => false,
        };
        Answer { status, warnings, text, took, there }
    }

    async fn is_there(&self, path: &str) -> bool {
        let request = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
        let answer = request.send().await.expect("the API server answers");
        let there = answer.status().is_success();
        answer.bytes().await.expect("a whole answer"); // so that the connection can be used again
        there
    }
}

/// That share of all that took no longer: 0.5 is the median.
pub fn quantile(answers: &[Answer], share: f64) -> Duration {
    let mut took: Vec<Duration> = answers.iter().map(|answer| answer.took).collect();
    took.sort_unstable();
    let last = took.len().saturating_sub(1);
    took.get(((last as f64) * share).ceil() as usize).copied().unwrap_or_default()
}

/// `p50 12 ms, p99 40 ms`
pub fn figures(answers: &[Answer]) -> String {
    let of = |share| quantile(answers, share).as_millis();
    format!("p50 {} ms, p99 {} ms, longest {} ms", of(0.5), of(0.99), of(1.0))
}
