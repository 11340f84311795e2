use ::aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der};
use ::aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm};

use super::*;

struct Pair {
    certificate: String,
    key: KeyPair,
}

fn pair(algorithm: &'static SignatureAlgorithm) -> Pair {
    let key = KeyPair::generate_for(algorithm).unwrap();
    let params = CertificateParams::new(vec!["client.test".to_owned()]).unwrap();
    Pair { certificate: params.self_signed(&key).unwrap().pem(), key }
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn with_client(chain: &str, key: &str) -> Tls {
    Tls { ca: None, client: Some(ClientCertificate { chain: chain.into(), key: key.into() }) }
}

#[test]
fn a_ca_may_be_pem_or_base64_of_it() {
    let ca = pair(&PKCS_ECDSA_P256_SHA256).certificate;
    let wrapped = STANDARD.encode(&ca);
    let lines =
        wrapped.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n").collect::<String>();
    let text_before = format!("# the company's CA\n{ca}");
    for form in [ca.clone(), wrapped, lines, text_before] {
        let found = ca_pem(form.as_bytes()).unwrap();
        assert!(Tls { ca: Some(found), client: None }.client_config().is_ok(), "{form}");
    }
}

#[test]
fn what_holds_no_certificate_is_no_ca() {
    let pair = pair(&PKCS_ECDSA_P256_SHA256);
    let broken = pem("CERTIFICATE", b"not a certificate");
    for form in ["", "c4n4ry", "YzRuNHJ5", &pair.key.serialize_pem(), &broken] {
        let error = ca_pem(form.as_bytes()).and_then(|ca| Tls { ca: Some(ca), client: None }.client_config());
        let error = error.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidConfig, "{form}");
        assert!(!error.message.contains("c4n4ry"));
    }
}

#[test]
fn a_named_ca_replaces_the_systems() {
    let roots = roots_of(pair(&PKCS_ECDSA_P256_SHA256).certificate.as_bytes()).unwrap();
    assert_eq!(roots.len(), 1);
}

#[test]
fn a_system_without_certificates_is_no_error() {
    assert!(Tls::default().client_config().is_ok());
}

#[test]
fn a_key_may_have_any_of_the_three_forms() {
    let ec = pair(&PKCS_ECDSA_P256_SHA256);
    let pkcs8 = ec.key.serialize_der();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8).unwrap();
    let sec1 = AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&key.private_key()).unwrap();
    for key in [pem("PRIVATE KEY", &pkcs8), pem("EC PRIVATE KEY", sec1.as_ref())] {
        with_client(&ec.certificate, &key).client_config().unwrap();
    }
    let rsa = pair(&PKCS_RSA_SHA256);
    let pkcs8 = rsa.key.serialize_der();
    let pkcs1 = &pkcs8[26..]; // what a 2048-bit key's PKCS#8 wraps after version, algorithm and the string's length
    for key in [pem("PRIVATE KEY", &pkcs8), pem("RSA PRIVATE KEY", pkcs1)] {
        with_client(&rsa.certificate, &key).client_config().unwrap();
    }
}

#[test]
fn a_client_certificate_that_cannot_be_used_is_told_apart_without_its_key() {
    let (one, other) = (pair(&PKCS_ECDSA_P256_SHA256), pair(&PKCS_ECDSA_P256_SHA256));
    for (chain, key, want) in [
        (one.certificate.as_str(), other.key.serialize_pem(), "do not fit together"),
        (one.certificate.as_str(), "c4n4ry".to_owned(), "not a private key"),
        ("c4n4ry", one.key.serialize_pem(), "not a certificate"),
    ] {
        let error = with_client(chain, &key).client_config().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Credentials);
        assert!(error.message.contains(want) && !error.message.contains("c4n4ry"), "{error}");
    }
}
