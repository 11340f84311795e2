//! From the selected values to everything that this ExternalSecret gives its Secret.

use std::collections::BTreeMap;

use latchkey_api::external_secret::{CreationPolicy, DeletionPolicy};
use latchkey_provider::SecretBytes;

use super::outcome::MissingEntry;

/// What one ExternalSecret gives its Secret, final: templates are done. Only what the Secret holds already is not known
/// here; under `Merge` and `CreateOrMerge` its other keys stay beside these.
#[derive(Debug, Clone)]
pub struct Rendered {
    /// The namespace of both.
    pub namespace: String,
    /// The ExternalSecret's name.
    pub external_secret: String,
    /// The Secret's name.
    pub name: String,
    /// Who owns what.
    pub creation: CreationPolicy,
    /// What happens when nothing is left at the provider.
    pub deletion: DeletionPolicy,
    /// Whether the Secret is made immutable.
    pub immutable: bool,
    /// The Secret's type, if the template names one; else that of the Secret stays.
    pub type_: Option<String>,
    /// The labels to set, without the bookkeeping ones.
    pub labels: BTreeMap<String, String>,
    /// The annotations to set, without the bookkeeping ones.
    pub annotations: BTreeMap<String, String>,
    /// The finalizers to add.
    pub finalizers: Vec<String>,
    /// The keys and values that are this ExternalSecret's: over whatever the Secret holds under them.
    pub data: BTreeMap<String, SecretBytes>,
    /// Whether the provider gave nothing at all, which `deletion` speaks of (a template may give keys all the same).
    pub provider_empty: bool,
    /// Entries that the provider does not have, skipped by `deletionPolicy` Delete or Merge.
    pub missing: Vec<MissingEntry>,
}
