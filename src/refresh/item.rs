//! What the leader does, one at a time for each.

use tokio::time::Instant;

use super::push::Look;
use crate::engine::plan::StoreKey;
use crate::lookup::Key;

/// One thing to be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Item {
    /// Bring an ExternalSecret to where it should be: adopt, sync if due, schedule.
    ExternalSecret(Key),
    /// Read once more what was made from a cached value at that moment, unless it has been read since, so that a change just
    /// before it is not missed for an interval.
    Verify(Key, Instant),
    /// Write the status of an ExternalSecret that the API server has not taken yet.
    Status(Key),
    /// Look whether a managed Secret still is as it was written.
    Secret(Key),
    /// Validate a store and say so in its status.
    Store(StoreKey),
    /// See to what was made from a store that is new or was edited.
    Dependents(StoreKey),
    /// Make sure that an ExternalSecret's Secret has what its store gives as it is now.
    Again(Key),
    /// Bring all namespaces to where the ClusterExternalSecret of this name wants them.
    FanOut(String),
    /// Bring all namespaces to where the ClusterPushSecret of this name wants them.
    FanPushesOut(String),
    /// Bring a PushSecret to where it should be.
    Push(Key, Look),
    /// Have services delete what generators made that is of no use any more.
    GeneratorStates,
    /// Take back what admission wrote for objects that never were stored.
    Sweep,
}
