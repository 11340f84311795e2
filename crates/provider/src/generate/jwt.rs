//! JSON Web Tokens: those that are signed here, with RS256, and what those of services say.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use crate::{Error, ErrorKind, SecretBytes};

/// A token with these claims, signed with RS256 (RFC 7515, RFC 7518 section 3.3). `key_id` becomes the header's `kid`; `pem` is
/// an RSA key as PKCS#1 or PKCS#8.
///
/// # Errors
/// [`ErrorKind::Credentials`] if `pem` is no such key.
pub fn rs256(claims: &Value, key_id: Option<&str>, pem: &SecretBytes) -> Result<SecretBytes, Error> {
    let key = key_pair(pem)?;
    let mut header = json!({ "alg": "RS256", "typ": "JWT" });
    if let Some(id) = key_id {
        header["kid"] = id.into();
    }
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| unusable("cannot sign: its size is not supported"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)).into())
}

/// When a token expires by its own claims: the `exp` of RFC 7519, in seconds since 1970, as it is written there. Nobody's
/// signature is looked at.
pub fn expiry(token: &SecretBytes) -> Option<String> {
    let mut parts = token.expose_str()?.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims).ok().filter(|_| parts.next().is_none())?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let seconds = claims.get("exp")?;
    seconds.as_u64().map(|whole| whole.to_string()).or_else(|| Some(seconds.as_f64()?.to_string()))
}

fn key_pair(pem: &SecretBytes) -> Result<RsaKeyPair, Error> {
    let der = PrivateKeyDer::from_pem_slice(pem.expose())
        .map_err(|_| unusable("is not a private key in PEM form"))?;
    let key = if let PrivateKeyDer::Pkcs1(der) = &der {
        RsaKeyPair::from_der(der.secret_pkcs1_der()).ok()
    } else if let PrivateKeyDer::Pkcs8(der) = &der {
        RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok()
    } else {
        None // SEC1, and what may come: the keys of other algorithms
    };
    key.ok_or_else(|| unusable("is not an RSA key of 2048 to 8192 bits, as PKCS#1 or PKCS#8"))
}

fn unusable(why: &str) -> Error {
    Error::new(ErrorKind::Credentials, format!("the private key {why}"))
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn pem(label: &str, der: &[u8]) -> SecretBytes {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der)).into()
    }

    /// What PKCS#8 wraps around a key of PKCS#1: 26 bytes for one of 2048 bits.
    const PKCS8_PREFIX: usize = 26;

    fn key() -> (RsaKeyPair, Vec<u8>) {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let pkcs8 = key.as_der().unwrap().as_ref().to_vec();
        (key, pkcs8)
    }

    fn decode(part: &str) -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    }

    #[test]
    fn signs_with_keys_of_either_form() {
        let (key, pkcs8) = key();
        let claims = json!({ "iss": "1", "exp": 2 });
        for pem in [pem("PRIVATE KEY", &pkcs8), pem("RSA PRIVATE KEY", &pkcs8[PKCS8_PREFIX..])] {
            let token = rs256(&claims, Some("k"), &pem).unwrap();
            let (signed, signature) = token.expose_str().unwrap().rsplit_once('.').unwrap();
            let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key().as_ref());
            public.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
            let (header, body) = signed.split_once('.').unwrap();
            assert_eq!(decode(header), json!({ "alg": "RS256", "typ": "JWT", "kid": "k" }));
            assert_eq!(decode(body), claims);
        }
        let token = rs256(&claims, None, &pem("PRIVATE KEY", &pkcs8)).unwrap();
        let header = token.expose_str().unwrap().split('.').next().unwrap().to_owned();
        assert_eq!(decode(&header), json!({ "alg": "RS256", "typ": "JWT" }));
    }

    #[test]
    fn tells_when_a_token_expires() {
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims)).into();
        for (claims, expires) in [
            (r#"{"exp":1700000000}"#, Some("1700000000")),
            (r#"{"exp":1700000000.0}"#, Some("1700000000")),
            (r#"{"exp":1.7e9}"#, Some("1700000000")),
            (r#"{"exp":1700000000.5}"#, Some("1700000000.5")),
            (r#"{"exp":"1700000000"}"#, None),
            ("{}", None),
            ("[]", None),
            ("no", None),
        ] {
            assert_eq!(expiry(&token(claims)).as_deref(), expires, "{claims}");
        }
        for text in ["", "opaque", "e30.e30", "e30.eyJleHAiOjF9.c2ln.more", "e30.?.c2ln"] {
            assert_eq!(expiry(&text.into()), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_rsa_key_and_does_not_show_it() {
        let elliptic = rcgen::KeyPair::generate().unwrap();
        for (pem, why) in [
            ("c4n4ry".into(), "in PEM form"),
            (pem("PRIVATE KEY", b"c4n4ry"), "RSA"),
            (pem("EC PRIVATE KEY", b"c4n4ry"), "RSA"),
            (pem("PRIVATE KEY", elliptic.serialized_der()), "RSA"),
            (pem("CERTIFICATE", b"c4n4ry"), "in PEM form"),
        ] {
            let error = rs256(&json!({}), None, &pem).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Credentials);
            assert!(error.message.contains(why) && !error.message.contains("c4n4ry"), "{error}");
        }
    }
}
