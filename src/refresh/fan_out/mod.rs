//! ClusterExternalSecrets and ClusterPushSecrets: one object in every namespace that matches, also in those that come later.
//!
//! What is made belongs to its maker by a controller's ownerReference, so it goes with it by the cluster's own garbage
//! collection. No finalizer is put on anything.

pub(crate) mod fan;
pub(crate) mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube::{Api, Resource as _, ResourceExt};
use latchkey_api::cluster_external_secret::FailedNamespace;
use latchkey_api::duration::GoDuration;

use super::Term;
use super::item::Item;
use super::queue::Priority;
use super::status::FIELD_MANAGER;
use crate::lookup::Key;
use crate::metrics::{Condition, Kind};
use crate::telemetry::chain;
use fan::Fan;
use plan::Step;

/// In so many namespaces is written at once.
const AT_ONCE: usize = 16;

/// When everything is looked at once more, where the object does not say.
const AGAIN: Duration = Duration::from_hours(1);

/// Soon after something was not taken.
const SOON: Duration = Duration::from_secs(5);

/// What has come of a namespace.
type Outcome = Result<(), String>;

/// The object of this name in a namespace, as the watch has it.
type Present<'a, C> = &'a (dyn Fn(&Key) -> Option<Arc<C>> + Send + Sync);

/// What has come of all namespaces.
struct Brought {
    /// Those that have one, in order.
    provisioned: Vec<String>,
    /// Those that have none, in order.
    failed: Vec<FailedNamespace>,
    /// Whether nothing is left to be tried again.
    whole: bool,
}

impl Brought {
    /// Nothing has been made or removed, for this reason: it is not known which namespaces are meant. ESO names such a namespace
    /// "unknown".
    fn left_alone(made: &[Key], why: String) -> Self {
        let mut provisioned: Vec<String> = made.iter().map(|key| key.namespace().to_owned()).collect();
        provisioned.sort_unstable();
        provisioned.dedup();
        let failed = vec![FailedNamespace { namespace: "unknown".to_owned(), reason: Some(why) }];
        Self { provisioned, failed, whole: true }
    }
}

impl Term<'_> {
    /// Brings all namespaces to where a ClusterExternalSecret wants them.
    pub(super) async fn fan_out(&self, name: &str) {
        let lookup = &self.refresher.lookup;
        let metrics = &self.refresher.metrics;
        let Some(fan) = lookup.cluster_external_secret(name) else {
            return metrics.forget(Kind::ClusterExternalSecret, "", name);
        };
        if fan.metadata.deletion_timestamp.is_some() {
            return self.release_fan(&fan).await;
        }
        let _timer = metrics.reconcile(Kind::ClusterExternalSecret, "", name);
        let made = lookup.made_by(fan.metadata.uid.as_deref().unwrap_or_default());
        let Some(brought) = self.bring_all(&*fan, made, &|key: &Key| lookup.external_secret(key)).await
        else {
            return;
        };
        metrics.condition(Kind::ClusterExternalSecret, "", name, Condition::Ready, brought.failed.is_empty());
        let status = plan::status(&fan, brought.provisioned, brought.failed);
        let written = self.refresher.statuses.cluster_external_secret(&fan, &status).await;
        self.fanned_out(Item::FanOut(name.to_owned()), &*fan, brought.whole, written);
    }

    /// Brings all namespaces to where a ClusterPushSecret wants them.
    pub(super) async fn fan_pushes_out(&self, name: &str) {
        let lookup = &self.refresher.lookup;
        let metrics = &self.refresher.metrics;
        let Some(fan) = lookup.cluster_push_secret(name) else {
            return metrics.forget(Kind::ClusterPushSecret, "", name);
        };
        let _timer = metrics.reconcile(Kind::ClusterPushSecret, "", name);
        let made = lookup.pushes_made_by(fan.metadata.uid.as_deref().unwrap_or_default());
        let Some(brought) = self.bring_all(&*fan, made, &|key: &Key| lookup.push_secret(key)).await else {
            return;
        };
        metrics.condition(Kind::ClusterPushSecret, "", name, Condition::Ready, brought.failed.is_empty());
        let status = plan::push_status(&fan, brought.provisioned, brought.failed);
        let written = self.refresher.statuses.cluster_push_secret(&fan, &status).await;
        self.fanned_out(Item::FanPushesOut(name.to_owned()), &*fan, brought.whole, written);
    }

    /// Whoever wants something of this namespace looks at it.
    pub(super) fn fans_of(&self, namespace: &str) {
        let lookup = &self.refresher.lookup;
        for (key, fan) in lookup.cluster_external_secrets() {
            if concerns(&*fan, namespace) {
                self.queue.add(Item::FanOut(key.name().to_owned()), Duration::ZERO, Priority::Urgent);
            }
        }
        for (key, fan) in lookup.cluster_push_secrets() {
            if concerns(&*fan, namespace) {
                self.queue.add(Item::FanPushesOut(key.name().to_owned()), Duration::ZERO, Priority::Urgent);
            }
        }
    }

    /// Whoever makes an ExternalSecret of this name looks at it: it was changed or deleted by hand, or has freed its name.
    pub(super) fn fans_named(&self, external_secret: &str) {
        for (key, fan) in self.refresher.lookup.cluster_external_secrets() {
            if plan::name(&*fan) == external_secret {
                self.queue.add(Item::FanOut(key.name().to_owned()), super::ECHO, Priority::Routine);
            }
        }
    }

    /// The same of a PushSecret.
    pub(super) fn fans_of_pushes_named(&self, push_secret: &str) {
        for (key, fan) in self.refresher.lookup.cluster_push_secrets() {
            if plan::name(&*fan) == push_secret {
                self.queue.add(Item::FanPushesOut(key.name().to_owned()), super::ECHO, Priority::Routine);
            }
        }
    }

    /// None if it is being deleted.
    async fn bring_all<F: Fan>(
        &self,
        fan: &F,
        made: Vec<Key>,
        present: Present<'_, F::Child>,
    ) -> Option<Brought> {
        if fan.meta().deletion_timestamp.is_some() {
            return None;
        }
        if let Some(why) = plan::unclear(fan) {
            return Some(Brought::left_alone(&made, why));
        }
        let namespaces = self.refresher.lookup.namespaces().into_iter();
        let wanted: Vec<String> = namespaces
            .filter(|(key, row)| plan::wants(fan, key.name(), row))
            .map(|(key, _)| key.name().to_owned())
            .collect();
        let gone = plan::left_over(made, &plan::name(fan), &wanted);
        let removals = gone.into_iter().map(|key| self.remove(fan, key, present));
        let removed: Vec<Outcome> = stream::iter(removals).buffer_unordered(AT_ONCE).collect().await;
        let tries = wanted.into_iter().map(|namespace| self.provide(fan, namespace, present));
        let tried: Vec<(String, Outcome)> = stream::iter(tries).buffer_unordered(AT_ONCE).collect().await;
        let (mut provisioned, mut failed) = (Vec::new(), Vec::new());
        for (namespace, outcome) in tried {
            match outcome {
                Ok(()) => provisioned.push(namespace),
                Err(reason) => failed.push(FailedNamespace { namespace, reason: Some(reason) }),
            }
        }
        provisioned.sort_unstable();
        failed.sort_unstable_by(|one, other| one.namespace.cmp(&other.namespace));
        let retried = failed.iter().any(|failed| failed.reason.as_deref() != Some(F::TAKEN));
        Some(Brought { provisioned, failed, whole: !retried && removed.iter().all(Result::is_ok) })
    }

    fn fanned_out(&self, item: Item, fan: &impl Fan, whole: bool, written: Result<(), kube::Error>) {
        if let Err(error) = &written {
            let error = chain(error);
            tracing::warn!(?item, error, "cannot write the status");
        }
        let after = if whole && written.is_ok() { interval(fan) } else { SOON };
        self.queue.add(item, after, Priority::Routine);
    }

    /// Sees to one namespace.
    async fn provide<F: Fan>(
        &self,
        fan: &F,
        namespace: String,
        present: Present<'_, F::Child>,
    ) -> (String, Outcome) {
        let outcome = self.written(fan, &namespace, present).await;
        (namespace, outcome)
    }

    async fn written<F: Fan>(&self, fan: &F, namespace: &str, present: Present<'_, F::Child>) -> Outcome {
        let key = Key::new(namespace, plan::name(fan));
        let api: Api<F::Child> = Api::namespaced(self.refresher.client.clone(), namespace);
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let written = match plan::step(fan, namespace, present(&key).as_deref()) {
            Step::Nothing => return Ok(()),
            Step::Taken => return Err(F::TAKEN.to_owned()),
            Step::Create(object) => api.create(&params, &object).await,
            Step::Replace(object) => api.replace(key.name(), &params, &object).await,
        };
        match written {
            Ok(_) => Ok(()),
            // It was made a moment ago, by us or by somebody else: the watch is about to tell of it.
            Err(kube::Error::Api(status)) if status.reason == "AlreadyExists" => {
                match seen(&key, present).await {
                    Some(object) if plan::is_owned(fan, object.meta()) => Ok(()),
                    Some(_) => Err(F::TAKEN.to_owned()),
                    None => Err(refused(&kube::Error::Api(status))),
                }
            }
            Err(error) => Err(refused(&error)),
        }
    }

    /// Deletes an object that no longer is wanted, if it still is the one that was made.
    async fn remove<F: Fan>(&self, fan: &F, key: Key, present: Present<'_, F::Child>) -> Outcome {
        let Some(object) = present(&key) else { return Ok(()) };
        if !plan::is_owned(fan, object.meta()) || object.meta().deletion_timestamp.is_some() {
            return Ok(());
        }
        let api: Api<F::Child> = Api::namespaced(self.refresher.client.clone(), key.namespace());
        let preconditions = Preconditions { uid: object.uid(), resource_version: None };
        let params = DeleteParams { preconditions: Some(preconditions), ..DeleteParams::default() };
        match api.delete(key.name(), &params).await {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
            Err(error) => Err(refused(&error)),
        }
    }
}

/// Waits a moment for the watch to tell of an object.
async fn seen<C>(key: &Key, present: Present<'_, C>) -> Option<Arc<C>> {
    for _ in 0..20 {
        if let Some(object) = present(key) {
            return Some(object);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}

/// Whether a change of this namespace may change what is made in it.
fn concerns(fan: &impl Fan, namespace: &str) -> bool {
    fan.namespaces().iter().any(|name| name == namespace) || !fan.selectors().is_empty()
}

/// What the API server says, for a status: its reason, which tells of no value.
fn refused(error: &kube::Error) -> String {
    let kube::Error::Api(status) = error else { return "the API server does not answer".to_owned() };
    format!("the API server refuses it: {} ({})", status.reason, status.code)
}

/// `spec.refreshTime`; an hour where it does not say or is none.
fn interval(fan: &impl Fan) -> Duration {
    let own = fan.refresh_time().and_then(|text| GoDuration::parse(text).ok()?.to_std());
    own.filter(|own| !own.is_zero()).unwrap_or(AGAIN).max(SOON)
}
