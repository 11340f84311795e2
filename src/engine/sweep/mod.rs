//! What becomes of a Secret that was written during an admission whose ExternalSecret was not stored in the end (fact F2).

mod take_back;
#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
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
    /// [`SecretWriter::delete_pending`](super::apply::SecretWriter::delete_pending): admission made the Secret for an
    /// ExternalSecret that does not want it.
    Delete,
    /// [`SecretWriter::withdraw_pending`](super::apply::SecretWriter::withdraw_pending): admission merged keys into a
    /// Secret that others share.
    Withdraw,
    /// [`SecretWriter::unmark_pending`](super::apply::SecretWriter::unmark_pending): admission changed a Secret that
    /// nobody can restore; it is kept as it is.
    Unmark,
}

/// What has to be done about a managed Secret, given its metadata and what is stored under the name in its mark.
///
/// A mark that cannot be read is left alone: another version of latchkey may be able to.
pub fn decide(secret: &ObjectMeta, stored: Option<&ExternalSecret>, now: Timestamp) -> Sweep {
    let Some(mark) = Pending::of(secret) else { return Sweep::Keep };
    if mark.age(now) <= GRACE {
        return Sweep::Keep;
    }
    match stored {
        Some(stored) if stored.metadata.deletion_timestamp.is_some() => Sweep::Keep,
        Some(stored) if wants(stored, secret) => Sweep::Resync,
        Some(_) | None if mark.created => Sweep::Delete,
        Some(_) | None if mark.merged => Sweep::Withdraw,
        Some(_) | None => Sweep::Unmark,
    }
}

/// Whether the stored version writes this Secret at all; the refused one may have named another target.
fn wants(stored: &ExternalSecret, secret: &ObjectMeta) -> bool {
    let name = stored.metadata.name.as_deref().unwrap_or_default();
    secret.name.as_deref() == Some(stored.spec.target_name(name))
        && stored.spec.creation_policy() != CreationPolicy::None
}
