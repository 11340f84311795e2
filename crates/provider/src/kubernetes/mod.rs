//! Secrets of another namespace or another cluster.
//!
//! ESO's rules, but for two deliberate differences: a Secret that does not exist is [`ErrorKind::NotFound`] for `data[]`
//! too (ESO maps it for `extract` only, so its `deletionPolicy` does not work for `data[]`), and an address without a
//! scheme is https (ESO takes http unless a CA is given).

mod access;
mod failure;
mod joined;
mod kubeconfig;
pub(crate) mod server;
mod store;
pub(crate) mod value;
mod write;

use std::sync::Arc;
use std::time::Duration;

use latchkey_api::provider::kubernetes::{KubernetesAuth, KubernetesCertAuth, KubernetesTokenAuth};
use latchkey_api::provider::{Kubernetes, SecretKeySelector, ServiceAccountSelector};

use self::access::{Access, Bearer};
use self::server::Server;
use self::store::Store;
use crate::connect::Identity;
use crate::digest::Digest;
use crate::guard::Guard;
use crate::observe::Observer;
use crate::tls::ClientCertificate;
use crate::{Cluster, Error, ErrorKind, Provider, Scope, SecretBytes, credentials};

/// What ESO asks for.
const SERVICE_ACCOUNT_TOKEN: Duration = Duration::from_secs(3600);

/// A store's configuration, checked, with its credentials.
#[derive(Debug)]
pub struct Resolved {
    server: Server,
    bearer: Bearer,
    namespace: String,
    observer: Arc<dyn Observer>,
    guard: Guard,
}

/// Looks up the credentials that the store names, and checks the rest.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`], [`ErrorKind::EndpointRefused`], [`ErrorKind::Credentials`], [`ErrorKind::Referent`],
/// [`ErrorKind::ClusterApi`].
pub async fn resolve(
    spec: &Kubernetes,
    scope: &Scope,
    cluster: &Arc<dyn Cluster>,
    observer: &Arc<dyn Observer>,
    guard: &Guard,
) -> Result<Resolved, Error> {
    let Kubernetes { server, auth, auth_ref, remote_namespace: _ } = spec;
    let lookup = Lookup { cluster, scope };
    let (server, bearer) = if let Some(selector) = auth_ref {
        let text = lookup.verbatim(Some(selector), "authRef").await?;
        kubeconfig::read(&text)?
    } else {
        let (bearer, client) = authenticate(auth.as_ref(), lookup).await?;
        let server = server.clone().unwrap_or_default();
        let bundle = server.ca_bundle.as_ref().map(|bundle| bundle.0.as_slice());
        let ca = credentials::ca(cluster.as_ref(), scope, bundle, server.ca_provider.as_ref()).await?;
        (Server::new(server.url.as_deref(), ca, client)?, bearer)
    };
    server.check(guard)?;
    let namespace = spec.remote_namespace().to_owned();
    if !value::is_label(&namespace) {
        let text = format!("the kubernetes store's remoteNamespace {namespace:?} is no name of a namespace");
        return Err(Error::new(ErrorKind::InvalidConfig, text));
    }
    Ok(Resolved { server, bearer, namespace, observer: observer.clone(), guard: guard.clone() })
}

impl Resolved {
    /// What decides which values the connection sees.
    pub fn identity(&self) -> Identity {
        let Self { server, bearer, namespace, observer: _, guard: _ } = self;
        let digest = Digest::new("kubernetes").part("namespace", namespace);
        bearer.digest(server.digest(digest)).identity()
    }

    /// A client. It makes no request yet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a CA that is none, [`ErrorKind::Credentials`] for a client certificate or token
    /// that cannot be used.
    pub fn connect(self) -> Result<Arc<dyn Provider>, Error> {
        let Self { server, bearer, namespace, observer, guard } = self;
        Ok(Arc::new(Store::new(Access::new(server, bearer, guard)?, namespace, observer)))
    }
}

#[derive(Debug, Clone, Copy)]
struct Lookup<'a> {
    cluster: &'a Arc<dyn Cluster>,
    scope: &'a Scope,
}

impl Lookup<'_> {
    async fn verbatim(self, selector: Option<&SecretKeySelector>, field: &str) -> Result<SecretBytes, Error> {
        let selector = selector.ok_or_else(|| lacks(field))?;
        credentials::secret_key(self.cluster.as_ref(), self.scope, selector, None).await
    }
}

async fn authenticate(
    auth: Option<&KubernetesAuth>,
    lookup: Lookup<'_>,
) -> Result<(Bearer, Option<ClientCertificate>), Error> {
    let Some(KubernetesAuth { cert, token, service_account }) = auth else {
        return Ok((Bearer::Nothing, None));
    };
    if let Some(KubernetesTokenAuth { bearer_token }) = token {
        let selector = bearer_token.as_ref().ok_or_else(|| lacks("auth.token.bearerToken"))?;
        let token = credentials::token(lookup.cluster.as_ref(), lookup.scope, selector, None).await?;
        return Ok((Bearer::Fixed(token), None));
    }
    if let Some(account) = service_account {
        return Ok((requested(account, lookup)?, None));
    }
    let Some(KubernetesCertAuth { client_cert, client_key }) = cert else {
        return Err(lacks("an auth method: token, serviceAccount or cert"));
    };
    let chain = lookup.verbatim(client_cert.as_ref(), "auth.cert.clientCert").await?;
    let key = lookup.verbatim(client_key.as_ref(), "auth.cert.clientKey").await?;
    Ok((Bearer::Nothing, Some(ClientCertificate { chain, key })))
}

fn requested(account: &ServiceAccountSelector, lookup: Lookup<'_>) -> Result<Bearer, Error> {
    let ServiceAccountSelector { name, namespace, audiences } = account;
    Ok(Bearer::ServiceAccount {
        cluster: lookup.cluster.clone(),
        namespace: lookup.scope.credentials_namespace(namespace.as_deref())?.to_owned(),
        name: name.clone(),
        audiences: audiences.clone(),
        expires: SERVICE_ACCOUNT_TOKEN,
    })
}

fn lacks(field: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, format!("the kubernetes store lacks {field}"))
}
