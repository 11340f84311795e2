//! What a provider may ask the cluster: the credentials that a store names.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::{Error, SecretBytes};

/// A ServiceAccount, as far as credentials need it.
#[derive(Debug, Clone, Default)]
pub struct ServiceAccount {
    /// Its annotations (`eks.amazonaws.com/role-arn` and the like).
    pub annotations: BTreeMap<String, String>,
}

/// Read access to credentials in the cluster. The service implements it over the Kubernetes API with a short memory; the
/// tests of this crate over a map.
///
/// Errors: a missing object is [`crate::ErrorKind::Credentials`], an API that does not answer
/// [`crate::ErrorKind::ClusterApi`].
#[async_trait]
pub trait Cluster: Send + Sync + fmt::Debug {
    /// The data of a Secret.
    async fn secret(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, SecretBytes>, Error>;

    /// The labels of a Secret.
    async fn secret_labels(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error>;

    /// The data of a ConfigMap.
    async fn config_map(&self, namespace: &str, name: &str) -> Result<BTreeMap<String, String>, Error>;

    /// A ServiceAccount's annotations.
    async fn service_account(&self, namespace: &str, name: &str) -> Result<ServiceAccount, Error>;

    /// A token of a ServiceAccount by TokenRequest; `expires` is what is asked for, the API server may give another life.
    async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        audiences: &[String],
        expires: Duration,
    ) -> Result<SecretBytes, Error>;

    /// Forgets what it remembers of credentials in this namespace, so that the next look-up reads them anew. Called
    /// when a store refuses them.
    fn forget(&self, namespace: &str);
}
