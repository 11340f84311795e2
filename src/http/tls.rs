//! The webhook's side of TLS: a certificate that can be swapped while connections are open.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, ServerConfig};
use rustls::sign::CertifiedKey;

/// A certificate and its key cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The certificate is not PEM.
    #[error("the certificate is not in PEM form")]
    Certificate(#[source] pem::Error),
    /// There is PEM, and no certificate in it.
    #[error("there is no certificate in the PEM")]
    NoCertificate,
    /// The key is not PEM. The cause is left out: it may quote the key.
    #[error("there is no private key in the PEM; PKCS#8, PKCS#1 and SEC1 can be read, encrypted keys cannot")]
    Key,
    /// The key is of another certificate, or of a kind that TLS does not use.
    #[error("the certificate and the key do not fit together")]
    Mismatch(#[source] rustls::Error),
}

/// Reads a certificate chain, leaf first, and its key: PKCS#8, PKCS#1 or SEC1.
///
/// # Errors
/// One of them is not what it should be, or they are not a pair.
pub fn certified_key(chain: &[u8], key: &[u8]) -> Result<CertifiedKey, PairError> {
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(chain).collect::<Result<_, _>>().map_err(PairError::Certificate)?;
    if chain.is_empty() {
        return Err(PairError::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| PairError::Key)?;
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(PairError::Mismatch)
}

/// The certificate that the next handshake gets.
#[derive(Debug, Default)]
pub struct Resolver(ArcSwapOption<CertifiedKey>);

impl Resolver {
    /// From now on handshakes get this one; open connections keep theirs.
    pub fn set(&self, pair: CertifiedKey) {
        self.0.store(Some(Arc::new(pair)));
    }

    /// Whether there is a certificate yet.
    pub fn is_set(&self) -> bool {
        self.0.load().is_some()
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load_full()
    }
}

/// TLS 1.2 and 1.3 with the resolver's certificate, HTTP/2 before HTTP/1.1.
///
/// # Panics
/// Never: aws-lc-rs has cipher suites for both versions.
pub fn server_config(resolver: Arc<Resolver>) -> ServerConfig {
    #[expect(
        clippy::expect_used,
        reason = "fails only if the provider had no cipher suite for TLS 1.2 and 1.3"
    )]
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs knows TLS 1.2 and 1.3");
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config
}

#[cfg(test)]
mod tests {
    use ::aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der};
    use ::aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

    use super::*;

    /// What stands before the PKCS#1 form in a PKCS#8 form of an RSA key of 2048 bits.
    const PKCS8_HEADER: usize = 26;

    fn self_signed(key: &KeyPair) -> Vec<u8> {
        let params = CertificateParams::new(["test".to_owned()]).expect("a name");
        params.self_signed(key).expect("a certificate").pem().into_bytes()
    }

    fn pem(label: &str, der: &[u8]) -> Vec<u8> {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)).into_bytes()
    }

    fn sec1(key: &KeyPair) -> Vec<u8> {
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.serialized_der()).expect("a key");
        let der: EcPrivateKeyRfc5915Der<'_> = key.private_key().as_der().expect("SEC1");
        pem("EC PRIVATE KEY", der.as_ref())
    }

    #[test]
    fn loads_ecdsa_keys_as_pkcs8_and_sec1() {
        let key = KeyPair::generate().expect("a key");
        certified_key(&self_signed(&key), key.serialize_pem().as_bytes()).expect("PKCS#8");
        certified_key(&self_signed(&key), &sec1(&key)).expect("SEC1");
        // openssl ecparam -genkey writes the curve before the key.
        let with_curve = [pem("EC PARAMETERS", b"\x06\x08*\x86H\xce=\x03\x01\x07"), sec1(&key)].concat();
        certified_key(&self_signed(&key), &with_curve).expect("SEC1 after its parameters");
    }

    #[test]
    fn loads_rsa_keys_as_pkcs8_and_pkcs1() {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
        certified_key(&self_signed(&key), key.serialize_pem().as_bytes()).expect("PKCS#8");
        let pkcs1 = pem("RSA PRIVATE KEY", &key.serialized_der()[PKCS8_HEADER..]);
        certified_key(&self_signed(&key), &pkcs1).expect("PKCS#1");
    }

    #[test]
    fn loads_a_chain_leaf_first() {
        let (leaf, other) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
        let chain = [self_signed(&leaf), self_signed(&other)].concat();
        let loaded = certified_key(&chain, leaf.serialize_pem().as_bytes()).expect("a pair");
        assert_eq!(loaded.cert.len(), 2);
    }

    #[test]
    fn rejects_what_is_no_pair() {
        let (key, other) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
        let (certificate, pem) = (self_signed(&key), other.serialize_pem());
        assert!(matches!(certified_key(&certificate, pem.as_bytes()), Err(PairError::Mismatch(_))));
        assert!(matches!(certified_key(b"", pem.as_bytes()), Err(PairError::NoCertificate)));
        assert!(matches!(certified_key(&certificate, b"-----BEGIN"), Err(PairError::Key)));
    }
}
