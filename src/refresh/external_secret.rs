//! One ExternalSecret: adopted, synced if it is due, and given its next place in the schedule.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::ResourceExt;
use latchkey_api::external_secret::ExternalSecret;

use super::backoff::Retry;
use super::item::Item;
use super::queue::Priority;
use super::{Term, schedule, status};
use crate::engine::adopt::{Adopted, Adoption};
use crate::engine::generators::Known;
use crate::engine::{Deadline, Effects, Error, Job, Lane, Outcome, Stage, Written, due};
use crate::lookup::{Key, target_of};
use crate::metrics::{Condition, Kind};

/// How old a value may be for a refresh, and after which what was made from an older one is read once more.
const YOUNG: Duration = Duration::from_secs(5);

/// How long a sync that nobody waits for may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a sync is made; it decides how old the value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is new, or was changed.
    Changed,
    /// Its time has come.
    Due,
    /// Its Secret was changed or deleted by another hand.
    Repair,
}

impl Reason {
    /// Whether generators make new values: a refresh and a change ask for them; what is synced for the first time or repaired
    /// keeps those that the Secret holds.
    fn renews(self, object: &ExternalSecret) -> bool {
        match self {
            Self::Changed => object.status.as_ref().is_some_and(|status| status.refresh_time.is_some()),
            Self::Due => true,
            Self::Repair => false,
        }
    }
}

impl Term<'_> {
    /// How old the value may be. A change may be somebody's wish for the value of now, unless admission has just met it.
    fn max_age(&self, object: &ExternalSecret, reason: Reason) -> Duration {
        match reason {
            Reason::Changed if object.status.is_none() || self.refresher.lookup.was_synced(object) => YOUNG,
            Reason::Changed => Duration::ZERO,
            Reason::Due => self.since_due(object),
            Reason::Repair => due::interval(object).max(YOUNG),
        }
    }

    /// A value that was read since the object came due is new enough, however many share it: but for what has waited very long.
    fn since_due(&self, object: &ExternalSecret) -> Duration {
        let half = due::interval(object) / 2;
        let since = self.due(object).map(|at| schedule::until(Timestamp::now(), at));
        since.unwrap_or_default().clamp(YOUNG.min(half), half)
    }

    /// A change comes first, as if it were being admitted; once it has failed, it waits with the others, and calls no store that is
    /// known to be down.
    fn lane(&self, key: &Key, object: &ExternalSecret, reason: Reason) -> Lane {
        match reason {
            Reason::Changed if !self.backoffs.has_failed(key, &version(object)) => Lane::Admission,
            Reason::Changed | Reason::Due | Reason::Repair => Lane::Refresh,
        }
    }

    pub(super) async fn external_secret(&self, key: &Key) {
        let _alone = self.alone.with(key).await;
        let Some(object) = self.refresher.lookup.external_secret(key) else {
            self.backoffs.clear(key);
            self.refresher.metrics.forget(Kind::ExternalSecret, key.namespace(), key.name());
            return;
        };
        let Some(generators) = self.refresher.engine.ours(&object).await else { return };
        if object.metadata.deletion_timestamp.is_some() {
            return self.release(key, &object).await;
        }
        if let Some(wait) = self.backoffs.wait(key, &version(&object)) {
            self.queue.add(Item::ExternalSecret(key.clone()), wait, Priority::Routine);
            return;
        }
        let started = Instant::now();
        let object = self.as_known(key, object);
        self.bring(key, &object, generators).await;
        self.refresher.metrics.reconcile_duration(
            Kind::ExternalSecret,
            key.namespace(),
            key.name(),
            started.elapsed(),
        );
    }

    async fn bring(&self, key: &Key, object: &Arc<ExternalSecret>, generators: Known) {
        let now = Timestamp::now();
        let changed = !due::is_frozen(object) && due::has_changed(object);
        if changed && self.adopt(key, object).await {
            return;
        }
        match (due::should_refresh(object, now), changed) {
            (true, true) => self.read_and_write(key, object, Reason::Changed, generators).await,
            (true, false) => self.read_and_write(key, object, Reason::Due, generators).await,
            (false, _) if self.due(object).is_some_and(|at| at <= now) => {
                self.read_and_write(key, object, Reason::Due, generators).await;
            }
            (false, _) => self.schedule(key, object),
        }
    }

    /// Takes over what admission has just written for this very version; true if there was such a thing.
    async fn adopt(&self, key: &Key, object: &Arc<ExternalSecret>) -> bool {
        match self.refresher.writer.adopt(object).await {
            Ok(Adoption::Adopted(adopted)) => {
                self.refresher.lookup.note(key.namespace(), &adopted.secret);
                let at = adopted.at;
                self.settle(key, object, &outcome(adopted), at).await;
                true
            }
            Ok(Adoption::NotPending | Adoption::Mismatch) => false,
            Err(error) => {
                tracing::warn!(object = %key, %error, "cannot adopt the Secret; it is synced instead");
                false
            }
        }
    }

    /// Reads and writes, whatever the schedule says, in the version that is known when its turn comes.
    pub(super) async fn sync(&self, key: &Key, reason: Reason) {
        let _alone = self.alone.with(key).await;
        if let Some(object) = self.refresher.lookup.external_secret(key) {
            self.read_and_write(key, &object, reason, Known::default()).await;
        }
    }

    async fn read_and_write(
        &self,
        key: &Key,
        object: &Arc<ExternalSecret>,
        reason: Reason,
        generators: Known,
    ) {
        if self.is_leaving(key, object, Some(reason)).await {
            return;
        }
        let at = status::now();
        let job = Job {
            external_secret: Arc::clone(object),
            stage: Stage::Stored,
            effects: Effects::Apply,
            max_age: self.max_age(object, reason),
            since: (reason == Reason::Changed).then(|| self.refresher.lookup.wished_since(object)).flatten(),
            lane: self.lane(key, object, reason),
            over: None,
            beside: (reason == Reason::Due).then(|| self.beside(object)).flatten(),
            renew: reason.renews(object),
            generators,
        };
        match self.refresher.engine.sync(job, Deadline::after(PATIENCE)).await {
            Ok(outcome) if outcome.written == Written::Overtaken => overtaken(key),
            Ok(mut outcome) => {
                if reason != Reason::Changed {
                    outcome.cached = None; // only what is new is verified early
                }
                if let Some(state) = &outcome.secret {
                    self.refresher.lookup.note(key.namespace(), state);
                }
                self.settle(key, object, &outcome, at).await;
            }
            Err(error) => self.failed(key, object, &error).await,
        }
    }

    async fn settle(&self, key: &Key, object: &ExternalSecret, outcome: &Outcome, at: Timestamp) {
        self.backoffs.clear(key);
        self.refresher.metrics.sync_call(key.namespace(), key.name(), true);
        self.refresher.metrics.condition(
            Kind::ExternalSecret,
            key.namespace(),
            key.name(),
            Condition::Ready,
            true,
        );
        tracing::info!(object = %key, written = ?outcome.written, keys = outcome.keys, "synced");
        // Told before the status is written: whoever leads next sees a status that is right, and nothing to tell.
        self.refresher.events.synced(object, outcome);
        let status = status::after_sync(object, outcome, at);
        self.write(key, object, &status).await;
        if matches!(outcome.written, Written::Updated | Written::Deleted) {
            self.free_rivals(&target_of(object), Some(key));
        }
        if outcome.cached.is_some() {
            self.queue.add(Item::Verify(key.clone(), tokio::time::Instant::now()), YOUNG, Priority::Routine);
        }
        let mut now_synced = object.clone();
        now_synced.status = Some(status);
        self.schedule(key, &now_synced);
    }

    async fn failed(&self, key: &Key, object: &ExternalSecret, error: &Error) {
        let wait = self.backoffs.failed(key, &version(object), Retry::of(error));
        self.queue.add(Item::ExternalSecret(key.clone()), wait, Priority::Routine);
        self.refresher.metrics.sync_call(key.namespace(), key.name(), false);
        self.refresher.metrics.condition(
            Kind::ExternalSecret,
            key.namespace(),
            key.name(),
            Condition::Ready,
            false,
        );
        tracing::warn!(object = %key, kind = error.kind.as_str(), %error, retry_in = ?wait, "sync failed");
        self.refresher.events.failed(object, &error.to_string());
        self.write(key, object, &status::after_failure(object, error)).await;
        if let Some(store) = &error.store {
            self.suspect(store);
        }
    }

    fn schedule(&self, key: &Key, object: &ExternalSecret) {
        if let Some(at) = self.due(object) {
            let wait = schedule::until(at, Timestamp::now());
            self.queue.add(Item::ExternalSecret(key.clone()), wait, Priority::Routine);
        }
    }

    /// Reads once more, unless there is a value that is younger than this. Values of a store as it was before it was edited
    /// are not in memory any more.
    pub(super) async fn verify(&self, key: &Key, max_age: Duration) {
        let _alone = self.alone.with(key).await;
        let Some(object) = self.refresher.lookup.external_secret(key) else { return };
        let object = self.as_known(key, object);
        let leaves = object.metadata.deletion_timestamp.is_some();
        if leaves || due::has_changed(&object) || self.is_leaving(key, &object, None).await {
            return;
        }
        let job = Job {
            external_secret: Arc::clone(&object),
            stage: Stage::Stored,
            effects: Effects::Apply,
            max_age,
            since: None,
            lane: Lane::Refresh,
            over: None,
            beside: None,
            renew: false,
            generators: Known::default(),
        };
        match self.refresher.engine.sync(job, Deadline::after(PATIENCE)).await {
            Ok(outcome) if outcome.written == Written::Unchanged => (),
            Ok(outcome) if outcome.written == Written::Overtaken => overtaken(key),
            Ok(outcome) => {
                self.settle(key, &object, &Outcome { cached: None, ..outcome }, status::now()).await
            }
            Err(error) => self.failed(key, &object, &error).await,
        }
    }
}

/// The later version is on its way here, or the sweep finds it refused.
fn overtaken(key: &Key) {
    tracing::debug!(object = %key, "a later version is being stored: this one is left alone");
}

/// What admission did, as far as the Secret still tells.
fn outcome(adopted: Adopted) -> Outcome {
    let Adopted { created, at: _, cached, secret, orphans_deleted } = adopted;
    Outcome {
        written: if created { Written::Created } else { Written::Updated },
        secret: Some(secret),
        keys: 0,
        cached,
        missing: Vec::new(),
        orphans_deleted,
        notes: Vec::new(),
        doubts: Vec::new(),
    }
}

/// What makes a failure another one: the object and its version.
pub(super) fn version(object: &ExternalSecret) -> String {
    format!("{}/{}", object.uid().unwrap_or_default(), due::version(object))
}
