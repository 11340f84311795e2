//! Keeps the registration as it should be.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use k8s_openapi::api::admissionregistration::v1::MutatingWebhookConfiguration;
use kube::api::{ApiResource, DynamicObject, PostParams};
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt as _, watcher};
use kube::{Api, Client};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::Desired;
use super::brake::Brake;
use super::cas::Others;
use crate::certs::Certificates;
use crate::http::ReadyHandle;
use crate::telemetry::chain;

/// How often the registration is looked at, though nothing was said to have changed.
const PERIOD: Duration = Duration::from_secs(30);

/// How soon it is tried again after it failed.
const RETRY: Duration = Duration::from_secs(10);

/// How often a write is tried again that somebody else was faster with.
const ATTEMPTS: usize = 5;

/// The webhook is not registered as it should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The configuration cannot be read or written.
    #[error("cannot {verb} MutatingWebhookConfiguration {name:?}")]
    Kube {
        /// What was tried.
        verb: &'static str,
        /// Its name.
        name: String,
        /// Why.
        source: Box<kube::Error>,
    },
    /// Somebody has taken it away, and latchkey may not make one.
    #[error(
        "there is no MutatingWebhookConfiguration {0:?}, and latchkey may not make one: until helm upgrade puts it back, \
         Secrets are made a moment after their ExternalSecrets"
    )]
    TakenAway(String),
    /// It changes faster than it can be written.
    #[error("MutatingWebhookConfiguration {0:?} was changed by others each time that it was written")]
    Contended(String),
    /// It is not what the API server sends.
    #[error("the configuration cannot be read")]
    Shape(#[from] serde_json::Error),
}

/// Keeps the registration as it should be.
pub struct Keeper {
    client: Client,
    desired: Desired,
    certificates: Arc<Certificates>,
    others: Others,
}

impl Keeper {
    /// For this registration, with the CAs of these certificates.
    pub fn new(client: Client, desired: Desired, certificates: Arc<Certificates>) -> Self {
        Self { client, desired, certificates, others: Others::default() }
    }

    /// Registers, says so, and looks again whenever the configuration or the CAs change.
    pub async fn run(mut self, registered: ReadyHandle, stop: CancellationToken) {
        let mut bundles = self.certificates.bundle();
        let mut brake = Brake::default();
        let config = watcher::Config::default().fields(&format!("metadata.name={}", self.desired.name()));
        let api: Api<PartialObjectMeta<MutatingWebhookConfiguration>> = Api::all(self.client.clone());
        let mut events = watcher(api, config).default_backoff().touched_objects().boxed();
        loop {
            let (pause, period) = match self.ensure().await {
                Ok(written) => {
                    registered.ready();
                    (brake.pause(written, Instant::now()), PERIOD)
                }
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the webhook is not registered as it should be");
                    if matches!(error, Error::TakenAway(_)) {
                        registered.ready(); // no reason for a rollout to hang: everything else works
                    }
                    (Duration::ZERO, RETRY)
                }
            };
            let again = async {
                sleep(pause).await;
                tokio::select! {
                    () = sleep(period) => {}
                    _ = bundles.changed() => {}
                    Some(Ok(_)) = events.next() => {}
                }
            };
            if stop.run_until_cancelled(again).await.is_none() {
                return;
            }
        }
    }

    /// Registers now. Whether anything had to be written.
    ///
    /// # Errors
    /// The configuration can be neither read nor written.
    pub async fn ensure(&mut self) -> Result<bool, Error> {
        for _ in 0..ATTEMPTS {
            let present =
                self.api().get_opt(self.desired.name()).await.map_err(|e| self.failed("read", e))?;
            let absent = present.is_none();
            let written = match present {
                Some(present) => self.update(present).await?,
                None => self.create().await?,
            };
            match written {
                Ok(written) => return Ok(written),
                Err(kube::Error::Api(status))
                    if status.is_conflict() || status.is_already_exists() || status.is_not_found() => {}
                Err(kube::Error::Api(status)) if absent && status.is_forbidden() => {
                    return Err(Error::TakenAway(self.desired.name().to_owned()));
                }
                Err(error) => return Err(self.failed("write", error)),
            }
        }
        Err(Error::Contended(self.desired.name().to_owned()))
    }

    /// Before another CA is written, the source is read again: the configuration may be ahead of this replica, which
    /// would otherwise undo what another one has done for a renewed CA. If it cannot be read, what is served is known.
    async fn update(&mut self, present: DynamicObject) -> Result<Result<bool, kube::Error>, Error> {
        let mut wanted = serde_json::to_value(present)?;
        if !self.merge(&mut wanted.clone()) {
            return Ok(Ok(false));
        }
        if let Err(error) = self.certificates.refresh().await {
            tracing::debug!(error = chain(&error), "registering the CA of what is served");
        }
        if !self.merge(&mut wanted) {
            return Ok(Ok(false));
        }
        let bundle = self.beside(&wanted);
        let wanted: DynamicObject = serde_json::from_value(wanted)?;
        let replaced = self.api().replace(self.desired.name(), &PostParams::default(), &wanted).await;
        Ok(replaced.map(|_| {
            self.know(bundle.as_deref());
            self.said("updated the webhook's registration")
        }))
    }

    /// As [`Desired::merge_into`]. If nothing had to be changed, that is what the API servers know.
    fn merge(&mut self, configuration: &mut Value) -> bool {
        let bundle = self.beside(configuration);
        let changed = self.desired.merge_into(configuration, bundle.as_deref());
        if !changed {
            self.know(bundle.as_deref());
        }
        changed
    }

    fn beside(&mut self, configuration: &Value) -> Option<String> {
        let bundle = self.bundle()?;
        Some(self.others.beside(&bundle, configuration, Instant::now()))
    }

    fn know(&self, bundle: Option<&str>) {
        if let Some(bundle) = bundle {
            self.certificates.registered(bundle);
        }
    }

    async fn create(&self) -> Result<Result<bool, kube::Error>, Error> {
        let bundle = self.bundle();
        let whole = serde_json::from_value(self.desired.configuration(bundle.as_deref()))?;
        let created = self.api().create(&PostParams::default(), &whole).await;
        Ok(created.map(|_| {
            self.know(bundle.as_deref());
            self.said("registered the webhook")
        }))
    }

    fn said(&self, done: &str) -> bool {
        tracing::info!(name = self.desired.name(), "{done}");
        true
    }

    fn bundle(&self) -> crate::certs::CaBundle {
        self.certificates.bundle().borrow().clone()
    }

    /// Read and written as it stands, so that fields which are younger than this program survive.
    fn api(&self) -> Api<DynamicObject> {
        Api::all_with(self.client.clone(), &ApiResource::erase::<MutatingWebhookConfiguration>(&()))
    }

    fn failed(&self, verb: &'static str, source: kube::Error) -> Error {
        Error::Kube { verb, name: self.desired.name().to_owned(), source: Box::new(source) }
    }
}
