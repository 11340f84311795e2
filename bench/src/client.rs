//! Clients that write objects at the same time, each on one HTTP/1.1 connection that stays open.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use latchkey_testbed::ControlPlane;
use reqwest::header::CONTENT_TYPE;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::samples::Samples;

/// How long a Secret that the refresher makes may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    /// By a merge patch.
    Patch,
}

/// An object to write.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    pub(crate) verb: Verb,
    /// The path of its collection, or its own if it is patched.
    pub(crate) path: String,
    /// The object, or the patch.
    pub(crate) body: Value,
    /// The path of the Secret that it makes.
    pub(crate) secret: Option<String>,
}

/// Until when the clock runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// The API server has answered.
    Answered,
    /// It has answered; the Secret must be there then, which is looked at afterwards.
    AnsweredWithSecret,
    /// The Secret can be read.
    SecretSeen,
}

/// All clients, as admin.
pub(crate) struct Clients {
    runtime: Runtime,
    clients: Vec<Arc<Client>>,
}

struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Clients {
    pub(crate) fn new(cluster: &ControlPlane, count: usize) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let clients = (0..count).map(|_| Client::new(cluster).map(Arc::new)).collect::<Result<_>>()?;
        Ok(Self { runtime, clients })
    }

    /// Writes these objects, shared out among the clients, and says how long each took.
    pub(crate) fn write(&self, objects: &[Object], until: Until) -> Result<Samples> {
        self.runtime.block_on(async {
            let shares = self.clients.iter().enumerate().map(|(number, client)| {
                let share = objects.iter().skip(number).step_by(self.clients.len()).cloned().collect();
                tokio::spawn(client.clone().write_all(share, until))
            });
            let mut samples = Samples::default();
            for share in shares.collect::<Vec<_>>() {
                samples.extend(share.await.context("a client panicked")??);
            }
            Ok(samples)
        })
    }

    /// For what else is at work in the background.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(work);
    }

    /// Waits for a future.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }
}

impl Client {
    fn new(cluster: &ControlPlane) -> Result<Self> {
        let tls = trusting(cluster.ca_pem())?;
        let http = reqwest::Client::builder().tls_backend_preconfigured(tls).http1_only().no_proxy();
        let token = cluster.user_token("admin")?.to_owned();
        Ok(Self { http: http.pool_max_idle_per_host(1).build()?, url: cluster.url(), token })
    }

    async fn write_all(self: Arc<Self>, objects: Vec<Object>, until: Until) -> Result<Samples> {
        let mut samples = Samples::default();
        for object in objects {
            samples.push(self.write(&object, until).await?);
        }
        Ok(samples)
    }

    async fn write(&self, object: &Object, until: Until) -> Result<Duration> {
        let Object { verb, path, body, secret } = object;
        let url = format!("{}{path}", self.url);
        let request = match verb {
            Verb::Create => self.http.post(url).json(body),
            Verb::Patch => {
                self.http.patch(url).header(CONTENT_TYPE, "application/merge-patch+json").json(body)
            }
        };
        let request = request.bearer_auth(&self.token);
        let started = Instant::now();
        let answer = request.send().await?;
        let (status, text) = (answer.status(), answer.text().await?);
        let answered = started.elapsed();
        ensure!(status.is_success(), "{verb:?} {path} was answered {status}: {text}");
        let secret = secret.as_deref();
        match (until, secret) {
            (Until::Answered, _) | (_, None) => Ok(answered),
            (Until::AnsweredWithSecret, Some(secret)) => {
                ensure!(
                    self.is_there(secret).await?,
                    "{secret} is not there when the write of its ExternalSecret was answered"
                );
                Ok(answered)
            }
            (Until::SecretSeen, Some(secret)) => self.seen(secret, started).await,
        }
    }

    async fn seen(&self, secret: &str, started: Instant) -> Result<Duration> {
        while started.elapsed() < PATIENCE {
            if self.is_there(secret).await? {
                return Ok(started.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        bail!("{secret} did not come within {} s", PATIENCE.as_secs())
    }

    async fn is_there(&self, path: &str) -> Result<bool> {
        let answer = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await?;
        let status = answer.status();
        answer.bytes().await?; // Read to the end, so that the connection can be used again.
        Ok(status.is_success())
    }
}

/// TLS that believes these authorities alone.
pub(crate) fn trusting(authorities: &str) -> Result<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(authorities.as_bytes()) {
        roots.add(authority?)?;
    }
    Ok(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}
