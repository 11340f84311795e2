//! On whose behalf a store is connected: it decides which namespace a credential is read from.

use latchkey_api::external_secret::StoreKind;

use crate::{Error, ErrorKind};

/// Which store, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// SecretStore or ClusterSecretStore.
    pub kind: StoreKind,
    /// The store's name.
    pub store: String,
    /// The namespace of a SecretStore; none of a generator.
    pub store_namespace: Option<String>,
    /// The namespace of the ExternalSecret; none while the store itself is validated.
    pub namespace: Option<String>,
}

impl Scope {
    /// That of a generator: whatever its selectors say, their namespace is that of whoever names it.
    pub fn of_generator(namespace: &str) -> Self {
        Self {
            kind: StoreKind::SecretStore,
            store: String::new(),
            store_namespace: None,
            namespace: Some(namespace.to_owned()),
        }
    }

    /// The namespace that a credential selector means: a SecretStore's own; for a ClusterSecretStore the selector's, else
    /// that of the ExternalSecret ("referent"); for a generator always that of the ExternalSecret.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if a SecretStore's selector names another namespace, [`ErrorKind::Referent`] if the
    /// namespace would be the ExternalSecret's and there is none.
    pub fn credentials_namespace<'a>(&'a self, selector: Option<&'a str>) -> Result<&'a str, Error> {
        match (self.kind, self.store_namespace.as_deref(), selector) {
            (StoreKind::SecretStore, Some(own), Some(named)) if named != own => Err(Error::new(
                ErrorKind::InvalidConfig,
                format!("credentials are read from the own namespace {own:?} only, and {named:?} is named"),
            )),
            (StoreKind::SecretStore, Some(own), _) => Ok(own),
            (StoreKind::ClusterSecretStore, _, Some(named)) => Ok(named),
            (StoreKind::ClusterSecretStore, _, None) | (StoreKind::SecretStore, None, _) => {
                self.namespace.as_deref().ok_or_else(|| {
                    Error::new(
                        ErrorKind::Referent,
                        "the credentials' namespace is that of the ExternalSecret",
                    )
                })
            }
        }
    }
}
