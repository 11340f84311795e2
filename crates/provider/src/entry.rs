//! What is fetched and cached: remote entries.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::SecretBytes;
use crate::listing::{Found, Listing};

/// One remote entry, as an ExternalSecret's `remoteRef` names it. Entries are the unit of fetching, caching and batching;
/// a property is looked up in the fetched [`Entry`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryRef {
    /// The key as written in the ExternalSecret (the store's `prefix` or mount is the provider's business).
    pub key: String,
    /// The version as written, empty if none.
    pub version: String,
    /// Whether the entry's metadata (tags, labels) is asked for instead of its value.
    pub metadata: bool,
    /// The list that is asked for instead of one entry; the key is then no more than its description.
    pub listing: Option<Arc<Listing>>,
}

impl EntryRef {
    /// The latest version of the entry with this key.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), version: String::new(), metadata: false, listing: None }
    }

    /// The list of all entries that are like this.
    pub fn listing(listing: Listing) -> Self {
        Self { listing: Some(Arc::new(listing.clone())), ..Self::new(listing.to_string()) }
    }
}

impl fmt::Display for EntryRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(listing) = &self.listing {
            return listing.fmt(f);
        }
        write!(f, "{:?}", self.key)?;
        if !self.version.is_empty() {
            write!(f, " version {:?}", self.version)?;
        }
        if self.metadata {
            f.write_str(" (metadata)")?;
        }
        Ok(())
    }
}

/// What the store holds under an [`EntryRef`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// One value, as the store gave it.
    Value(SecretBytes),
    /// Several keys with a value each (a Kubernetes Secret).
    Map(BTreeMap<String, SecretBytes>),
    /// The entries of a list.
    List(Vec<Found>),
}

impl Entry {
    /// Bytes that this entry keeps in memory, for the cache's bound.
    pub fn weight(&self) -> usize {
        match self {
            Self::Value(value) => value.len(),
            Self::Map(map) => map.iter().map(|(key, value)| key.len() + value.len()).sum(),
            Self::List(list) => {
                list.iter().map(|one| one.name.len() + one.key.len() + size_of::<Found>()).sum()
            }
        }
    }
}
