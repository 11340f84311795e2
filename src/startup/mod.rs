//! Puts the parts together: binds and loads TLS first, serves next, is ready when the last part says so.

mod crds;
mod endpoints;
mod identity;
mod parts;
mod patience;

use std::net::SocketAddr;
use std::sync::Arc;

use kube::Client;
use latchkey_provider::Guard;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::api_server;
use crate::certs::{Certificates, DigestKey, Files, Names, Own};
use crate::config::{Config, FailurePolicy, RequesterChecks};
use crate::http::{self, Readiness, ReadyHandle};
use crate::metrics::Metrics;
use crate::registration::{Desired, Keeper};
use crate::shutdown::{self, Tasks};
use patience::patiently;

/// Connections to the webhook at once. An API server keeps 25 at most, and opens more in a burst.
const WEBHOOK_CONNECTIONS: usize = 512;

/// Connections of probes and scrapers at once.
const ADMIN_CONNECTIONS: usize = 128;

/// latchkey cannot start, or did not end in order.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no cluster to talk to.
    #[error(
        "cannot tell which cluster to talk to: latchkey takes KUBECONFIG, or a ServiceAccount inside a Pod"
    )]
    Cluster(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An address cannot be listened on.
    #[error("cannot listen on {address} of {flag}")]
    Listen {
        /// The flag that names it.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The API server does not say who latchkey is.
    #[error("the API server does not say as whom it knows latchkey")]
    Identity(#[source] Box<kube::Error>),
    /// There is no certificate or no digest key.
    #[error(transparent)]
    Certificates(#[from] crate::certs::Error),
    /// A part has ended, or the end was not in order.
    #[error(transparent)]
    Shutdown(#[from] shutdown::Error),
}

/// What every part is given.
#[derive(Clone)]
pub struct Context {
    /// The flags.
    pub config: Arc<Config>,
    /// The API server.
    pub client: Client,
    /// As whom the API server knows latchkey.
    pub username: Arc<str>,
    /// The key of digests.
    pub digest_key: DigestKey,
    /// Which addresses stores may have latchkey call.
    pub guard: Guard,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What latchkey waits for before it is ready.
    pub readiness: Readiness,
    /// What answers, and what it needs at once.
    pub tasks: Tasks,
    /// What can wait.
    pub background: Background,
}

/// Where all that is done beside admission has threads and connections of its own: it shares nothing with what is answered
/// but the processors, and there it steps back.
#[derive(Clone)]
pub struct Background {
    /// The API server.
    pub client: Client,
    /// On threads of their own.
    pub tasks: Tasks,
}

/// Makes aws-lc-rs the process's one provider of cryptography. The first line of `main`, and of tests that use TLS.
pub fn install_crypto_provider() {
    // Fails only if there is one already, and then it is this one: no other is linked.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Runs latchkey until it is told to stop; what it does beside admission on the threads of `background`.
///
/// # Errors
/// It cannot start, or did not end in order.
pub async fn run(config: Config, background: Handle) -> Result<(), Error> {
    let (tasks, mut watch) = Tasks::new();
    let delay = config.shutdown_delay;
    let Some(started) = watch.unless_told(start(config, tasks.clone(), background)).await? else {
        return Ok(());
    };
    let serving = started?;
    Ok(tasks.run(watch, delay, || serving.unready()).await?)
}

/// Starts everything; what is given back says whether requests are to be sent here.
async fn start(config: Config, tasks: Tasks, background: Handle) -> Result<ReadyHandle, Error> {
    let (metrics, readiness) = (Arc::new(Metrics::new()), Readiness::default());
    let serving = readiness.handle("serving");
    let webhook = listen("--webhook-listen", config.webhook_listen).await?;
    let admin = listen("--admin-listen", config.admin_listen).await?;
    let guard = endpoints::guard(&config, &[&webhook, &admin]).await;
    let admin_router = http::admin::router(readiness.clone(), metrics.clone());
    let of_admin = server("admin", ADMIN_CONNECTIONS, &tasks, &metrics);
    tasks.spawn("the admin server", http::serve(admin, None, admin_router, of_admin));

    let (client, background) = connect(&metrics, &tasks, background).await?;
    let certificates = Arc::new(certificates(&config, &client, &metrics));
    patiently("the certificate", async || certificates.refresh().await).await?;
    let username = patiently("who latchkey is", async || identity::username(&client).await);
    let username = username.await.map_err(|error| Error::Identity(Box::new(error)))?;
    let load = async || DigestKey::load(client.clone(), &config.namespace).await;
    let digest_key = patiently("the digest key", load).await?;
    let config = Arc::new(config);
    let context =
        Context { config, client, username, digest_key, guard, metrics, readiness, tasks, background };

    let router = parts::start(&context);
    warn_of_gaps(&context.config);
    let tls = Arc::new(http::tls::server_config(certificates.resolver()));
    let of_webhook = server("webhook", WEBHOOK_CONNECTIONS, &context.tasks, &context.metrics);
    context.tasks.spawn("the webhook server", http::serve(webhook, Some(tls), router, of_webhook));
    context.tasks.spawn("the keeper of the certificate", certificates.clone().run(context.tasks.leaving()));
    register(&context, certificates);
    crds::wait(&context);
    serving.ready();
    Ok(serving)
}

/// What is checked at admission alone is not checked while nobody answers.
fn warn_of_gaps(config: &Config) {
    let open = config.registration.failure_policy == FailurePolicy::Ignore;
    if open && config.requester_checks == RequesterChecks::Enforce {
        tracing::warn!(
            "requester checks are enforced, but with failurePolicy Ignore an ExternalSecret that is applied while no replica \
             answers is synced without them; use Fail"
        );
    }
}

fn server(name: &'static str, connections: usize, tasks: &Tasks, metrics: &Arc<Metrics>) -> http::Server {
    let phases = http::Phases { leaving: tasks.leaving(), draining: tasks.draining() };
    http::Server { name, connections, phases, metrics: Arc::clone(metrics) }
}

async fn listen(flag: &'static str, address: SocketAddr) -> Result<TcpListener, Error> {
    let listener =
        TcpListener::bind(address).await.map_err(|source| Error::Listen { flag, address, source })?;
    tracing::info!(flag, address = listener.local_addr().ok().map(tracing::field::display), "listening");
    Ok(listener)
}

/// The API server, for what answers and for what is done beside it on this runtime.
async fn connect(
    metrics: &Arc<Metrics>,
    tasks: &Tasks,
    runtime: Handle,
) -> Result<(Client, Background), Error> {
    let cluster = |error| Error::Cluster(Box::new(error));
    let config = kube::Config::infer().await.map_err(|error| Error::Cluster(Box::new(error)))?;
    tracing::info!(cluster = %config.cluster_url, "talking to the API server");
    metrics.count_tasks_of(runtime.clone());
    let shared = api_server::Shared::new(metrics.clone());
    let beside = {
        let _on = runtime.enter();
        api_server::client(config.clone(), &shared).map_err(cluster)?
    };
    let background = Background { client: beside, tasks: tasks.on(runtime) };
    Ok((api_server::client(config, &shared).map_err(cluster)?, background))
}

fn certificates(config: &Config, client: &Client, metrics: &Arc<Metrics>) -> Certificates {
    if let Some(files) = Files::of(config) {
        return Certificates::files(files, metrics.clone());
    }
    let registration = &config.registration;
    let names =
        Names::new(&registration.service_name, &config.namespace, registration.webhook_url.as_deref());
    Certificates::own(Own::new(client.clone(), &config.namespace, names), metrics.clone())
}

/// Only now that the webhook is served.
fn register(context: &Context, certificates: Arc<Certificates>) {
    let Context { config, client, username, readiness, tasks, .. } = context;
    if !config.register {
        return tracing::info!("the webhook's registration is left to others, by --register=false");
    }
    let desired = Desired::new(&config.registration, &config.scope, &config.namespace, username);
    let keeper = Keeper::new(client.clone(), desired, certificates);
    tasks
        .spawn("the keeper of the registration", keeper.run(readiness.handle("registered"), tasks.leaving()));
}
