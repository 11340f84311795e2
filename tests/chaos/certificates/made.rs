//! Certificates of any age and form.

use aws_lc_rs::encoding::{AsDer as _, EcPrivateKeyRfc5915Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use latchkey_testbed::Pair;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256,
};

/// What stands before the PKCS#1 form in a PKCS#8 form of an RSA key of 2048 bits.
const PKCS8_HEADER: usize = 26;

/// A CA whose key is at hand.
pub struct Ca {
    pub certificate: String,
    pub key: String,
}

impl Ca {
    /// A CA that is made now.
    pub fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key").serialize_pem();
        Self { certificate: authority(name, &key, hours(-1), hours(24 * 365)), key }
    }

    fn issuer(&self) -> Issuer<'_, KeyPair> {
        let key = KeyPair::from_pem(&self.key).expect("a key");
        Issuer::from_ca_cert_pem(&self.certificate, key).expect("a CA")
    }

    /// A certificate of this CA for 127.0.0.1 that is good from and until so many hours from now.
    pub fn leaf(&self, from: i64, until: i64) -> Pair {
        self.leaf_of(&KeyPair::generate().expect("a key"), from, until)
    }

    fn leaf_of(&self, key: &KeyPair, from: i64, until: i64) -> Pair {
        let mut params = params("leaf", hours(from), hours(until));
        params.subject_alt_names = vec![rcgen::SanType::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]))];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(key, &self.issuer()).expect("a certificate").pem();
        Pair { certificate, key: key.serialize_pem() }
    }

    /// Its key as `openssl ecparam -genkey` writes it.
    pub fn sec1(&self) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let pair = self.leaf_of(&key, -1, 24);
        let own =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.serialized_der()).expect("a key");
        let der: EcPrivateKeyRfc5915Der<'_> = own.private_key().as_der().expect("SEC1");
        let curve = pem("EC PARAMETERS", b"\x06\x08*\x86H\xce=\x03\x01\x07");
        Pair { key: curve + &pem("EC PRIVATE KEY", der.as_ref()), ..pair }
    }

    /// An RSA key as `openssl genrsa -traditional` writes it.
    pub fn pkcs1(&self) -> Pair {
        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).expect("a key");
        let der = &key.serialized_der()[PKCS8_HEADER..];
        Pair { key: pem("RSA PRIVATE KEY", der), ..self.leaf_of(&key, -1, 24) }
    }

    /// A certificate of an intermediate of this CA, with the intermediate after it.
    pub fn chain(&self) -> Pair {
        let key = KeyPair::generate().expect("a key");
        let params = ca_params("intermediate", hours(-1), hours(24), BasicConstraints::Constrained(0));
        let certificate = params.signed_by(&key, &self.issuer()).expect("a certificate").pem();
        let intermediate = Self { certificate, key: key.serialize_pem() };
        let leaf = intermediate.leaf(-1, 24);
        Pair { certificate: leaf.certificate + &intermediate.certificate, key: leaf.key }
    }
}

/// A CA's certificate of this key. Two of one name and key sign the same: so a CA grows older from one moment to the next.
pub fn authority(name: &str, key: &str, from: Timestamp, until: Timestamp) -> String {
    let key = KeyPair::from_pem(key).expect("a key");
    ca_params(name, from, until, BasicConstraints::Constrained(1))
        .self_signed(&key)
        .expect("a certificate")
        .pem()
}

fn ca_params(
    name: &str,
    from: Timestamp,
    until: Timestamp,
    constraints: BasicConstraints,
) -> CertificateParams {
    let mut params = params(name, from, until);
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(name: &str, from: Timestamp, until: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = std::time::SystemTime::from(from).into();
    params.not_after = std::time::SystemTime::from(until).into();
    params
}

/// So many hours from now.
pub fn hours(hours: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(hours)
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}
