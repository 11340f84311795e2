//! What External Secrets Operator does and this version does not: refused, never ignored.

use latchkey_api::external_secret::ExternalSecretSpec;

use crate::engine::error::Error;
use crate::engine::message;

/// Refuses what would otherwise be left out silently.
pub(super) fn refuse(spec: &ExternalSecretSpec) -> Result<(), Error> {
    let whole = [
        (spec.sync_windows.is_some(), "spec.syncWindows", "remove it"),
        (
            spec.target.as_ref().is_some_and(|target| target.manifest.is_some()),
            "spec.target.manifest",
            "write a Secret",
        ),
    ];
    for (given, field, instead) in whole {
        if given {
            return Err(message::unsupported(field, instead));
        }
    }
    Ok(())
}
