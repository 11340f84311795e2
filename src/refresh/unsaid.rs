//! Statuses that the API server has not taken yet. What they say has been done all the same: nothing is read or written
//! once more because of it, and they are said as soon as the API server takes one again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use latchkey_api::external_secret::{ExternalSecret, ExternalSecretStatus};

use super::Term;
use super::backoff::{Backoffs, Retry};
use super::external_secret::version;
use super::item::Item;
use super::queue::Priority;
use crate::lookup::Key;
use crate::telemetry::chain;

/// A status is tried again at least this often.
const LONGEST: Duration = Duration::from_mins(1);

/// When one is taken again, the others follow at this distance.
const APART: Duration = Duration::from_millis(20);

#[derive(Debug, Clone)]
struct Status {
    version: String,
    status: ExternalSecretStatus,
}

/// What could not be said.
#[derive(Debug, Default)]
pub(super) struct Unsaid {
    statuses: Mutex<HashMap<Key, Status>>,
    backoffs: Backoffs<Key>,
}

impl Unsaid {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Status>> {
        self.statuses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What could not be said of this very version.
    fn of(&self, key: &Key, object: &ExternalSecret) -> Option<ExternalSecretStatus> {
        let statuses = self.lock();
        let unsaid = statuses.get(key).filter(|unsaid| unsaid.version == version(object))?;
        Some(unsaid.status.clone())
    }

    /// Nothing is to be said of it any more; whether the API server had refused it before.
    fn forget(&self, key: &Key) -> bool {
        self.lock().remove(key);
        self.backoffs.clear(key)
    }
}

impl Term<'_> {
    /// The object with the status that it should have.
    pub(super) fn as_known(&self, key: &Key, object: Arc<ExternalSecret>) -> Arc<ExternalSecret> {
        match self.unsaid.of(key, &object) {
            Some(status) => Arc::new(ExternalSecret { status: Some(status), ..object.as_ref().clone() }),
            None => object,
        }
    }

    /// Writes the status, or sees to it that it will be.
    pub(super) async fn write(&self, key: &Key, object: &ExternalSecret, status: &ExternalSecretStatus) {
        // What the object seems to have may be what could not be said.
        let before = self.unsaid.of(key, object).map_or_else(|| object.status.clone(), |_| None);
        let object = ExternalSecret { status: before, ..object.clone() };
        match self.refresher.statuses.external_secret(&object, status).await {
            Ok(()) => {
                if self.unsaid.forget(key) {
                    self.say_the_rest();
                }
            }
            Err(error) => {
                let unsaid = Status { version: version(&object), status: status.clone() };
                self.unsaid.lock().insert(key.clone(), unsaid);
                let wait = self.unsaid.backoffs.failed(key, "", Retry::Later).min(LONGEST);
                tracing::warn!(object = %key, error = chain(&error), retry_in = ?wait, "cannot write the status");
                self.queue.add(Item::Status(key.clone()), wait, Priority::Routine);
            }
        }
    }

    /// Tries once more.
    pub(super) async fn say(&self, key: &Key) {
        let _alone = self.alone.with(key).await;
        let Some(object) = self.refresher.lookup.external_secret(key) else {
            self.unsaid.forget(key);
            return;
        };
        match self.unsaid.of(key, &object) {
            Some(status) => self.write(key, &object, &status).await,
            None => drop(self.unsaid.forget(key)), // another version has its own turn
        }
    }

    fn say_the_rest(&self) {
        let keys: Vec<Key> = self.unsaid.lock().keys().cloned().collect();
        for (place, key) in keys.into_iter().enumerate() {
            let wait = APART.saturating_mul(u32::try_from(place).unwrap_or(u32::MAX));
            self.queue.add(Item::Status(key), wait, Priority::Routine);
        }
    }
}
