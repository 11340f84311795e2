//! Keys and certificates that templates make: what they say, who signed them, and that Go's keys are taken.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use latchkey_gotmpl::{Limits, Options, Template, Value, library};
use x509_parser::prelude::{GeneralName, X509Certificate};

pub fn rendered(text: &str) -> Result<String, String> {
    let template = Template::parse("t", text, &Options::strict(), &library::external_secrets());
    let template = template.map_err(|error| error.to_string())?;
    let limits = Limits { steps: 10_000_000, ..Limits::default() };
    let output = template.execute(&Value::Nil, &limits).map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

/// The PEM blocks that a template gives.
fn blocks(text: &str) -> Vec<pem::Pem> {
    let text = rendered(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    pem::parse_many(text).expect("it is PEM")
}

fn certificate(block: &pem::Pem) -> X509Certificate<'_> {
    assert_eq!(block.tag(), "CERTIFICATE");
    x509_parser::parse_x509_certificate(block.contents()).expect("it is a certificate").1
}

fn is_signed_by(
    leaf: &X509Certificate<'_>,
    issuer: &X509Certificate<'_>,
    how: &'static dyn VerificationAlgorithm,
) -> bool {
    let key = UnparsedPublicKey::new(how, &*issuer.public_key().subject_public_key.data);
    leaf.issuer() == issuer.subject()
        && key.verify(leaf.tbs_certificate.as_ref(), &leaf.signature_value.data).is_ok()
}

#[test]
fn an_authority_signs_certificates() {
    let made = blocks(
        r#"{{$ca := genCA "root" 3650}}{{$c := genSignedCert "leaf" (list "10.0.0.1" "::1") (list "a.example" "b.example") 90 $ca}}{{$ca.Cert}}{{$c.Cert}}{{$ca.Key}}{{$c.Key}}"#,
    );
    let tags: Vec<_> = made.iter().map(pem::Pem::tag).collect();
    assert_eq!(tags, ["CERTIFICATE", "CERTIFICATE", "RSA PRIVATE KEY", "RSA PRIVATE KEY"]);
    let (root, leaf) = (certificate(&made[0]), certificate(&made[1]));
    assert!(root.is_ca() && !leaf.is_ca());
    assert_eq!(
        (root.subject().to_string().as_str(), leaf.subject().to_string().as_str()),
        ("CN=root", "CN=leaf")
    );
    assert!(is_signed_by(&leaf, &root, &RSA_PKCS1_2048_8192_SHA256));
    assert!(is_signed_by(&root, &root, &RSA_PKCS1_2048_8192_SHA256));
    assert!(!is_signed_by(&root, &leaf, &RSA_PKCS1_2048_8192_SHA256));
}

#[test]
fn a_certificate_says_what_was_asked_for() {
    let made = blocks(
        r#"{{(genSelfSignedCertWithKey "me" (list "10.0.0.1" "::ffff:10.0.0.2") (list "a.example") 90 (genPrivateKey "ecdsa")).Cert}}"#,
    );
    let own = certificate(&made[0]);
    assert!(is_signed_by(&own, &own, &ECDSA_P256_SHA256_ASN1));
    let validity = own.validity();
    assert_eq!(validity.not_after.timestamp() - validity.not_before.timestamp(), 90 * 86_400);
    let names = own.subject_alternative_name().expect("readable").expect("there are names");
    let expected = [
        GeneralName::DNSName("a.example"),
        GeneralName::IPAddress(&[10, 0, 0, 1]),
        GeneralName::IPAddress(&[10, 0, 0, 2]),
    ];
    assert_eq!(names.value.general_names, expected);
    let usage = own.key_usage().expect("readable").expect("there is a usage").value;
    assert!(usage.digital_signature() && usage.key_encipherment() && !usage.key_cert_sign());
    let purposes = own.extended_key_usage().expect("readable").expect("there are purposes").value;
    assert!(purposes.server_auth && purposes.client_auth);
}

#[test]
fn keys_are_written_in_the_form_of_their_kind_and_read_again() {
    for (kind, tag) in [("ecdsa", "EC PRIVATE KEY"), ("ed25519", "PRIVATE KEY"), ("rsa", "RSA PRIVATE KEY")] {
        let text = format!(
            "{{{{$k := genPrivateKey {kind:?}}}}}{{{{$k}}}}{{{{(genCAWithKey \"x\" 1 $k).Key}}}}{{{{$b := genSelfSignedCertWithKey \"x\" nil nil 1 $k}}}}{{{{(buildCustomCert (b64enc $b.Cert) (b64enc $b.Key)).Key}}}}"
        );
        let made = blocks(&text);
        assert_eq!(made.len(), 3);
        assert!(made.iter().all(|block| block.tag() == tag && block == &made[0]), "{kind}");
    }
}

#[test]
fn a_signer_must_have_the_key_of_its_certificate() {
    let made = rendered(
        r#"{{$a := genSelfSignedCertWithKey "a" nil nil 1 (genPrivateKey "ecdsa")}}{{$ca := buildCustomCert (b64enc $a.Cert) (b64enc (genPrivateKey "ecdsa"))}}{{genSignedCertWithKey "x" nil nil 1 $ca $a.Key}}"#,
    );
    let error = made.expect_err("the key is another one's");
    assert!(error.ends_with("x509: provided PrivateKey doesn't match parent's PublicKey"), "{error}");
}

#[test]
fn days_may_be_any_number() {
    for days in ["-5", "0", "9223372036854775807", "-9223372036854775808"] {
        let text = format!("{{{{(genCAWithKey \"x\" {days} (genPrivateKey \"ed25519\")).Cert}}}}");
        certificate(&blocks(&text)[0]);
    }
}

#[test]
fn there_are_no_dsa_keys() {
    let error = rendered(r#"{{genPrivateKey "dsa"}}"#).expect_err("there are none");
    assert!(error.ends_with("there are no DSA keys"), "{error}");
}

#[test]
fn keys_take_from_the_budget() {
    let functions = library::external_secrets();
    let template = Template::parse(
        "t",
        "{{range 100}}{{genPrivateKey \"rsa\" | len}}{{end}}",
        &Options::strict(),
        &functions,
    );
    let result =
        template.expect("it parses").execute(&Value::Nil, &Limits { steps: 300_000, ..Limits::default() });
    assert!(result.is_err());
}
