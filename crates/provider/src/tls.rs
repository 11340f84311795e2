//! One way to make a TLS client: rustls on aws-lc-rs, with roots that a store names or the system's.
//!
//! Every HTTP client of this crate is made here. The platform verifier that reqwest would use by itself fails in an
//! image without CA certificates, even for `http://` URLs.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::{Error, ErrorKind, SecretBytes};

/// Whom a client trusts and as whom it shows itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// The CA certificates of the store's `caBundle` or `caProvider`, in PEM. As in ESO they replace the system's: a
    /// store that names a CA is not to be impersonated by a public one.
    pub ca: Option<Vec<u8>>,
    /// A client certificate with its chain and its key, both in PEM.
    pub client: Option<ClientCertificate>,
}

/// A certificate chain and its key, in PEM; the key as PKCS#1, PKCS#8 or SEC1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// The chain, leaf first.
    pub chain: SecretBytes,
    /// The key.
    pub key: SecretBytes,
}

impl Tls {
    /// The rustls configuration.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidConfig`] if the CA is no certificate, [`ErrorKind::Credentials`] if the client certificate
    /// or its key cannot be used.
    pub fn client_config(&self) -> Result<ClientConfig, Error> {
        let roots = match &self.ca {
            Some(pem) => Arc::new(roots_of(pem)?),
            None => SYSTEM_ROOTS.clone(),
        };
        let builder = ClientConfig::builder_with_provider(CRYPTO.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::new(ErrorKind::InvalidConfig, format!("no TLS version to use: {error}")))?
            .with_root_certificates(roots);
        let mut config = match &self.client {
            Some(client) => builder
                .with_client_auth_cert(client.certificates()?, client.private_key()?)
                .map_err(|_| unusable("the client certificate and its key do not fit together"))?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// A reqwest client with this TLS, to be given timeouts and headers. Follows no redirect: a store's credentials are
    /// for the host that the store names.
    ///
    /// # Errors
    /// Those of [`Tls::client_config`].
    #[cfg(feature = "vault")]
    pub fn http_client(&self) -> Result<reqwest::ClientBuilder, Error> {
        let redirects = reqwest::redirect::Policy::none();
        Ok(reqwest::Client::builder().tls_backend_preconfigured(self.client_config()?).redirect(redirects))
    }
}

impl ClientCertificate {
    fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, Error> {
        let chain = certificates(self.chain.expose())
            .filter(|chain| !chain.is_empty())
            .ok_or_else(|| unusable("the client certificate is not a certificate in PEM form"))?;
        Ok(chain)
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, Error> {
        PrivateKeyDer::from_pem_slice(self.key.expose())
            .map_err(|_| unusable("the client certificate's key is not a private key in PEM form"))
    }
}

/// The bytes of a `caBundle` or of a `caProvider`'s key as PEM: what is not PEM is decoded from base64 once more.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] if there is no certificate in it either way.
pub fn ca_pem(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    if certificates(bytes).is_some_and(|found| !found.is_empty()) {
        return Ok(bytes.to_vec());
    }
    let compact: Vec<u8> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD
        .decode(compact)
        .ok()
        .filter(|pem| certificates(pem).is_some_and(|found| !found.is_empty()))
        .ok_or_else(|| Error::new(ErrorKind::InvalidConfig, "the CA bundle holds no certificate in PEM form"))
}

/// Whether the system has CA certificates at all; an image made from nothing has none.
pub fn system_has_roots() -> bool {
    !SYSTEM_ROOTS.is_empty()
}

static CRYPTO: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));

/// Read once: the files are part of the image.
static SYSTEM_ROOTS: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (usable, ignored) = roots.add_parsable_certificates(found.certs);
    tracing::debug!(usable, ignored, errors = found.errors.len(), "loaded the system's CA certificates");
    Arc::new(roots)
});

fn roots_of(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem).unwrap_or_default() {
        roots.add(certificate).map_err(|_| {
            Error::new(ErrorKind::InvalidConfig, "the CA bundle holds a certificate that cannot be read")
        })?;
    }
    if roots.is_empty() {
        return Err(Error::new(ErrorKind::InvalidConfig, "the CA bundle holds no certificate in PEM form"));
    }
    Ok(roots)
}

fn certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()
}

fn unusable(message: &str) -> Error {
    Error::new(ErrorKind::Credentials, message)
}

#[cfg(test)]
mod tests;
