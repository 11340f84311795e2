//! Stores: validated when they change and from time to time, and their status says what came of it.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use latchkey_api::external_secret::StoreKind;
use latchkey_api::store::SecretStoreSpec;

use super::Term;
use super::backoff::Retry;
use super::item::Item;
use super::queue::Priority;
use super::status::{self, Ready};
use crate::engine::plan::StoreKey;
use crate::engine::validate::StoreVerdict;
use crate::engine::windows;
use crate::lookup::StoreRow;
use crate::metrics::{Condition, Kind};
use crate::telemetry::chain;

/// A store that does not work is looked at again at least this often: its credentials may have been replaced.
const LONGEST: Duration = Duration::from_secs(30);

impl Term<'_> {
    pub(super) async fn store(&self, key: &StoreKey) {
        let Some(row) = self.refresher.lookup.store_row(key) else {
            self.store_backoffs.clear(key);
            self.reports().remove(key);
            self.refresher.metrics.forget(kind(key), namespace(key), &key.name);
            return;
        };
        if !self.refresher.engine.is_of_class(&row.store.spec) {
            return;
        }
        if let Some(finalizers) = &row.held_by {
            return self.release_store(key, finalizers).await;
        }
        let started = Instant::now();
        let verdict = self.refresher.engine.validate_store(&row.store).await;
        let said = self.report(key, &row, &verdict).await;
        self.refresher.metrics.reconcile_duration(kind(key), namespace(key), &key.name, started.elapsed());
        let wait = match verdict.ready && verdict.error.is_none() && said {
            true => {
                self.store_backoffs.clear(key);
                interval(&row.store.spec, self.refresher.settings.store_requeue_interval)
            }
            false => self.store_backoffs.failed(key, "", Retry::Later).min(LONGEST),
        };
        self.queue.add(Item::Store(key.clone()), wait, Priority::Routine);
    }

    /// A store is new or was edited: whoever has a value of it makes sure that it is of the store as it is now, unless it is
    /// never read again by time, or a sync window is in the way. Each key is read once for all who share it.
    pub(super) async fn dependents(&self, key: &StoreKey) {
        let lookup = &self.refresher.lookup;
        for user in lookup.using(key) {
            let Some(object) = lookup.external_secret(&user) else { continue };
            let open = windows::allow(&object.spec, jiff::Timestamp::now());
            if open && self.due(&object).is_some() && self.refresher.engine.is_ours(&object).await {
                self.queue.add(Item::Again(user), Duration::ZERO, Priority::Routine);
            }
        }
    }

    /// Something failed at this store: it is validated soon, and says so.
    pub(super) fn suspect(&self, store: &StoreKey) {
        let is_ready =
            self.refresher.lookup.store_row(store).is_some_and(|row| row.store.not_ready.is_none());
        if is_ready {
            self.queue.add(Item::Store(store.clone()), Duration::from_millis(500), Priority::Urgent);
        }
    }

    /// False if the status could not be written.
    async fn report(&self, key: &StoreKey, row: &StoreRow, verdict: &StoreVerdict) -> bool {
        let StoreVerdict { ready, reason, message, capabilities, error } = verdict;
        let ready = Ready { ready: *ready, reason, message: message.clone() };
        let status = status::of_store(row.status.as_ref(), &ready, *capabilities);
        self.refresher.metrics.condition(kind(key), namespace(key), &key.name, Condition::Ready, ready.ready);
        let mut said = true;
        if row.status.as_ref() != Some(&status)
            && let Err(error) = self.refresher.statuses.store(key, &row.store.uid, &status).await
        {
            tracing::warn!(store = %key, error = chain(&error), "cannot write the store's status");
            said = false;
        }
        let text = error.as_ref().unwrap_or(message);
        let told = self.reports().insert(key.clone(), text.clone());
        if told.as_ref() != Some(text) {
            tracing::info!(store = %key, ready = ready.ready, reason = ready.reason, text, "store validated");
            self.refresher.events.store(&row.store, ready.reason, ready.ready, text);
            if ready.ready {
                self.wake(key);
            }
        }
        said
    }

    fn reports(&self) -> std::sync::MutexGuard<'_, std::collections::HashMap<StoreKey, String>> {
        self.store_reports.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn kind(key: &StoreKey) -> Kind {
    match key.kind {
        StoreKind::SecretStore => Kind::SecretStore,
        StoreKind::ClusterSecretStore => Kind::ClusterSecretStore,
    }
}

pub(super) fn namespace(key: &StoreKey) -> &str {
    key.namespace.as_deref().unwrap_or_default()
}

/// `spec.refreshInterval`: a number of seconds or Go's duration; zero, empty or unreadable is the installation's interval.
fn interval(spec: &SecretStoreSpec, default: Duration) -> Duration {
    let own = match &spec.refresh_interval {
        None => None,
        Some(IntOrString::Int(seconds)) => u64::try_from(*seconds).ok().map(Duration::from_secs),
        Some(IntOrString::String(text)) => {
            latchkey_api::duration::GoDuration::parse(text).ok().and_then(|parsed| parsed.to_std())
        }
    };
    let whole = own.filter(|own| !own.is_zero()).unwrap_or(default);
    // Many stores that were made together are not validated together for ever.
    whole.mul_f64(0.9 + rand::random::<f64>() / 10.0)
}
