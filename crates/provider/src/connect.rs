//! From a store's specification to a connected provider.

use std::fmt;
use std::sync::Arc;

use latchkey_api::store::SecretStoreSpec;

use crate::observe::Observer;
use crate::{Cluster, Error, Provider, Scope};

/// A digest of everything that decides what a connection can read: the provider's configuration and the credentials'
/// content. Two connections of the same identity see the same values, so their cache entries may be shared.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Identity(pub [u8; 28]);

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(..)") // a digest of credentials is nobody's business
    }
}

/// A connected store.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The client.
    pub provider: Arc<dyn Provider>,
    /// Whose eyes it reads with.
    pub identity: Identity,
}

/// Makes connections and keeps them as long as their identity is in use: logins, HTTP pools and tokens are shared.
#[derive(Debug, Clone)]
pub struct Connector {
    cluster: Arc<dyn Cluster>,
    observer: Arc<dyn Observer>,
}

impl Connector {
    /// A connector that reads credentials from `cluster` and reports calls to `observer`.
    pub fn new(cluster: Arc<dyn Cluster>, observer: Arc<dyn Observer>) -> Self {
        Self { cluster, observer }
    }

    /// Resolves the store's credentials and gives the connection of that identity, an existing one if there is one.
    ///
    /// # Errors
    /// `Credentials`, `ClusterApi`, `InvalidConfig`, `Referent`, `Unsupported`; logins happen at the first call, so the
    /// store's own refusals come from the provider's methods.
    pub async fn connect(&self, spec: &SecretStoreSpec, scope: &Scope) -> Result<Connection, Error> {
        let _ = (&self.cluster, &self.observer, spec, scope);
        Err(Error::new(crate::ErrorKind::Unsupported, "no provider is compiled in"))
    }
}
