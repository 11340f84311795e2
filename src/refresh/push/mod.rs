//! PushSecrets: what is in a Secret of the cluster goes to remote stores, when it changes and from time to time.
//!
//! ESO's rules for statuses, conditions and the finalizer. What is more: the source is watched, every store is tried though
//! another one fails, and what somebody else has put into a store is not overwritten.

mod finalizer;
mod memory;
mod source;
mod status;
mod stores;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use latchkey_api::PushSecret;
use latchkey_api::push_secret::{
    PushData, PushDeletionPolicy, PushSecretSpec, PushUpdatePolicy, SyncedPushSecrets,
};

use super::Term;
use super::backoff::Retry;
use super::item::Item;
use super::queue::Priority;
use crate::engine::plan::StoreKey;
use crate::engine::push::{self, Came, Made, Place, Source};
use crate::engine::{Deadline, Error, message};
use crate::lookup::Key;
use crate::metrics::{Condition, Kind};
pub(super) use memory::Memory;
pub(super) use status::{Outcome, keeps_nothing};

/// How long everything that one PushSecret does may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a PushSecret is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Look {
    /// It is new, was changed, or its time may have come.
    Whether,
    /// Somebody begins to lead: its source may have changed while nobody did.
    Anew,
    /// Its source has changed.
    Now,
    /// It has failed, and may be tried once more unless it was meanwhile.
    Again,
}

impl Term<'_> {
    /// Brings a PushSecret to where it should be.
    pub(super) async fn push_secret(&self, key: &Key, look: Look) {
        let _alone = self.pushing.with(key).await;
        let metrics = &self.refresher.metrics;
        let Some(object) = self.refresher.lookup.push_secret(key) else {
            self.push_backoffs.clear(key);
            self.pushes.forget(key);
            return metrics.forget(Kind::PushSecret, key.namespace(), key.name());
        };
        if !self.refresher.engine.sees_to(key.namespace()) {
            return;
        }
        if object.metadata.deletion_timestamp.is_none() && self.is_of_others(&object.spec, key.namespace()) {
            return metrics.forget(Kind::PushSecret, key.namespace(), key.name());
        }
        let _timer = metrics.reconcile(Kind::PushSecret, key.namespace(), key.name());
        self.bring_push(key, &object, look).await;
    }

    async fn bring_push(&self, key: &Key, object: &Arc<PushSecret>, look: Look) {
        if object.metadata.deletion_timestamp.is_some() {
            return self.let_go(key, object).await;
        }
        if let Some(ready) = status::is_ready(object) {
            self.measured(key, ready);
        }
        if !self.keeps_finalizer(key, object).await {
            return; // the watch tells of the object with it
        }
        let version = status::version(object);
        let look = match look {
            Look::Again if self.push_backoffs.has_failed(key, &version) => Look::Now,
            Look::Again => Look::Whether,
            Look::Whether | Look::Anew | Look::Now => look,
        };
        if look != Look::Now
            && let Some(wait) = self.push_backoffs.wait(key, &version)
        {
            return self.look_again(key, wait);
        }
        let pushed = self.pushes.pushed(key, &version);
        let left = status::left(object, pushed, Timestamp::now());
        let anew = look == Look::Anew && self.source_changed_since(object).await;
        if look == Look::Now || anew || left.is_some_and(|left| left.is_zero()) {
            self.push_all(key, object).await;
        } else if let Some(left) = left {
            self.look_again(key, left);
        }
    }

    fn measured(&self, key: &Key, ready: bool) {
        let metrics = &self.refresher.metrics;
        metrics.condition(Kind::PushSecret, key.namespace(), key.name(), Condition::Ready, ready);
    }

    /// Those that failed and push to this store may try again.
    pub(super) fn wake_pushes(&self, store: &StoreKey) {
        for (key, object) in self.refresher.lookup.push_secrets() {
            let is_named =
                object.spec.secret_store_refs.iter().any(|of| push::names(of, store, key.namespace()));
            if is_named && self.push_backoffs.clear(&key) {
                self.queue.add(Item::Push(key, Look::Now), Duration::ZERO, Priority::Urgent);
            }
        }
    }

    fn look_again(&self, key: &Key, after: Duration) {
        self.queue.add(Item::Push(key.clone(), Look::Whether), after, Priority::Routine);
    }

    async fn push_all(&self, key: &Key, object: &Arc<PushSecret>) {
        let deadline = Deadline::after(PATIENCE);
        let mut made = self.pushes.unpushed(key, &status::version(object));
        let outcome = match self.sources(object, &mut made, deadline).await {
            Ok(Some(sources)) => self.push_sources(object, &sources).await,
            Ok(None) => self.source_gone(object).await,
            Err(error) => Outcome::failed(status::before(object), vec![error]),
        };
        match made.filter(Made::is_kept) {
            Some(made) if outcome.errors.is_empty() => self.refresher.engine.became(made).await,
            Some(made) => self.pushes.keep(key, status::version(object), made),
            None => {}
        }
        self.told(key, object, outcome).await;
    }

    /// Every source to every store; then what is pushed no longer is removed. Where there is no source, what was pushed stays, as
    /// it does with ESO, and is remembered, so that it goes with the PushSecret.
    async fn push_sources(&self, object: &PushSecret, sources: &[Source]) -> Outcome {
        let namespace = object.namespace().unwrap_or_default();
        let places = match self.places(&object.spec, &namespace) {
            Ok(places) => places,
            Err(error) => return Outcome::failed(status::before(object), vec![error]),
        };
        let mut outcome = Outcome::default();
        for place in &places {
            outcome.synced.entry(place.in_status()).or_default();
            if let Err(error) = self.push_to(object, sources, place, &mut outcome).await {
                outcome.errors.push(error);
            }
        }
        let old = status::before(object);
        if !outcome.errors.is_empty() || sources.is_empty() {
            outcome.synced = status::merged(outcome.synced, old);
        } else if deletes(&object.spec) {
            let (left, errors) = self.unpush(&namespace, &old, &outcome.synced).await;
            outcome.removal_failed = !errors.is_empty();
            outcome.errors = errors;
            outcome.synced = status::merged(outcome.synced, left);
        }
        outcome
    }

    /// Everything that goes to one store, until one thing fails.
    async fn push_to(
        &self,
        object: &PushSecret,
        sources: &[Source],
        place: &Place,
        outcome: &mut Outcome,
    ) -> Result<(), Error> {
        let engine = &self.refresher.engine;
        let in_status = place.in_status();
        let keep = object.spec.update_policy.unwrap_or_default() == PushUpdatePolicy::IfNotExists;
        let before = status::before(object).remove(&in_status).unwrap_or_default();
        let door = engine.open_door(&object.namespace().unwrap_or_default(), &place.key).await?;
        for source in sources {
            for mut one in push::wanted(&object.spec, source, place)? {
                let at = one.in_status();
                one.push.known = before.contains_key(&at);
                let came = engine.push(&door, &one.push, keep).await?;
                if came == Came::Foreign && !one.push.known {
                    continue; // what is in the status counts as this one's, to replace and to delete
                }
                outcome.changed |= came == Came::Written;
                outcome.synced.entry(in_status.clone()).or_default().insert(at, one.data);
            }
        }
        Ok(())
    }

    /// Removes what was pushed and is wanted no more; what is left of it, and why.
    async fn unpush(
        &self,
        namespace: &str,
        old: &SyncedPushSecrets,
        wanted: &SyncedPushSecrets,
    ) -> (SyncedPushSecrets, Vec<Error>) {
        let (mut left, mut errors) = (SyncedPushSecrets::new(), Vec::new());
        for (in_status, entries) in old {
            let keeps = |at: &String| wanted.get(in_status).is_some_and(|now| now.contains_key(at));
            let gone: BTreeMap<_, _> = entries
                .iter()
                .filter(|(at, _)| !keeps(at))
                .map(|(at, data)| (at.clone(), data.clone()))
                .collect();
            if gone.is_empty() {
                continue;
            }
            let Some(key) = push::place(in_status, namespace) else { continue };
            if let Err(error) = self.unpush_from(namespace, &key, gone.values()).await {
                errors.push(error);
                left.insert(in_status.clone(), gone);
            }
        }
        (left, errors)
    }

    async fn unpush_from(
        &self,
        namespace: &str,
        store: &StoreKey,
        gone: impl Iterator<Item = &PushData> + Send,
    ) -> Result<(), Error> {
        let engine = &self.refresher.engine;
        let door = engine.open_door_once_more(namespace, store).await?;
        for data in gone {
            engine.withdraw(&door, &push::remote(data)).await?;
        }
        Ok(())
    }

    /// The source is not there: with `deletionPolicy: Delete` what was pushed of it goes too, as with ESO.
    async fn source_gone(&self, object: &PushSecret) -> Outcome {
        let old = status::before(object);
        if status::is_source_deleted(object) {
            return Outcome { source_deleted: true, synced: old, ..Outcome::default() };
        }
        if !deletes(&object.spec) || old.values().all(BTreeMap::is_empty) {
            let name = push::named(&object.spec).unwrap_or_default();
            return Outcome::failed(old, vec![message::no_source(name)]);
        }
        let namespace = object.namespace().unwrap_or_default();
        let (left, errors) = self.unpush(&namespace, &old, &SyncedPushSecrets::new()).await;
        Outcome {
            removal_failed: !errors.is_empty(),
            source_deleted: errors.is_empty(),
            errors,
            synced: left,
            changed: true,
        }
    }

    /// Writes what has come of it, and looks again when it is time.
    async fn told(&self, key: &Key, object: &PushSecret, outcome: Outcome) {
        let at = super::status::now();
        self.refresher.events.pushed(object, &outcome); // first, as with an ExternalSecret
        let status = status::after(object, &outcome, at);
        let written = self.refresher.statuses.push_secret(object, &status).await;
        self.measured(key, outcome.is_ready());
        let version = status::version(object);
        self.pushes.note(key, &version, outcome.is_ready().then_some(at));
        match outcome.errors.first() {
            None => {
                self.push_backoffs.clear(key);
                if let Some(interval) = status::interval(&object.spec) {
                    self.look_again(key, interval);
                }
            }
            Some(error) => {
                let wait = self.push_backoffs.failed(key, &version, Retry::of(error));
                self.queue.add(Item::Push(key.clone(), Look::Again), wait, Priority::Routine);
                let kind = error.kind.as_str();
                tracing::warn!(object = %key, kind, %error, retry_in = ?wait, "push failed");
            }
        }
        if let Err(error) = written {
            let error = crate::telemetry::chain(&error);
            tracing::warn!(object = %key, error, "cannot write the PushSecret's status");
        }
    }
}

/// Whether a PushSecret has something in this store that is to go with it.
pub(super) fn needs(object: &PushSecret, store: &StoreKey) -> bool {
    let namespace = object.namespace().unwrap_or_default();
    let is_there = |(at, data): (&String, &BTreeMap<String, PushData>)| {
        !data.is_empty() && push::place(at, &namespace).as_ref() == Some(store)
    };
    deletes(&object.spec) && status::before(object).iter().any(is_there)
}

/// Whether what was pushed is removed when it is wanted no more.
fn deletes(spec: &PushSecretSpec) -> bool {
    match spec.deletion_policy.unwrap_or_default() {
        PushDeletionPolicy::Delete => true,
        PushDeletionPolicy::None => false,
    }
}
