//! What becomes of a Secret that was written during an admission whose ExternalSecret was not stored in the end (fact F2).

mod take_back;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use latchkey_api::external_secret::{CreationPolicy, ExternalSecret};

use super::pending::Pending;

/// How long an ExternalSecret may take from its admission until it is seen.
pub const GRACE: Duration = Duration::from_secs(60);

/// What has to be done about a Secret that bears a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// Nothing, or nothing yet.
    Keep,
    /// Sync the ExternalSecret that the mark names: it is stored, in this version or in another.
    Resync,
    /// [`SecretWriter::take_back`](super::apply::SecretWriter::take_back): no stored ExternalSecret wants it.
    TakeBack,
}

/// What has to be done about the Secret of this name that bears this mark, given what is stored under the name in the
/// mark.
pub fn decide(mark: &Pending, secret: &str, stored: Option<&ExternalSecret>, now: Timestamp) -> Sweep {
    if mark.age(now) <= GRACE {
        return Sweep::Keep;
    }
    match stored {
        Some(stored) if stored.metadata.deletion_timestamp.is_some() => Sweep::Keep,
        Some(stored) if wants(stored, secret) => Sweep::Resync,
        Some(_) | None => Sweep::TakeBack,
    }
}

/// Whether the stored version writes this Secret at all; the refused one may have named another target.
fn wants(stored: &ExternalSecret, secret: &str) -> bool {
    let name = stored.metadata.name.as_deref().unwrap_or_default();
    secret == stored.spec.target_name(name) && stored.spec.creation_policy() != CreationPolicy::None
}
