//! What admission wrote for objects that never were stored is taken back.

use jiff::Timestamp;

use super::item::Item;
use super::queue::Priority;
use super::{SWEEP, Term};
use crate::engine::pending::Pending;
use crate::engine::sweep::{self, Sweep};
use crate::failpoint::{self, Step};
use crate::lookup::Key;

impl Term<'_> {
    pub(super) async fn sweep(&self) {
        let now = Timestamp::now();
        let rows = self.refresher.lookup.secrets();
        let mut count = 0;
        for (key, mark) in rows.iter().filter_map(|(key, row)| Some((key, row.pending()?))) {
            count += 1;
            self.sweep_one(key, &mark, now).await;
        }
        self.refresher.metrics.pending_secrets(count);
        self.refresher.metrics.sweep();
        self.queue.add(Item::Sweep, SWEEP, Priority::Urgent);
    }

    async fn sweep_one(&self, key: &Key, mark: &Pending, now: Timestamp) {
        let owner = Key::new(key.namespace(), &mark.external_secret);
        let object = self.refresher.lookup.external_secret(&owner);
        match sweep::decide(mark, key.name(), object.as_deref(), now) {
            Sweep::Keep => (),
            Sweep::Resync => {
                self.backoffs.clear(&owner);
                self.sync(&owner, super::external_secret::Reason::Repair).await;
            }
            Sweep::TakeBack => self.take_back(key, mark, &owner, now).await,
        }
    }

    /// Nothing is taken away on the word of memory, which may be behind: the API server is asked once more.
    async fn take_back(&self, key: &Key, mark: &Pending, owner: &Key, now: Timestamp) {
        let stored = match self.refresher.lookup.stored(owner).await {
            Ok(stored) => stored,
            Err(error) => {
                return tracing::warn!(secret = %key, %error, "cannot see whether its ExternalSecret is stored");
            }
        };
        if sweep::decide(mark, key.name(), stored.as_ref(), now) != Sweep::TakeBack {
            return;
        }
        let take_back = self.refresher.writer.take_back(key.namespace(), key.name(), mark);
        match failpoint::around(Step::TakeBack, owner.namespace(), owner.name(), take_back).await {
            Ok(()) => {
                tracing::info!(secret = %key, external_secret = %owner, "took back what was written for an ExternalSecret that never was stored");
            }
            Err(error) => tracing::warn!(secret = %key, %error, "cannot take back; tried again"),
        }
    }
}
