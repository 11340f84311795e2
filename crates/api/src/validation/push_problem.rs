//! What can be wrong with a PushSecret, as sentences that begin with the field.

use crate::duration::DurationError;

/// One thing that is wrong with a PushSecret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct InvalidPush {
    /// The path of the field.
    pub field: String,
    /// What is wrong with it, and what to do.
    pub problem: PushProblem,
}

/// What is wrong with a field, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PushProblem {
    /// The refresh interval is no duration.
    #[error("{text:?} is no duration: {source}; write it as \"30s\", \"15m\" or \"1h\"")]
    Interval {
        /// What it is.
        text: String,
        /// Why it is no duration.
        source: DurationError,
    },
    /// There is no store.
    #[error("is empty, so nothing would be pushed; name a store")]
    NoStores,
    /// A store that is not said.
    #[error("names no store: storeRef must specify either name or labelSelector; set one of them")]
    UnnamedStore,
    /// A store of `dataTo` that is none of `secretStoreRefs`.
    #[error(
        "names {kind} {name:?}, which is not found in secretStoreRefs; add it there, or correct the name"
    )]
    UnlistedStore {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// Nothing to push.
    #[error("selects nothing to push; set secret or generatorRef")]
    NoSource,
    /// Two things to push.
    #[error("selects both a secret and a generatorRef; keep one of them")]
    TwoSources,
    /// A Secret that is not said.
    #[error("selects no Secret; set name or selector")]
    NoSecret,
    /// A Secret by name and by labels.
    #[error("selects by both name and selector; keep one of them")]
    TwoSecrets,
    /// Nothing that goes anywhere.
    #[error("pushes nothing: either data or dataTo should be specified; add an entry")]
    NoData,
    /// A remote secret without a name.
    #[error("is empty; name the remote secret")]
    NoRemoteKey,
    /// Two entries with one place.
    #[error("is where {first} goes already, {}; give one of them another remoteKey or property", place(key, property.as_deref()))]
    SamePlace {
        /// The first of them.
        first: String,
        /// The remote secret.
        key: String,
        /// The property of it.
        property: Option<String>,
    },
    /// All keys as one object, under many names.
    #[error(
        "has both: remoteKey and rewrite are mutually exclusive: rewrite is only supported in per-key mode (without remoteKey); \
         remove one of them"
    )]
    RewrittenBundle,
    /// A rewrite that is none, or more than one.
    #[error(
        "is not one change of the names: exactly one of regexp or transform must be set; write each as an item"
    )]
    Rewrite,
    /// Metadata that are no object.
    #[error("is no object; write a PushSecretMetadata with apiVersion, kind and spec")]
    NoMetadata,
    /// Metadata of another kind.
    #[error("has to be {0:?}; write it so, and the provider's settings into spec")]
    MetadataIs(&'static str),
    /// Metadata whose `spec` is no object.
    #[error("is no object; write the provider's settings as its fields")]
    MetadataSpec,
    /// A field that the envelope does not have.
    #[error("is no field of a PushSecretMetadata; move it into spec, or remove it")]
    MetadataField,
}

fn place(key: &str, property: Option<&str>) -> String {
    match property {
        Some(property) => format!("property {property:?} of secret {key:?}"),
        None => format!("secret {key:?}"),
    }
}
