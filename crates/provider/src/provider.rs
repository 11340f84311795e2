//! The trait that every provider implements.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;

use crate::{Entry, EntryRef, Error, Listing, SecretBytes, Writer};

/// What asking a store about itself told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validation {
    /// The store answers and takes the credentials.
    Ready,
    /// It cannot be told without an ExternalSecret (credentials in the namespace of whoever refers to the store).
    Unknown,
    /// It was asked and could not tell; ESO shows the store as ready with the reason `ValidationUnknown`.
    Undetermined,
}

/// A connected store, as it is read. Implementations pass the conformance suite in `tests/conformance`.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// The provider's name in metrics, ESO's own: `AWS/SecretsManager`, `HashiCorp/Vault`, `Kubernetes`, `Fake`.
    fn name(&self) -> &'static str;

    /// Where the store is, for messages: a URL or a region. Never holds credentials.
    fn location(&self) -> String;

    /// How many entries one call of [`Provider::fetch`] may read at the price of one request.
    fn max_batch(&self) -> usize {
        1
    }

    /// The key as this store resolves it, for limits on keys: whatever spelling leads to an entry gives the same text.
    /// Makes no request.
    fn resolved_key(&self, entry: &EntryRef) -> String {
        entry.key.clone()
    }

    /// The resolved key of what is pushed where this entry is read; none if that cannot be told, so that it may be any. Makes
    /// no request.
    fn written_as(&self, entry: &EntryRef) -> Option<String> {
        entry.listing.is_none().then(|| self.resolved_key(entry))
    }

    /// Whether a `find` that asks for this chooses by name as well. ESO's providers differ in what they make of name and tags
    /// together.
    fn chooses_by_name(&self, _listing: &Listing) -> bool {
        true
    }

    /// Whether names that were found become keys of a Secret before they are rewritten, as with some of ESO's providers; else
    /// after it, and only where nothing is rewritten.
    fn converts_found(&self) -> bool {
        false
    }

    /// Reads the entries; the answer has the same length and order. A missing entry is [`crate::ErrorKind::NotFound`].
    /// Several entries are read in as few requests as the store has for it; one that fails does not fail the others. A
    /// [`Listing`](crate::Listing) gives [`Entry::List`], empty if nothing is like that.
    async fn fetch(&self, entries: &[EntryRef]) -> Vec<Result<Entry, Error>>;

    /// The value of one `data[]` reference: the whole entry without `property`, else what the property path names, by
    /// this provider's rules (COMPATIBILITY of ESO: order of literal and path lookup differs by provider).
    ///
    /// # Errors
    /// [`crate::ErrorKind::PropertyNotFound`], [`crate::ErrorKind::InvalidValue`].
    fn value(&self, of: &EntryRef, entry: &Entry, property: Option<&str>) -> Result<SecretBytes, Error>;

    /// The keys and values of one `dataFrom[].extract` reference, by this provider's flattening rules.
    ///
    /// # Errors
    /// [`crate::ErrorKind::PropertyNotFound`], [`crate::ErrorKind::InvalidValue`] where the entry holds no object.
    fn map(
        &self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, Error>;

    /// Asks the store whether the credentials are good, with the cheapest call there is.
    ///
    /// # Errors
    /// Any kind; the store's status shows it.
    async fn validate(&self) -> Result<Validation, Error>;

    /// The store as one that secrets are pushed to; none if it is only read.
    fn writer(&self) -> Option<&dyn Writer> {
        None
    }

    /// Whether [`Provider::validate`] asks the very service that secrets are read from, so that its success tells that the
    /// service answers.
    fn validates_where_it_reads(&self) -> bool {
        true
    }
}
