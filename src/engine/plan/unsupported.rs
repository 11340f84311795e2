//! What External Secrets Operator does and this version does not: refused, never ignored.

use latchkey_api::external_secret::{DataFromEntry, ExternalSecretSpec};

use crate::engine::error::Error;
use crate::engine::message;

/// Refuses what would otherwise be left out silently.
pub(super) fn refuse(spec: &ExternalSecretSpec) -> Result<(), Error> {
    if spec.target.as_ref().is_some_and(|target| target.manifest.is_some()) {
        return Err(message::unsupported("spec.target.manifest", "write a Secret"));
    }
    spec.data_from.iter().enumerate().try_for_each(|(index, entry)| refuse_set(index, entry))
}

fn refuse_set(index: usize, entry: &DataFromEntry) -> Result<(), Error> {
    let at = format!("spec.dataFrom[{index}]");
    if entry.source_ref.as_ref().is_some_and(|source| source.generator_ref.is_some()) {
        return Err(message::unsupported(&format!("{at}.sourceRef.generatorRef"), "read a store"));
    }
    Ok(())
}
