//! What a sync did.

use std::time::Duration;

use super::Error;

/// What became of the target Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Written {
    /// It was created.
    Created,
    /// It was changed.
    Updated,
    /// It was right already.
    Unchanged,
    /// It was deleted: nothing is left at the provider and `deletionPolicy: Delete`.
    Deleted,
    /// It was kept though the provider has nothing left, by `deletionPolicy: Retain`.
    Retained,
    /// `creationPolicy: Merge` and there is no Secret to merge into.
    TargetMissing,
    /// `creationPolicy: None`: nothing is ever written.
    NotWanted,
    /// The target is somebody's Secret that is not managed yet: it is taken over once the ExternalSecret is stored, as a
    /// refusal after admission could not give it back. Or its values are made by a service, which is not asked yet.
    Deferred,
    /// A later version of the ExternalSecret has been written while it was being admitted: this one leaves it alone.
    Overtaken,
}

impl Written {
    /// Whether the target now holds what this sync gave it.
    pub fn is_in_place(self) -> bool {
        match self {
            Self::Created | Self::Updated | Self::Unchanged => true,
            Self::Deleted
            | Self::Retained
            | Self::TargetMissing
            | Self::NotWanted
            | Self::Deferred
            | Self::Overtaken => false,
        }
    }
}

/// A managed Secret as it is known after a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretState {
    /// Its name, in the ExternalSecret's namespace.
    pub name: String,
    /// The annotation `reconcile.external-secrets.io/data-hash`: ESO's digest of its whole data.
    pub data_hash: String,
    /// Its resourceVersion; empty in a dry run.
    pub resource_version: String,
}

/// What a successful sync did.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What became of the target.
    pub written: Written,
    /// The target as it is now, if it is there.
    pub secret: Option<SecretState>,
    /// How many keys this ExternalSecret gives it.
    pub keys: usize,
    /// The age of the oldest remote value used, where the cache gave it; none if all was read for this sync.
    pub cached: Option<Duration>,
    /// Entries that the provider does not have, skipped by `deletionPolicy` Delete or Merge.
    pub missing: Vec<MissingEntry>,
    /// Other Secrets deleted because the target's name had changed.
    pub orphans_deleted: Vec<String>,
    /// What the author should know though all went well, for the prompt.
    pub notes: Vec<String>,
    /// What may fail with other values: keys that a template may ask for and that are never fetched.
    pub doubts: Vec<Error>,
}

impl Outcome {
    /// Nothing was done yet, for this reason; after it comes what else there is to say.
    pub fn put_off(notes: Vec<String>) -> Self {
        Self {
            written: Written::Deferred,
            secret: None,
            keys: 0,
            cached: None,
            missing: Vec::new(),
            orphans_deleted: Vec::new(),
            notes,
            doubts: Vec::new(),
        }
    }
}

/// One entry that the provider does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingEntry {
    /// The index within its list.
    pub index: usize,
    /// The remote key as written.
    pub key: String,
    /// Whether it is of `spec.data`; else of `spec.dataFrom`.
    pub in_data: bool,
}
