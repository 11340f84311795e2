//! The schedule of what is in the cluster: which entries there are, and which come due together.

use jiff::Timestamp;
use latchkey_api::external_secret::ExternalSecret;
use latchkey_provider::largest_batch;

use super::Term;
use super::schedule::{self, Spread};
use crate::engine::Beside;
use crate::engine::recurrence::Recurrence;
use crate::engine::windows;

impl Term<'_> {
    /// When an ExternalSecret is read again; none if never by time. What came due while a sync window was in the way is read
    /// once it no longer is.
    pub(super) fn due(&self, object: &ExternalSecret) -> Option<Timestamp> {
        let recurrence = Recurrence::of(object)?;
        let (spread, _) = self.spread(&recurrence);
        let (next, now) = (schedule::next(object, &recurrence, &spread)?, Timestamp::now());
        Some(match windows::allow(&object.spec, next.max(now)) {
            true => next,
            false => windows::allowed_from(&object.spec, next.max(now)),
        })
    }

    /// The other entries that come due at the same time, where one call reads many: those that are named in the object's own
    /// namespace, which may be the only one that has these credentials.
    pub(super) fn beside(&self, object: &ExternalSecret) -> Option<Beside> {
        let recurrence = Recurrence::of(object)?;
        let (spread, batch) = self.spread(&recurrence);
        let positions = spread.together(recurrence.position(), recurrence.seconds);
        let (store, namespace) =
            (recurrence.store.filter(|_| batch > 1)?, object.metadata.namespace.as_deref()?);
        let entries =
            self.refresher.lookup.entries().within(&store, recurrence.seconds, positions, namespace);
        Some(Beside { store, entries })
    }

    /// How the entries of its store are spread, and how many of them one call reads.
    fn spread(&self, recurrence: &Recurrence) -> (Spread, usize) {
        let lookup = &self.refresher.lookup;
        let row = recurrence.store.as_ref().and_then(|store| Some((store, lookup.store_row(store)?)));
        let Some((store, row)) = row else { return (Spread::new("", 1, 1), 1) };
        let batch = largest_batch(&row.store.spec);
        let entries = if batch > 1 { lookup.entries().count(store, recurrence.seconds) } else { 1 };
        (Spread::new(&row.store.uid, entries, batch), batch)
    }
}
