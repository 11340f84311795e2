//! Values written into the store itself, for trying things out.
//!
//! Unlike ESO's, this one keeps nothing beside the store: no values shared by stores of the same name. So nothing can be
//! pushed to it, and it has no [`crate::Writer`].

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_api::provider::Fake as Block;
use latchkey_api::provider::fake::FakeData;

use crate::connect::Identity;
use crate::digest::Digest;
use crate::observe::Observer;
use crate::property::{self, Document};
use crate::{
    Cluster, Entry, EntryRef, Error, ErrorKind, Found, Listing, Provider, Scope, SecretBytes, Validation,
};

/// A missing property is a missing secret here, in ESO too; deletionPolicy can be tried out by it.
pub(crate) const DOCUMENT: Document = Document { lookup: property::lookup, missing: ErrorKind::NotFound };

/// A store that needs no credentials, on its way to its [`Provider`].
#[derive(Debug)]
pub struct Resolved {
    identity: Identity,
    fake: Fake,
}

/// Reads the store's block; asks nobody.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] for a `validationResult` that is not 0, 1 or 2.
#[expect(clippy::unused_async, reason = "the shape that every provider has")]
pub async fn resolve(
    block: &Block,
    _scope: &Scope,
    _cluster: &Arc<dyn Cluster>,
    _observer: &Arc<dyn Observer>,
) -> Result<Resolved, Error> {
    let Block { data, validation_result } = block;
    let identity = digest(block).identity();
    let fake = Fake { values: values(data), validation: Outcome::of(validation_result.unwrap_or_default())? };
    Ok(Resolved { identity, fake })
}

/// The last of two lines for the same key counts, so their order is part of it.
fn digest(Block { data, validation_result }: &Block) -> Digest {
    let digest = Digest::new("fake").part("validation", validation_result.unwrap_or_default().to_be_bytes());
    data.iter().fold(digest, |digest, FakeData { key, value, version }| {
        digest.part("key", key).maybe("version", version.as_ref()).part("value", value)
    })
}

impl Resolved {
    /// Two fake stores with the same content are the same.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// The provider.
    ///
    /// # Errors
    /// None.
    pub fn connect(self) -> Result<Arc<dyn Provider>, Error> {
        Ok(Arc::new(self.fake))
    }
}

#[derive(Debug)]
struct Fake {
    values: BTreeMap<(String, String), SecretBytes>,
    validation: Outcome,
}

/// By key and version. Of two lines with the same, the last counts.
fn values(data: &[FakeData]) -> BTreeMap<(String, String), SecretBytes> {
    let entry = |FakeData { key, value, version }: &FakeData| {
        ((key.clone(), version.clone().unwrap_or_default()), SecretBytes::from(value.as_str()))
    };
    data.iter().map(entry).collect()
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Ready,
    Unknown,
    Failed,
}

impl Outcome {
    fn of(number: i32) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Ready),
            1 => Ok(Self::Unknown),
            2 => Ok(Self::Failed),
            other => Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("validationResult is 0, 1 or 2, not {other}"),
            )),
        }
    }
}

impl Fake {
    fn read(&self, entry: &EntryRef) -> Result<Entry, Error> {
        let EntryRef { key, version, metadata, listing } = entry;
        if let Some(listing) = listing {
            return self.list(listing);
        }
        if *metadata {
            return Err(Error::new(ErrorKind::Unsupported, "a fake store holds no metadata"));
        }
        let value = self.values.get(&(key.clone(), version.clone()));
        let missing =
            || Error::new(ErrorKind::NotFound, format!("secret {entry} does not exist in the fake store"));
        value.map(|value| Entry::Value(value.clone())).ok_or_else(missing)
    }
}

impl Fake {
    /// The newest version of each key, as far as the order of texts tells.
    fn list(&self, listing: &Listing) -> Result<Entry, Error> {
        if !listing.by_name {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "a fake store is searched by name alone: give find.name",
            ));
        }
        let newest: BTreeMap<&String, &String> =
            self.values.keys().map(|(key, version)| (key, version)).collect();
        let found = newest.into_iter().map(|(key, version)| Found {
            name: key.clone(),
            key: key.clone(),
            version: version.clone(),
        });
        Ok(Entry::List(found.collect()))
    }
}

#[async_trait]
impl Provider for Fake {
    fn name(&self) -> &'static str {
        "Fake"
    }

    fn location(&self) -> String {
        "the fake store".to_owned()
    }

    fn converts_found(&self) -> bool {
        true
    }

    async fn fetch(&self, entries: &[EntryRef]) -> Vec<Result<Entry, Error>> {
        entries.iter().map(|entry| self.read(entry)).collect()
    }

    fn value(&self, of: &EntryRef, entry: &Entry, property: Option<&str>) -> Result<SecretBytes, Error> {
        DOCUMENT.value(of, entry, property)
    }

    fn map(
        &self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, Error> {
        DOCUMENT.map(of, entry, property)
    }

    async fn validate(&self) -> Result<Validation, Error> {
        match self.validation {
            Outcome::Ready => Ok(Validation::Ready),
            Outcome::Unknown => Ok(Validation::Undetermined),
            Outcome::Failed => Err(Error::new(ErrorKind::Unavailable, "unable to validate")),
        }
    }
}
