//! The API server of a store: where it is, whom to trust, as whom to show up in TLS.

use std::fmt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::Config;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::digest::Digest;
use crate::guard::Guard;
use crate::tls::ClientCertificate;
use crate::{Error, ErrorKind};

/// ESO's default: the cluster that this runs in.
const THIS_CLUSTER: &str = "kubernetes.default";
/// Where a Pod finds the CA of its cluster.
const POD_CA: &str = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long one request may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// An API server.
#[derive(Clone)]
pub struct Server {
    /// Its address.
    pub url: http::Uri,
    /// The authorities that it may be signed by, in PEM; none means the system's and this cluster's.
    pub ca: Option<Vec<u8>>,
    /// The client certificate.
    pub client: Option<ClientCertificate>,
    /// The host name that its certificate is for, if not the URL's.
    pub tls_server_name: Option<String>,
    /// Whether a kubeconfig has said not to check the certificate.
    pub insecure: bool,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Server {
    /// The server at `url`, with or without a scheme.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] for what is no URL, or one with credentials in it.
    pub fn new(
        url: Option<&str>,
        ca: Option<Vec<u8>>,
        client: Option<ClientCertificate>,
    ) -> Result<Self, Error> {
        let given = url.map(str::trim).filter(|url| !url.is_empty()).unwrap_or(THIS_CLUSTER);
        let whole = if given.contains("://") { given.to_owned() } else { format!("https://{given}") };
        let url: http::Uri = whole.trim_end_matches('/').parse().map_err(|_| no_url("not a URL"))?;
        if !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err(no_url("not an http or https URL"));
        }
        if url.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err(no_url("a URL with credentials in it or without a host"));
        }
        Ok(Self { url, ca, client, tls_server_name: None, insecure: false })
    }

    /// Whether the address may be called, as far as it tells by itself.
    ///
    /// # Errors
    /// [`ErrorKind::EndpointRefused`].
    pub fn check(&self, guard: &Guard) -> Result<(), Error> {
        let url = url::Url::parse(&self.url.to_string()).map_err(|_| no_url("not a URL"))?;
        guard.check_url(&url).map_err(|refused| refused.error(&format!("kubernetes at {}", self.shown())))
    }

    /// The address as it is shown.
    pub fn shown(&self) -> String {
        self.url.to_string().trim_end_matches('/').to_owned()
    }

    /// Takes this server into a digest.
    pub fn digest(&self, digest: Digest) -> Digest {
        let Self { url, ca, client, tls_server_name, insecure } = self;
        digest
            .part("url", url.to_string())
            .maybe("ca", ca.as_ref())
            .maybe("certificate", client.as_ref().map(|client| client.chain.expose()))
            .maybe("key", client.as_ref().map(|client| client.key.expose()))
            .maybe("name", tls_server_name.as_ref())
            .part("insecure", [u8::from(*insecure)])
    }

    /// The client's configuration, still without a token.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the CA holds no certificate.
    pub fn config(&self) -> Result<Config, Error> {
        let mut config = Config::new(self.url.clone());
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.read_timeout = Some(REQUEST_TIMEOUT);
        config.write_timeout = Some(REQUEST_TIMEOUT);
        config.reset_reader_on_write = true;
        config.default_retry = false; // retrying is the caller's business
        config.root_cert = Some(match &self.ca {
            Some(pem) => certificates(pem)?,
            None => DEFAULT_ROOTS.clone(),
        });
        config.accept_invalid_certs = self.insecure;
        config.tls_server_name.clone_from(&self.tls_server_name);
        if let Some(ClientCertificate { chain, key }) = &self.client {
            config.auth_info.client_certificate_data = Some(STANDARD.encode(chain.expose()));
            config.auth_info.client_key_data = Some(STANDARD.encode(key.expose()).into());
        }
        Ok(config)
    }
}

/// The URL of a server's address, with or without a scheme.
///
/// # Errors
/// Those of [`Server::new`].
pub fn url(url: Option<&str>) -> Result<url::Url, Error> {
    let server = Server::new(url, None, None)?;
    url::Url::parse(&server.url.to_string()).map_err(|_| no_url("not a URL"))
}

/// The system's authorities, and that of the cluster that this runs in, if it does. Read once.
static DEFAULT_ROOTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let system = rustls_native_certs::load_native_certs().certs;
    let pod = CertificateDer::pem_file_iter(Path::new(POD_CA)).into_iter().flatten().flatten();
    system.into_iter().chain(pod).filter(is_usable).map(|certificate| certificate.to_vec()).collect()
});

/// One certificate that rustls does not take would spoil the whole list.
fn is_usable(certificate: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(certificate.clone()).is_ok()
}

fn certificates(pem: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|found| !found.is_empty() && found.iter().all(is_usable))
        .ok_or_else(|| {
            Error::new(ErrorKind::InvalidConfig, "the kubernetes store's CA holds no usable certificate")
        })?;
    Ok(found.into_iter().map(|certificate| certificate.to_vec()).collect())
}

fn no_url(why: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, format!("the kubernetes store's server.url is {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_needs_no_scheme() {
        for (given, shown) in [
            (None, "https://kubernetes.default"),
            (Some(""), "https://kubernetes.default"),
            (Some("kubernetes.default"), "https://kubernetes.default"),
            (Some("10.0.0.1:6443"), "https://10.0.0.1:6443"),
            (Some("http://127.0.0.1:8001/"), "http://127.0.0.1:8001"),
            (Some("https://api.example.com/clusters/a"), "https://api.example.com/clusters/a"),
        ] {
            assert_eq!(Server::new(given, None, None).map(|server| server.shown()).as_deref(), Ok(shown));
        }
    }

    #[test]
    fn refuses_what_is_no_address() {
        for given in ["ftp://a", "https://user:pass@host", "https://", "a b"] {
            let error = Server::new(Some(given), None, None).expect_err(given);
            assert_eq!(error.kind, ErrorKind::InvalidConfig);
            assert!(!error.message.contains("pass"), "{error}");
        }
    }

    #[test]
    fn the_default_roots_do_not_fail() {
        assert!(Server::new(None, None, None).and_then(|server| server.config()).is_ok());
    }
}
