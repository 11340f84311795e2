//! What External Secrets Operator does and this version does not: refused, never ignored.

use latchkey_api::external_secret::ExternalSecretSpec;

use crate::engine::error::Error;
use crate::engine::message;

/// Refuses what would otherwise be left out silently.
pub(super) fn refuse(spec: &ExternalSecretSpec) -> Result<(), Error> {
    if spec.target.as_ref().is_some_and(|target| target.manifest.is_some()) {
        return Err(message::unsupported("spec.target.manifest", "write a Secret"));
    }
    Ok(())
}
