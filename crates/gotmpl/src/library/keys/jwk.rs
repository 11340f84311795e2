//! JSON Web Keys: `jwkPublicKeyPem`, `jwkPrivateKeyPem`.

use aws_lc_rs::agreement::{ParsedPublicKey, UnparsedPublicKey};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map as Object, Value as Json};

use super::der::{BIT_STRING, Der, OID, SEQUENCE, write, write_unsigned};
use super::pem;
use super::private_key::{Curve, ED25519, PrivateKey, ec_algorithm, rsa_algorithm};
use super::rsa_numbers::RsaKey;
use crate::Type::Str;
use crate::{Call, FuncError, Functions, Signature, Value};

/// Adds the functions.
pub(super) fn add(functions: &mut Functions) {
    functions.add("jwkPublicKeyPem", Signature::new(&[Str]), public_pem).add(
        "jwkPrivateKeyPem",
        Signature::new(&[Str]),
        private_pem,
    );
}

/// The digits of keys: those of URLs or of mail, with or without padding.
const DIGITS: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn refuse<T>(message: impl Into<String>) -> Result<T, FuncError> {
    Err(FuncError::failed(message))
}

fn public_pem(call: &Call<'_>) -> Result<Value, FuncError> {
    let key = Jwk::parse(call)?.public()?;
    Ok(Value::Str(pem::block("PUBLIC KEY", key, call.budget())?))
}

fn private_pem(call: &Call<'_>) -> Result<Value, FuncError> {
    let key = Jwk::parse(call)?.private()?;
    Ok(Value::Str(pem::block("PRIVATE KEY", key, call.budget())?))
}

/// The kind of a key, and whether it is a private one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Rsa(bool),
    Ec(bool),
    Octets,
    Okp(bool),
}

impl Kind {
    /// Go's type for what is read.
    fn reader(self) -> &'static str {
        match self {
            Self::Rsa(true) => "*jwk.rsaPrivateKey",
            Self::Rsa(false) => "*jwk.rsaPublicKey",
            Self::Ec(true) => "*jwk.ecdsaPrivateKey",
            Self::Ec(false) => "*jwk.ecdsaPublicKey",
            Self::Octets => "*jwk.symmetricKey",
            Self::Okp(true) => "*jwk.okpPrivateKey",
            Self::Okp(false) => "*jwk.okpPublicKey",
        }
    }

    /// The fields without which it is no key, in the order in which Go misses them.
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Rsa(true) => &["d", "e", "n"],
            Self::Rsa(false) => &["e", "n"],
            Self::Ec(true) => &["crv", "d", "x", "y"],
            Self::Ec(false) => &["crv", "x", "y"],
            Self::Octets => &["k"],
            Self::Okp(true) => &["crv", "d", "x"],
            Self::Okp(false) => &["crv", "x"],
        }
    }
}

/// A key whose fields are there.
struct Jwk {
    kind: Kind,
    fields: Object<String, Json>,
}

impl Jwk {
    fn parse(call: &Call<'_>) -> Result<Self, FuncError> {
        let text = call.bytes(0);
        call.budget().memory(text.len().saturating_mul(16))?;
        call.budget().steps(1000 + text.len() as u64 / 16)?;
        let Ok(fields) = serde_json::from_slice::<Object<String, Json>>(&text) else {
            return refuse("failed to unmarshal JSON into key hint");
        };
        let private = fields.contains_key("d");
        let kind = match fields.get("kty").and_then(Json::as_str) {
            Some("RSA") => Kind::Rsa(private),
            Some("EC") => Kind::Ec(private),
            Some("oct") => Kind::Octets,
            Some("OKP") => Kind::Okp(private),
            _ => return refuse("invalid key type from JSON"),
        };
        let key = Self { kind, fields };
        key.check()?;
        Ok(key)
    }

    /// Whether the fields are there, and are text; those of numbers in their digits.
    fn check(&self) -> Result<(), FuncError> {
        let failed = |what: String| {
            refuse(format!("failed to unmarshal JSON into key ({}): {what}", self.kind.reader()))
        };
        for name in ["d", "dp", "dq", "e", "k", "n", "p", "q", "qi", "x", "y"] {
            let told = self.fields.get(name);
            if told.is_some_and(|value| value.as_str().and_then(decode).is_none()) {
                return failed(format!("failed to decode value for key {name}"));
            }
        }
        for name in ["alg", "kid", "use", "crv"] {
            if self.fields.get(name).is_some_and(|value| !value.is_string()) {
                return failed(format!("failed to decode value for key {name}"));
            }
        }
        match self.kind.required().iter().find(|name| !self.fields.contains_key(**name)) {
            Some(name) => failed(format!("required field {name} is missing")),
            None => Ok(()),
        }
    }

    /// The bytes of a field; none if it is not there.
    fn bytes(&self, name: &str) -> Der {
        self.fields.get(name).and_then(Json::as_str).and_then(decode).unwrap_or_default()
    }

    fn name_of_curve(&self) -> &str {
        self.fields.get("crv").and_then(Json::as_str).unwrap_or_default()
    }

    fn curve(&self) -> Result<Curve, FuncError> {
        match self.name_of_curve() {
            "P-256" => Ok(Curve::P256),
            "P-384" => Ok(Curve::P384),
            "P-521" => Ok(Curve::P521),
            _ => refuse("failed to build public key: invalid curve algorithm"),
        }
    }

    /// The key as PKIX has it.
    fn public(&self) -> Result<Der, FuncError> {
        let unsupported = |kind: &str| refuse(format!("x509: unsupported public key type: {kind}"));
        match self.kind {
            Kind::Rsa(true) => unsupported("*rsa.PrivateKey"),
            Kind::Ec(true) => self.curve().and_then(|_| unsupported("*ecdsa.PrivateKey")),
            Kind::Okp(true) => self.okp().and_then(|_| unsupported("ed25519.PrivateKey")),
            Kind::Octets => unsupported("[]uint8"),
            Kind::Rsa(false) => {
                let numbers = [write_unsigned(&self.bytes("n")), write_unsigned(&self.bytes("e"))];
                Ok(pkix(&rsa_algorithm(), &write(SEQUENCE, &[&numbers[0], &numbers[1]])))
            }
            Kind::Ec(false) => {
                let curve = self.curve()?;
                Ok(pkix(&ec_algorithm(curve), &self.point(curve)?))
            }
            Kind::Okp(false) => match self.name_of_curve() {
                "Ed25519" => Ok(pkix(&write(SEQUENCE, &[&write(OID, &[ED25519])]), &self.bytes("x"))),
                "X25519" => unsupported("x25519.PublicKey"),
                _ => refuse("failed to build public key: invalid curve algorithm"),
            },
        }
    }

    /// The point of a key, which must be one of the curve.
    fn point(&self, curve: Curve) -> Result<Der, FuncError> {
        let mut point = Der::new(vec![4]);
        for name in ["x", "y"] {
            let bytes = self.bytes(name);
            let noughts = bytes.iter().take_while(|byte| **byte == 0).count();
            let digits = &bytes[noughts..];
            let Some(missing) = curve.size().checked_sub(digits.len()) else {
                return refuse("x509: invalid elliptic curve public key");
            };
            point.extend(std::iter::repeat_n(0, missing));
            point.extend_from_slice(digits);
        }
        match ParsedPublicKey::try_from(&UnparsedPublicKey::new(curve.algorithm(), &point[..])) {
            Ok(_) => Ok(point),
            Err(_) => refuse("x509: invalid elliptic curve public key"),
        }
    }

    /// The key as PKCS#8.
    fn private(&self) -> Result<Der, FuncError> {
        let unknown = |kind: &str| refuse(format!("x509: unknown key type while marshaling PKCS#8: {kind}"));
        let key = match self.kind {
            Kind::Rsa(false) => return unknown("*rsa.PublicKey"),
            Kind::Ec(false) => return self.curve().and_then(|_| unknown("*ecdsa.PublicKey")),
            Kind::Okp(false) => return self.public().and_then(|_| unknown("ed25519.PublicKey")),
            Kind::Octets => return unknown("[]uint8"),
            Kind::Rsa(true) => {
                let numbers = ["n", "e", "d", "p", "q"].map(|name| self.bytes(name));
                RsaKey::of(numbers.each_ref().map(|number| &number[..])).map(PrivateKey::Rsa)
            }
            Kind::Ec(true) => {
                let curve = self.curve()?;
                let point = self.point(curve)?;
                PrivateKey::ec(curve, &self.bytes("d")).and_then(|key| key.with_point(&point))
            }
            Kind::Okp(true) => Ok(PrivateKey::ed25519(&self.okp()?)),
        };
        match key {
            Ok(key) => Ok(key.to_pkcs8()),
            Err(_) => refuse("x509: invalid private key"),
        }
    }

    /// The seed of a key of Ed25519, whose public part must be its own.
    fn okp(&self) -> Result<Der, FuncError> {
        let failed = |what: &str| refuse(format!("failed to build public key: {what}"));
        let seed = self.bytes("d");
        match self.name_of_curve() {
            _ if seed.is_empty() => failed("cannot use empty seed"),
            "Ed25519" if seed.len() != 32 => failed("wrong private key size"),
            "Ed25519" => match Ed25519KeyPair::from_seed_unchecked(&seed) {
                Ok(pair) if pair.public_key().as_ref() == &self.bytes("x")[..] => Ok(seed),
                Ok(_) | Err(_) => failed("invalid x value given d value"),
            },
            "X25519" => refuse("x509: unknown key type while marshaling PKCS#8: x25519.PrivateKey"),
            _ => failed("invalid curve algorithm"),
        }
    }
}

/// A public key with its algorithm.
fn pkix(algorithm: &[u8], key: &[u8]) -> Der {
    write(SEQUENCE, &[algorithm, &write(BIT_STRING, &[&[0], key])])
}

/// The bytes of a number.
fn decode(text: &str) -> Option<Der> {
    let digit = |c: char| match c {
        '+' => '-',
        '/' => '_',
        c => c,
    };
    let digits: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(text.chars().filter(|c| !matches!(c, '\r' | '\n')).map(digit).collect());
    DIGITS.decode(digits.as_bytes()).ok().map(Der::new)
}
