//! ClusterExternalSecrets: an ExternalSecret in every namespace that matches, also in those that come later.
//!
//! ExternalSecrets belong to their ClusterExternalSecret by a controller's ownerReference, so they go with it by the cluster's
//! own garbage collection. No finalizer is put on anything.

mod plan;

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, ResourceExt};
use latchkey_api::ClusterExternalSecret;
use latchkey_api::cluster_external_secret::FailedNamespace;
use latchkey_api::duration::GoDuration;
use latchkey_api::external_secret::ExternalSecret;

use super::Term;
use super::item::Item;
use super::queue::Priority;
use super::status::FIELD_MANAGER;
use crate::lookup::Key;
use crate::telemetry::chain;
use plan::Step;

/// In so many namespaces is written at once.
const AT_ONCE: usize = 16;

/// When everything is looked at once more, where a ClusterExternalSecret does not say.
const AGAIN: Duration = Duration::from_hours(1);

/// Soon after something was not taken.
const SOON: Duration = Duration::from_secs(5);

/// What has come of a namespace.
type Outcome = Result<(), String>;

impl Term<'_> {
    /// Brings all namespaces to where a ClusterExternalSecret wants them.
    pub(super) async fn fan_out(&self, name: &str) {
        let lookup = &self.refresher.lookup;
        let Some(fan) = lookup.cluster_external_secret(name) else { return };
        if fan.metadata.deletion_timestamp.is_some() {
            return;
        }
        let namespaces = lookup.namespaces().into_iter();
        let wanted: Vec<String> = namespaces
            .filter(|(key, row)| plan::wants(&fan, key.name(), row))
            .map(|(key, _)| key.name().to_owned())
            .collect();
        let made = lookup.made_by(fan.metadata.uid.as_deref().unwrap_or_default());
        let gone = plan::left_over(made, &plan::name(&fan), &wanted);
        let removals = gone.into_iter().map(|key| self.withdraw(Arc::clone(&fan), key));
        let removed: Vec<Outcome> = stream::iter(removals).buffer_unordered(AT_ONCE).collect().await;
        let tries = wanted.into_iter().map(|namespace| self.provide(Arc::clone(&fan), namespace));
        let tried: Vec<(String, Outcome)> = stream::iter(tries).buffer_unordered(AT_ONCE).collect().await;

        let (mut provisioned, mut failed) = (Vec::new(), Vec::new());
        for (namespace, outcome) in tried {
            match outcome {
                Ok(()) => provisioned.push(namespace),
                Err(reason) => failed.push(FailedNamespace { namespace, reason: Some(reason) }),
            }
        }
        let retried = failed.iter().any(|failed| failed.reason.as_deref() != Some(plan::TAKEN));
        let status = plan::status(&fan, provisioned, failed);
        let written = self.refresher.statuses.cluster_external_secret(&fan, &status).await;
        if let Err(error) = &written {
            tracing::warn!(
                object = name,
                error = chain(error),
                "cannot write the ClusterExternalSecret's status"
            );
        }
        let whole = !retried && written.is_ok() && removed.iter().all(Result::is_ok);
        self.queue.add(
            Item::FanOut(name.to_owned()),
            if whole { interval(&fan) } else { SOON },
            Priority::Routine,
        );
    }

    /// Whoever wants something of this namespace looks at it.
    pub(super) fn fans_of(&self, namespace: &str) {
        for (key, fan) in self.refresher.lookup.cluster_external_secrets() {
            let concerns = fan.spec.namespaces.iter().any(|name| name == namespace)
                || fan.spec.namespace_selector.is_some()
                || !fan.spec.namespace_selectors.is_empty();
            if concerns {
                self.queue.add(Item::FanOut(key.name().to_owned()), Duration::ZERO, Priority::Urgent);
            }
        }
    }

    /// Whoever makes an ExternalSecret of this name looks at it: it was changed or deleted by hand, or has freed its name.
    pub(super) fn fans_named(&self, external_secret: &str) {
        for (key, fan) in self.refresher.lookup.cluster_external_secrets() {
            if plan::name(&fan) == external_secret {
                self.queue.add(Item::FanOut(key.name().to_owned()), super::ECHO, Priority::Routine);
            }
        }
    }

    /// Sees to one namespace.
    async fn provide(&self, fan: Arc<ClusterExternalSecret>, namespace: String) -> (String, Outcome) {
        let outcome = self.written(&fan, &namespace).await;
        (namespace, outcome)
    }

    async fn written(&self, fan: &ClusterExternalSecret, namespace: &str) -> Outcome {
        let key = Key::new(namespace, plan::name(fan));
        let api: Api<ExternalSecret> = Api::namespaced(self.refresher.client.clone(), namespace);
        let present = self.refresher.lookup.external_secret(&key);
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let written = match plan::step(fan, namespace, present.as_deref()) {
            Step::Nothing => return Ok(()),
            Step::Taken => return Err(plan::TAKEN.to_owned()),
            Step::Create(object) => api.create(&params, &object).await,
            Step::Replace(object) => api.replace(key.name(), &params, &object).await,
        };
        match written {
            Ok(_) => Ok(()),
            // It was made a moment ago, by us or by somebody else: the watch has not told of it yet.
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
                match api.get(key.name()).await {
                    Ok(object) if plan::is_owned(fan, &object) => Ok(()),
                    Ok(_) => Err(plan::TAKEN.to_owned()),
                    Err(error) => Err(refused(&error)),
                }
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// Deletes an ExternalSecret that no longer is wanted, if it still is the one that was made.
    async fn withdraw(&self, fan: Arc<ClusterExternalSecret>, key: Key) -> Outcome {
        let Some(object) = self.refresher.lookup.external_secret(&key) else { return Ok(()) };
        if !plan::is_owned(&fan, &object) || object.metadata.deletion_timestamp.is_some() {
            return Ok(());
        }
        let api: Api<ExternalSecret> = Api::namespaced(self.refresher.client.clone(), key.namespace());
        let preconditions = Preconditions { uid: object.uid(), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        match api.delete(key.name(), &params).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
            Err(error) => Err(refused(&error)),
        }
    }
}

/// What the API server says, for a status: its reason, which tells of no value.
fn refused(error: &kube::Error) -> String {
    let kube::Error::Api(status) = error else { return "the API server does not answer".to_owned() };
    format!("the API server refuses it: {} ({})", status.reason, status.code)
}

/// `spec.refreshTime`; an hour where it does not say or is none.
fn interval(fan: &ClusterExternalSecret) -> Duration {
    let own = fan.spec.refresh_time.as_deref().and_then(|text| GoDuration::parse(text).ok()?.to_std());
    own.filter(|own| !own.is_zero()).unwrap_or(AGAIN).max(SOON)
}
