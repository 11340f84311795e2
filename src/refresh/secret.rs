//! Drift: a managed Secret that another hand has changed or deleted is made right again.

use std::sync::Arc;
use std::time::Duration;

use latchkey_api::external_secret::{CreationPolicy, ExternalSecret};

use super::Term;
use super::backoff::Retry;
use super::external_secret::{Reason, version};
use super::item::Item;
use super::queue::Priority;
use crate::engine::due;
use crate::lookup::{Key, target_of};
use crate::telemetry::chain;

/// A Secret that could not be looked at is looked at again at least this often.
const LONGEST: Duration = Duration::from_mins(1);

impl Term<'_> {
    pub(super) async fn secret(&self, secret: &Key) {
        let lookup = &self.refresher.lookup;
        if lookup.secret(secret).is_some_and(|row| lookup.is_noted(secret, &row.resource_version)) {
            return;
        }
        self.free_rivals(secret, None);
        let targeting: Vec<(Key, Arc<ExternalSecret>)> = lookup
            .targeting(secret)
            .into_iter()
            .filter_map(|key| {
                let object = lookup.external_secret(&key)?;
                let object = self.as_known(&key, object);
                Some((key, object))
            })
            .filter(|(_, object)| is_kept(object))
            .collect();
        if targeting.is_empty() {
            return;
        }
        match self.refresher.writer.verify(secret.namespace(), secret.name()).await {
            Ok(Some(state)) => {
                self.secret_backoffs.clear(secret);
                lookup.note(secret.namespace(), &state);
            }
            Ok(None) => {
                self.secret_backoffs.clear(secret);
                for (key, object) in targeting {
                    self.repair(&key, &object).await;
                }
            }
            Err(error) => {
                let wait = self.secret_backoffs.failed(secret, "", Retry::Later).min(LONGEST);
                tracing::warn!(%secret, %error, retry_in = ?wait, "cannot look at the Secret");
                self.queue.add(Item::Secret(secret.clone()), wait, Priority::Routine);
            }
        }
    }

    /// Whether the Secret that was made is gone since its ExternalSecret goes too, which memory may not know yet: in the foreground
    /// the garbage collector deletes the Secret first. Where nobody can tell just now, nothing is made, and it is tried again.
    ///
    /// A repair is always asked about: what is to be repaired may be gone though memory has it still.
    pub(super) async fn is_leaving(
        &self,
        key: &Key,
        object: &ExternalSecret,
        reason: Option<Reason>,
    ) -> bool {
        let gone = || made_by(object).is_some_and(|secret| self.refresher.lookup.secret(&secret).is_none());
        if reason != Some(Reason::Repair) && !gone() {
            return false;
        }
        match self.refresher.lookup.stored(key).await {
            Ok(Some(stored)) => {
                stored.metadata.uid != object.metadata.uid || stored.metadata.deletion_timestamp.is_some()
            }
            Ok(None) => true,
            Err(error) => {
                let wait = self.backoffs.failed(key, &version(object), Retry::Later);
                let error = chain(&error);
                tracing::warn!(object = %key, error, retry_in = ?wait, "cannot see whether it is being deleted, as its Secret was");
                self.queue.add(Item::ExternalSecret(key.clone()), wait, Priority::Routine);
                true
            }
        }
    }

    async fn repair(&self, key: &Key, object: &Arc<ExternalSecret>) {
        // One that has not been synced in this version has its own turn coming; at once, if this Secret kept it from that.
        if due::has_changed(object) && !due::is_frozen(object) {
            if self.backoffs.clear(key) {
                self.queue.add(Item::ExternalSecret(key.clone()), Duration::ZERO, Priority::Urgent);
            }
        } else if self.refresher.engine.is_ours(object).await {
            self.sync(key, Reason::Repair).await;
        }
    }

    /// Others that want this Secret and could not have it, as somebody owned it or its values could not change: it has
    /// changed, and they may try again.
    pub(super) fn free_rivals(&self, secret: &Key, writer: Option<&Key>) {
        for key in self.refresher.lookup.targeting(secret) {
            if Some(&key) != writer && self.backoffs.unstick(&key) {
                self.queue.add(Item::ExternalSecret(key), Duration::ZERO, Priority::Urgent);
            }
        }
    }
}

/// The Secret that a synced ExternalSecret has made, and makes again if it is gone.
pub(super) fn made_by(object: &ExternalSecret) -> Option<Key> {
    let synced = object.status.as_ref().is_some_and(|status| status.refresh_time.is_some());
    let merges = object.spec.creation_policy() == CreationPolicy::Merge;
    (synced && !merges && is_kept(object)).then(|| target_of(object))
}

/// Whether its Secret is kept as written: not while the ExternalSecret is being deleted, nor under `None`, which never
/// writes, nor under `Orphan`, which lets go.
fn is_kept(object: &ExternalSecret) -> bool {
    if object.metadata.deletion_timestamp.is_some() {
        return false;
    }
    match object.spec.creation_policy() {
        CreationPolicy::Owner | CreationPolicy::CreateOrMerge | CreationPolicy::Merge => true,
        CreationPolicy::Orphan | CreationPolicy::None => false,
    }
}
