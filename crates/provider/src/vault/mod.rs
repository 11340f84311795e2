//! HashiCorp Vault's key-value engines, version 1 and 2 (OpenBao speaks the same).
//!
//! [`resolve`] looks up what a store names and checks it, [`Resolved::connect`] makes the client; the login happens at
//! its first call. See ESO's rules in `path`, `value` and `auth`.

mod auth;
mod consistency;
mod failure;
pub(crate) mod http;
mod list;
mod login;
mod mount;
mod path;
pub(crate) mod request;
pub(crate) mod server;
mod session;
mod store;
mod there;
pub(crate) mod value;
mod wanted;
mod write;

use std::sync::Arc;

use ::http::header::{HeaderMap, HeaderName, HeaderValue};
use latchkey_api::provider::Vault;
use latchkey_api::provider::vault::{VaultClientTls, VaultKvVersion};
use url::Url;

use self::auth::Lookup;
use self::http::Http;
use self::session::{Credential, Keeper};
use self::store::Store;
use crate::connect::Identity;
use crate::digest::Digest;
use crate::guard::Guard;
use crate::observe::Observer;
use crate::tls::{ClientCertificate, Tls};
use crate::{Cluster, Error, ErrorKind, Provider, Scope, credentials};

/// A store's configuration, checked, with its credentials.
#[derive(Debug)]
pub struct Resolved {
    server: Url,
    tls: Tls,
    headers: HeaderMap,
    read_your_writes: bool,
    mount: Option<String>,
    version: VaultKvVersion,
    namespace: Option<HeaderValue>,
    login_namespace: Option<HeaderValue>,
    credential: Credential,
    observer: Arc<dyn Observer>,
    guard: Guard,
}

/// Looks up the credentials that the store names, and checks the rest.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`], [`ErrorKind::Credentials`], [`ErrorKind::Referent`], [`ErrorKind::ClusterApi`],
/// [`ErrorKind::EndpointRefused`], [`ErrorKind::Unsupported`].
pub async fn resolve(
    spec: &Vault,
    scope: &Scope,
    cluster: &Arc<dyn Cluster>,
    observer: &Arc<dyn Observer>,
    guard: &Guard,
) -> Result<Resolved, Error> {
    let Vault {
        server,
        auth,
        path,
        version: _,
        namespace,
        ca_bundle,
        ca_provider,
        tls,
        read_your_writes,
        forward_inconsistent,
        headers,
        check_and_set: _, // for pushed secrets
    } = spec;
    let server = server::url(server)?;
    guard
        .check_url(&server)
        .map_err(|refused| refused.error(&format!("vault at {}", server::shown(&server))))?;
    let lookup = Lookup { cluster, scope };
    let (credential, login_certificate) = auth::resolve(auth.as_ref(), lookup).await?;
    let bundle = ca_bundle.as_ref().map(|bundle| bundle.0.as_slice());
    let ca = credentials::ca(cluster.as_ref(), scope, bundle, ca_provider.as_ref()).await?;
    let client = match login_certificate {
        Some(certificate) => Some(certificate), // as in ESO, it stands for the one of `tls`
        None => client_certificate(tls.as_ref(), lookup).await?,
    };
    let (reads, forwards) = (read_your_writes.unwrap_or_default(), forward_inconsistent.unwrap_or_default());
    let login_namespace = auth.as_ref().and_then(|auth| auth.namespace.as_ref()).or(namespace.as_ref());
    Ok(Resolved {
        server,
        tls: Tls { ca, client },
        headers: request_headers(headers, reads && forwards)?,
        read_your_writes: reads || forwards,
        mount: path.clone().filter(|path| !path.is_empty()),
        version: spec.version(),
        namespace: namespace_header(namespace.as_deref())?,
        login_namespace: namespace_header(login_namespace.map(String::as_str))?,
        credential,
        observer: observer.clone(),
        guard: guard.clone(),
    })
}

impl Resolved {
    /// What decides which values the connection sees.
    pub fn identity(&self) -> Identity {
        let Self {
            server,
            tls: Tls { ca, client },
            headers,
            read_your_writes,
            mount,
            version,
            namespace,
            login_namespace,
            credential,
            observer: _,
            guard: _,
        } = self;
        let digest = Digest::new("vault")
            .part("server", server.as_str())
            .maybe("ca", ca.as_ref())
            .maybe("certificate", client.as_ref().map(|client| client.chain.expose()))
            .maybe("key", client.as_ref().map(|client| client.key.expose()))
            .part("read your writes", [u8::from(*read_your_writes)])
            .maybe("mount", mount.as_ref())
            .part("version", [u8::from(*version == VaultKvVersion::V2)])
            .maybe("namespace", namespace.as_ref())
            .maybe("login namespace", login_namespace.as_ref());
        let digest = headers.iter().fold(digest, |digest, (name, value)| digest.part(name.as_str(), value));
        auth::digest(credential, digest).identity()
    }

    /// A client. It makes no request yet.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for a CA that is none, [`ErrorKind::Credentials`] for a client certificate that
    /// cannot be used.
    pub fn connect(self) -> Result<Arc<dyn Provider>, Error> {
        let Self {
            server,
            tls,
            headers,
            read_your_writes,
            mount,
            version,
            namespace,
            login_namespace,
            credential,
            observer,
            guard,
        } = self;
        let http = Arc::new(Http::new(&tls, server, headers, read_your_writes, observer, guard)?);
        let keeper = Keeper::new(http.clone(), credential, login_namespace);
        Ok(Arc::new(Store::new(http, keeper, mount, version, namespace)))
    }
}

#[cfg(feature = "generators")]
impl Resolved {
    /// Somebody who asks Vault by a login whose token is left alone afterwards.
    ///
    /// # Errors
    /// Those of [`Resolved::connect`].
    pub fn asker(self) -> Result<Arc<Asker>, Error> {
        let Self { server, tls, headers, read_your_writes, namespace, login_namespace, credential, .. } =
            self;
        let http = Arc::new(Http::new(&tls, server, headers, read_your_writes, self.observer, self.guard)?);
        let keeper = Keeper::new(http.clone(), credential, login_namespace).lasting();
        Ok(Arc::new(Asker(Store::new(http, keeper, None, VaultKvVersion::V2, namespace))))
    }
}

/// Asks Vault whatever it is to be asked. The login is made at the first need.
#[cfg(feature = "generators")]
#[derive(Debug)]
pub struct Asker(Store);

#[cfg(feature = "generators")]
impl Asker {
    /// Asks it once.
    ///
    /// # Errors
    /// Those of the login and of the request.
    pub async fn ask(&self, reads: bool, request: &request::Request) -> Result<http::Answer, Error> {
        let action = if reads { store::Action::Read } else { store::Action::Write };
        self.0.call(action, request).await
    }

    /// Whether its token has most of its life before it.
    pub fn is_young(&self) -> bool {
        self.0.has_young_token()
    }
}

fn request_headers(
    headers: &std::collections::BTreeMap<String, String>,
    forward_inconsistent: bool,
) -> Result<HeaderMap, Error> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let invalid = |_| {
            let text = format!("the vault store's header {name:?} is not one that HTTP allows");
            Error::new(ErrorKind::InvalidConfig, text)
        };
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid(()))?;
        map.append(name, HeaderValue::from_str(value).map_err(|_| invalid(()))?);
    }
    if forward_inconsistent {
        map.insert("x-vault-inconsistent", HeaderValue::from_static("forward-active-node"));
    }
    Ok(map)
}

fn namespace_header(namespace: Option<&str>) -> Result<Option<HeaderValue>, Error> {
    let Some(namespace) = namespace.filter(|namespace| !namespace.is_empty()) else { return Ok(None) };
    HeaderValue::from_str(namespace).map(Some).map_err(|_| {
        let text = format!("the vault store's namespace {namespace:?} is not one that HTTP can carry");
        Error::new(ErrorKind::InvalidConfig, text)
    })
}

async fn client_certificate(
    tls: Option<&VaultClientTls>,
    lookup: Lookup<'_>,
) -> Result<Option<ClientCertificate>, Error> {
    let Some(VaultClientTls { cert_secret_ref, key_secret_ref }) = tls else { return Ok(None) };
    if cert_secret_ref.is_none() && key_secret_ref.is_none() {
        return Ok(None);
    }
    let chain = lookup.verbatim(cert_secret_ref.as_ref(), Some("tls.crt"), "tls.certSecretRef").await?;
    let key = lookup.verbatim(key_secret_ref.as_ref(), Some("tls.key"), "tls.keySecretRef").await?;
    Ok(Some(ClientCertificate { chain, key }))
}
