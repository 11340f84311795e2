//! A store that holds the given values, and is otherwise like the one that a manifest defines.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use latchkey_api::provider::ProviderRef;
use latchkey_api::store::SecretStoreSpec;
use latchkey_provider::{
    Connection, Connector, Entry, EntryRef, Error, ErrorKind, Listing, Provider, Rules, Scope, SecretBytes,
    Validation,
};

use crate::engine::resolve::Connect;

/// Connects every store to the values.
#[derive(Debug)]
pub(super) struct Connects {
    /// Makes the store of the values.
    pub(super) connector: Connector,
    /// The values, as a fake store.
    pub(super) values: SecretStoreSpec,
}

#[async_trait]
impl Connect for Connects {
    async fn connect(&self, spec: &SecretStoreSpec, scope: &Scope) -> Result<Connection, Error> {
        let Connection { provider: values, identity } = self.connector.connect(&self.values, scope).await?;
        let converts = match spec.provider.kind() {
            Ok(ProviderRef::Fake(_) | ProviderRef::Kubernetes(_)) => true,
            Ok(ProviderRef::Aws(_) | ProviderRef::Vault(_) | ProviderRef::Unsupported(_)) | Err(_) => false,
        };
        Ok(Connection { provider: Arc::new(Given { values, converts, rules: Rules::of(spec) }), identity })
    }
}

#[derive(Debug)]
struct Given {
    values: Arc<dyn Provider>,
    /// Whether names that are found become keys before they are rewritten, at a store of this kind.
    converts: bool,
    /// How a store of this kind reads them.
    rules: Rules,
}

impl Given {
    /// A version has the value of `key@version` if that is given, else that of `key`.
    async fn read(&self, entry: &EntryRef) -> Result<Entry, Error> {
        if let Some(listing) = &entry.listing {
            return self.list(listing).await;
        }
        if entry.metadata {
            return Err(Error::new(ErrorKind::Unsupported, "the data has no metadata"));
        }
        let latest = EntryRef { version: String::new(), ..entry.clone() };
        let own = EntryRef { key: format!("{}@{}", entry.key, entry.version), ..latest.clone() };
        let mut read = self.values.fetch(&[own, latest]).await.into_iter();
        let versioned = read.next().filter(|_| !entry.version.is_empty());
        let absent = || Error::new(ErrorKind::NotFound, format!("secret {entry} is not in the data"));
        let entry = versioned.and_then(Result::ok).or_else(|| read.next()?.ok()).ok_or_else(absent)?;
        Ok(match entry {
            Entry::Value(text) => self.rules.entry(text),
            entry @ (Entry::Map(_) | Entry::List(_)) => entry, // the values are texts
        })
    }

    /// The keys below the path; a version of a key is no key.
    async fn list(&self, listing: &Listing) -> Result<Entry, Error> {
        if !listing.tags.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidRequest,
                "the data has no tags: it is searched by name and path",
            ));
        }
        let all = EntryRef::listing(Listing { path: None, tags: BTreeMap::new(), by_name: true });
        let mut listed = self.values.fetch(&[all]).await;
        let Some(Ok(Entry::List(mut found))) = listed.pop() else { return Ok(Entry::List(Vec::new())) };
        let keys: Vec<_> = found.iter().map(|found| found.key.clone()).collect();
        let is_version =
            |key: &str| key.rsplit_once('@').is_some_and(|(of, _)| keys.iter().any(|key| key == of));
        let path = listing.path.as_deref().unwrap_or_default();
        found.retain(|found| found.key.starts_with(path) && !is_version(&found.key));
        Ok(Entry::List(found))
    }
}

#[async_trait]
impl Provider for Given {
    fn name(&self) -> &'static str {
        "Given"
    }

    fn location(&self) -> String {
        "the given data".to_owned()
    }

    fn converts_found(&self) -> bool {
        self.converts
    }

    async fn fetch(&self, entries: &[EntryRef]) -> Vec<Result<Entry, Error>> {
        let mut answers = Vec::with_capacity(entries.len());
        for entry in entries {
            answers.push(self.read(entry).await);
        }
        answers
    }

    fn value(&self, of: &EntryRef, entry: &Entry, property: Option<&str>) -> Result<SecretBytes, Error> {
        self.rules.value(of, entry, property)
    }

    fn map(
        &self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, Error> {
        self.rules.map(of, entry, property)
    }

    async fn validate(&self) -> Result<Validation, Error> {
        Ok(Validation::Ready)
    }
}
