//! Objects that are not Secrets (`spec.target.manifest`): what they hold, and how they are written.
//!
//! An object of any kind cannot be given back after a refusal as a Secret can, and bears no mark of ours while it waits.
//! So admission only proves that it can be written, by a dry run; the refresher writes it once the ExternalSecret is stored.

mod check;
mod desired;
mod json;
mod kinds;
mod make;
mod orphans;
mod path;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use latchkey_api::external_secret::ManifestRef;
use serde_json::Value;

pub use check::{DISABLED, check, disabled};
pub use desired::object;
pub use kinds::{Kinds, Resource};
pub use make::{faults, make};
pub use path::Path;

/// What one ExternalSecret puts into an object that is no Secret. Its debug text holds no value.
#[derive(Clone)]
pub struct Manifest {
    /// Which kind of object.
    pub of: ManifestRef,
    /// What is put where, in this order.
    pub sets: Vec<Set>,
}

/// One value and its place.
#[derive(Clone)]
pub struct Set {
    /// The field that says so, for messages.
    pub at: String,
    /// Where it is put.
    pub path: Path,
    /// What.
    pub value: Value,
    /// Whether it joins what is there, rather than replacing it.
    pub merges: bool,
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} [redacted]", self.of.api_version, self.of.kind)
    }
}

/// Whether it is a ConfigMap, whose values stand in `data`; those of every other kind stand in `spec.data` without a template.
pub fn is_config_map(of: &ManifestRef) -> bool {
    of.api_version == "v1" && of.kind == "ConfigMap"
}
