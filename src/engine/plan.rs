//! From an ExternalSecret to what has to be done: parsed once, used by admission and by every sync.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use latchkey_api::external_secret::{
    ConversionStrategy, CreationPolicy, DecodingStrategy, DeletionPolicy, ManifestRef, NullBytePolicy,
    RefreshPolicy, StoreKind, Template,
};
use latchkey_provider::EntryRef;
use regex::Regex;

use super::error::Error;
use super::rewrite::Rewriting;

mod generated;
mod parse;
mod types;

pub use generated::{Generated, GeneratorKey};
pub use parse::{pattern_faults, template_faults};

/// The name of a store, as seen from an ExternalSecret's namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StoreKey {
    /// SecretStore or ClusterSecretStore.
    pub kind: StoreKind,
    /// The namespace of a SecretStore; none for a ClusterSecretStore.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl fmt::Display for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            StoreKind::SecretStore => write!(f, "SecretStore {:?}", self.name),
            StoreKind::ClusterSecretStore => write!(f, "ClusterSecretStore {:?}", self.name),
        }
    }
}

/// Everything that a sync needs to know of an ExternalSecret, checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The store of `spec.secretStoreRef`, if it has one.
    pub store: Option<StoreKey>,
    /// Where values come from, in the order in which later ones overwrite earlier ones: `dataFrom`, then `data`.
    pub sources: Vec<Source>,
    /// What is made rather than read; it stands between the sources by the index of its `dataFrom` entry.
    pub generated: Vec<Generated>,
    /// Keys that a template may ask for, if the values are such, and that are never fetched.
    pub doubts: Vec<Error>,
    /// What is written.
    pub target: TargetPlan,
    /// When it is read again.
    pub refresh: RefreshPlan,
}

impl Plan {
    /// The field that names this store: what to correct if it is the wrong one.
    pub fn store_field(&self, store: &StoreKey) -> String {
        let own = self.sources.iter().find(|source| source.store == *store);
        match own {
            Some(source) if self.store.as_ref() != Some(store) => {
                format!("{}.sourceRef.storeRef", source.at.entry())
            }
            Some(_) | None => "spec.secretStoreRef".to_owned(),
        }
    }
}

/// One `data[]` or `dataFrom[]` entry.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it stands in the specification, such as `spec.data[0]`.
    pub at: SourcePath,
    /// The store it reads.
    pub store: StoreKey,
    /// The remote entry; of a `find` the list.
    pub entry: EntryRef,
    /// The property of the entry, if not the whole.
    pub property: Option<String>,
    /// What is taken of it.
    pub take: Take,
}

/// Where a source stands in the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourcePath {
    /// `spec.data[i]`
    Data(usize),
    /// `spec.dataFrom[i].extract`
    Extract(usize),
    /// `spec.dataFrom[i].find`
    Find(usize),
}

impl SourcePath {
    /// The entry of its list, such as `spec.dataFrom[0]`.
    pub fn entry(self) -> String {
        match self {
            Self::Data(index) => format!("spec.data[{index}]"),
            Self::Extract(index) | Self::Find(index) => format!("spec.dataFrom[{index}]"),
        }
    }

    /// Whether it is merged after this entry of `spec.dataFrom`.
    pub fn comes_after(self, index: usize) -> bool {
        match self {
            Self::Data(_) => true,
            Self::Extract(own) | Self::Find(own) => own > index,
        }
    }

    /// A field of its remote reference, short, such as `remoteRef.key`.
    pub fn field(self, name: &str) -> String {
        match self {
            Self::Data(_) => format!("remoteRef.{name}"),
            Self::Extract(_) => format!("extract.{name}"),
            Self::Find(_) => format!("find.{name}"),
        }
    }
}

impl fmt::Display for SourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(index) => write!(f, "spec.data[{index}]"),
            Self::Extract(index) => write!(f, "spec.dataFrom[{index}].extract"),
            Self::Find(index) => write!(f, "spec.dataFrom[{index}].find"),
        }
    }
}

/// What is taken of an entry.
#[derive(Debug, Clone)]
pub enum Take {
    /// One value under this key of the Secret.
    Value {
        /// The Secret's key.
        secret_key: String,
        /// How the value is decoded.
        decoding: DecodingStrategy,
        /// Whether null bytes are refused.
        null_bytes: NullBytePolicy,
    },
    /// All entries of a list whose names are like this, each under its name.
    Found {
        /// Which names; all without it.
        name: Option<Regex>,
        /// How names become valid keys.
        conversion: ConversionStrategy,
        /// Rewrites of the names, in order.
        rewrite: Vec<Rewriting>,
        /// How the values are decoded.
        decoding: DecodingStrategy,
        /// Whether null bytes are refused.
        null_bytes: NullBytePolicy,
    },
    /// All keys of the entry.
    Map {
        /// How names become valid keys (only without rewrites).
        conversion: ConversionStrategy,
        /// Rewrites of the names, in order.
        rewrite: Vec<Rewriting>,
        /// How the values are decoded.
        decoding: DecodingStrategy,
        /// Whether null bytes are refused.
        null_bytes: NullBytePolicy,
    },
}

/// What is written.
#[derive(Debug, Clone)]
pub struct TargetPlan {
    /// The Secret's name.
    pub name: String,
    /// Who owns what.
    pub creation: CreationPolicy,
    /// What happens when nothing is left at the provider.
    pub deletion: DeletionPolicy,
    /// Whether the Secret is made immutable.
    pub immutable: bool,
    /// Which kind of object is written, if it is no Secret.
    pub manifest: Option<ManifestRef>,
    /// The template, if there is one (even an empty one changes which metadata is copied).
    pub template: Option<Template>,
    /// What is wrong with it, where that matters only if the Secret is not there yet.
    pub fault: Option<Error>,
    /// The ExternalSecret's labels, copied where there is no template.
    pub labels: BTreeMap<String, String>,
    /// The ExternalSecret's annotations, copied where there is no template.
    pub annotations: BTreeMap<String, String>,
}

impl TargetPlan {
    /// Whether a Secret that is there stays as it is, whatever is read: what cannot be rendered is of no concern then.
    pub fn keeps_what_is_there(&self) -> bool {
        self.immutable && self.manifest.is_none()
    }
}

/// When it is read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshPlan {
    /// By which rule.
    pub policy: RefreshPolicy,
    /// How long a value is good; zero means for ever.
    pub interval: Duration,
}
