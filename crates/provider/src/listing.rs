//! What a `dataFrom[].find` asks a store for: the names of entries. Their values are read like those of any other.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Entry, Error, ErrorKind};

/// Which entries are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Listing {
    /// Where to look; what it looks like is up to the provider.
    pub path: Option<String>,
    /// What the entries are tagged or labelled with, all of it.
    pub tags: BTreeMap<String, String>,
    /// Whether only some of the names are wanted. Which, is no business of the provider's.
    pub by_name: bool,
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list of secrets")?;
        if let Some(path) = &self.path {
            write!(f, " below {path:?}")?;
        }
        if !self.tags.is_empty() {
            write!(f, " tagged {:?}", self.tags)?;
        }
        Ok(())
    }
}

/// How many entries a list may have before it is refused: what a Secret can hold is far less.
pub const MOST: usize = 10_000;

/// The list, unless it is too long.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`](crate::ErrorKind::InvalidRequest).
pub fn bounded(found: Vec<Found>) -> Result<Entry, Error> {
    if found.len() > MOST {
        let message = format!("more than {MOST} secrets are found there; name a narrower path, or tags");
        return Err(Error::new(ErrorKind::InvalidRequest, message));
    }
    Ok(Entry::List(found))
}

/// One that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name, by which it is chosen and which becomes the key in the Secret.
    pub name: String,
    /// What it is read by.
    pub key: String,
    /// In which version, empty if in the latest.
    pub version: String,
}
