//! From a store's specification to a connected provider.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use latchkey_api::provider::ProviderRef;
use latchkey_api::store::SecretStoreSpec;

use crate::guard::Guard;
use crate::observe::Observer;
use crate::pool::Pool;
use crate::{Cluster, Error, ErrorKind, Provider, Scope};

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
    pub(crate) cluster: Arc<dyn Cluster>,
    pub(crate) observer: Arc<dyn Observer>,
    pool: Arc<Pool>,
    pub(crate) guard: Guard,
    #[cfg(feature = "aws")]
    pub(crate) aws: Arc<crate::aws::Shared>,
    #[cfg(feature = "generators")]
    pub(crate) clouds: Arc<crate::generate::Endpoints>,
    #[cfg(feature = "generators")]
    pub(crate) logins: Arc<crate::generate::Logins>,
}

impl Connector {
    /// A connector that reads credentials from `cluster` and reports calls to `observer`. It connects to no address that
    /// the default [`Guard`] refuses.
    pub fn new(cluster: Arc<dyn Cluster>, observer: Arc<dyn Observer>) -> Self {
        let guard = Guard::default();
        Self {
            cluster,
            observer,
            pool: Arc::default(),
            #[cfg(feature = "aws")]
            aws: Arc::new(crate::aws::Shared::new(crate::aws::Endpoints::from_env(), guard.clone())),
            #[cfg(feature = "generators")]
            clouds: Arc::new(crate::generate::Endpoints::from_env()),
            #[cfg(feature = "generators")]
            logins: Arc::default(),
            guard,
        }
    }

    /// The same with other rules of what may be connected to.
    #[must_use]
    pub fn with_guard(self, guard: Guard) -> Self {
        Self {
            #[cfg(feature = "aws")]
            aws: Arc::new(crate::aws::Shared::new(self.aws.endpoints.clone(), guard.clone())),
            guard,
            ..self
        }
    }

    /// The same with AWS at these endpoints, whatever the environment says.
    #[cfg(feature = "aws")]
    #[must_use]
    pub fn with_aws_endpoints(self, endpoints: crate::aws::Endpoints) -> Self {
        Self { aws: Arc::new(crate::aws::Shared::new(endpoints, self.guard.clone())), ..self }
    }

    /// The same with the other clouds' services at these endpoints, whatever the environment says.
    #[cfg(feature = "generators")]
    #[must_use]
    pub fn with_cloud_endpoints(self, endpoints: crate::generate::Endpoints) -> Self {
        Self { clouds: Arc::new(endpoints), ..self }
    }

    /// Resolves the store's credentials and gives the connection of that identity, an existing one if there is one.
    ///
    /// # Errors
    /// `Credentials`, `ClusterApi`, `InvalidConfig`, `EndpointRefused`, `Referent`, `Unsupported`; logins happen at the first call, so the
    /// store's own refusals come from the provider's methods.
    pub async fn connect(&self, spec: &SecretStoreSpec, scope: &Scope) -> Result<Connection, Error> {
        let block =
            spec.provider.kind().map_err(|count| Error::new(ErrorKind::InvalidConfig, count.to_string()))?;
        let (cluster, observer, guard) = (&self.cluster, &self.observer, &self.guard);
        match block {
            #[cfg(feature = "aws")]
            ProviderRef::Aws(aws) => {
                let retries = spec.retry_settings.as_ref();
                let resolved = crate::aws::resolve(aws, retries, scope, cluster, observer, &self.aws).await?;
                self.pooled(resolved.identity(), || resolved.connect())
            }
            #[cfg(feature = "vault")]
            ProviderRef::Vault(vault) => {
                let resolved = crate::vault::resolve(vault, scope, cluster, observer, guard).await?;
                self.pooled(resolved.identity(), || resolved.connect())
            }
            #[cfg(feature = "kubernetes")]
            ProviderRef::Kubernetes(kubernetes) => {
                let resolved =
                    crate::kubernetes::resolve(kubernetes, scope, cluster, observer, guard).await?;
                self.pooled(resolved.identity(), || resolved.connect())
            }
            #[cfg(feature = "fake")]
            ProviderRef::Fake(fake) => {
                let resolved = crate::fake::resolve(fake, scope, cluster, observer).await?;
                self.pooled(resolved.identity(), || resolved.connect())
            }
            other => Err(unsupported(other.key())),
        }
    }

    /// What the specification alone tells: it names an address that is not called.
    ///
    /// # Errors
    /// [`ErrorKind::EndpointRefused`]; the message begins with the field.
    pub fn check(&self, spec: &SecretStoreSpec) -> Result<(), Error> {
        let (field, url) = match spec.provider.kind() {
            #[cfg(feature = "vault")]
            Ok(ProviderRef::Vault(vault)) => {
                ("spec.provider.vault.server", crate::vault::server::url(&vault.server))
            }
            #[cfg(feature = "kubernetes")]
            Ok(ProviderRef::Kubernetes(block)) => {
                let url = block.server.as_ref().and_then(|server| server.url.as_deref());
                ("spec.provider.kubernetes.server.url", crate::kubernetes::server::url(url))
            }
            Ok(_) | Err(_) => return Ok(()),
        };
        match url {
            Ok(url) => self.guard.check_url(&url).map_err(|refused| refused.error(field)),
            Err(_) => Ok(()), // said of the store by itself
        }
    }

    /// Closes connections that have not been used for this long, or for ten minutes: what they hold of credentials is
    /// overwritten.
    pub fn tend(&self, unused: Option<Duration>) {
        self.pool.tend(unused);
        #[cfg(feature = "generators")]
        self.logins.tend();
    }

    fn pooled(
        &self,
        identity: Identity,
        connect: impl FnOnce() -> Result<Arc<dyn Provider>, Error>,
    ) -> Result<Connection, Error> {
        Ok(Connection { provider: self.pool.get(identity, connect)?, identity })
    }
}

/// How many entries one call reads at most, as far as the specification tells. A store may turn out not to permit it.
pub fn largest_batch(spec: &SecretStoreSpec) -> usize {
    match spec.provider.kind() {
        #[cfg(feature = "aws")]
        Ok(ProviderRef::Aws(aws)) => crate::aws::largest_batch(aws),
        Ok(_) | Err(_) => 1,
    }
}

/// Whether such stores can be pushed to.
pub fn is_writable(spec: &SecretStoreSpec) -> bool {
    match spec.provider.kind() {
        #[cfg(feature = "aws")]
        Ok(ProviderRef::Aws(_)) => true,
        #[cfg(feature = "vault")]
        Ok(ProviderRef::Vault(_)) => true,
        #[cfg(feature = "kubernetes")]
        Ok(ProviderRef::Kubernetes(_)) => true,
        Ok(_) | Err(_) => false,
    }
}

fn unsupported(key: &str) -> Error {
    Error::new(ErrorKind::Unsupported, format!("provider {key:?} is not supported by this version"))
}
