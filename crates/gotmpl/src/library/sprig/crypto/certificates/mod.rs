//! Keys and certificates: `genPrivateKey`, `genCA`, `genSelfSignedCert`, `genSignedCert`, their twins `…WithKey`, `buildCustomCert`.
//!
//! There are no DSA keys. RSA keys have at least 2048 bits. A PEM block may begin inside of a line. No certificate is valid beyond
//! the year 9999. Errors tell less of why a key or certificate cannot be read.

mod issue;
mod key;

use std::any::Any as AnyObject;
use std::rc::Rc;

use super::super::encodings;
use super::{Outcome, Result, Shelf, refuse};
use crate::Type::{self, Any, Int, List, Str};
use crate::{Bytes, Call, Map, Object, Signature, Value};
use issue::Request;
use key::Key;

const CERTIFICATE: Type = Type::Object("sprig.certificate");
const NAMES: Type = List(&Any);

/// Adds the functions.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    shelf
        .add("genPrivateKey", Signature::new(&[Str]), |call| call.string(generated(call)?))
        .add("buildCustomCert", Signature::new(&[Str, Str]), custom)
        .add("genCA", Signature::new(&[Str, Int]), |call| {
            authority(call, &Key::rsa(key::Size::Bits2048, call.budget())?)
        })
        .add("genCAWithKey", Signature::new(&[Str, Int, Str]), |call| authority(call, &given(call, 2)?))
        .add("genSelfSignedCert", Signature::new(&[Str, NAMES, NAMES, Int]), |call| {
            self_signed(call, &Key::rsa(key::Size::Bits2048, call.budget())?)
        })
        .add("genSelfSignedCertWithKey", Signature::new(&[Str, NAMES, NAMES, Int, Str]), |call| {
            self_signed(call, &given(call, 4)?)
        })
        .add("genSignedCert", Signature::new(&[Str, NAMES, NAMES, Int, CERTIFICATE]), |call| {
            signed(call, &Key::rsa(key::Size::Bits2048, call.budget())?)
        })
        .add("genSignedCertWithKey", Signature::new(&[Str, NAMES, NAMES, Int, CERTIFICATE, Str]), |call| {
            signed(call, &given(call, 5)?)
        });
}

/// A certificate and its key, both as PEM.
#[derive(Clone)]
struct Certificate {
    cert: Bytes,
    key: Bytes,
}

impl Object for Certificate {
    fn type_name(&self) -> &'static str {
        "sprig.certificate"
    }

    fn field(&self, name: &str) -> Option<Value> {
        match name {
            "Cert" => Some(self.cert.clone().into()),
            "Key" => Some(self.key.clone().into()),
            _ => None,
        }
    }

    fn text(&self) -> Bytes {
        [b"{", &*self.cert, b" ", &*self.key, b"}"].concat().into()
    }

    fn json(&self) -> Option<Value> {
        let fields = [("Cert", &self.cert), ("Key", &self.key)];
        Some(Map::any(fields.map(|(name, pem)| (name.into(), pem.clone().into()))).into())
    }

    fn equals(&self, other: &dyn Object) -> bool {
        let other = other.as_any().downcast_ref::<Self>();
        other.is_some_and(|other| self.cert == other.cert && self.key == other.key)
    }

    fn as_any(&self) -> &dyn AnyObject {
        self
    }
}

/// The certificate that a value is.
fn as_certificate(value: &Value) -> Option<Certificate> {
    let Value::Object(object) = value else { return None };
    object.as_any().downcast_ref::<Certificate>().cloned()
}

/// A pair of PEM texts, taken from the budget.
fn pair(call: &Call<'_>, cert: impl Into<Bytes>, key: impl Into<Bytes>) -> Result {
    let (cert, key) = (cert.into(), key.into());
    call.budget().memory(cert.len() + key.len())?;
    Ok(Value::Object(Rc::new(Certificate { cert, key })))
}

/// What is wrong, behind what was done.
fn within<T>(context: &str, outcome: std::result::Result<T, &'static str>) -> Outcome<T> {
    outcome.or_else(|reason| refuse(format!("{context}{reason}")))
}

/// The key that an argument is.
fn given(call: &Call<'_>, index: usize) -> Outcome<Key> {
    within("parsing private key: ", Key::parse(&call.bytes(index)))
}

fn generated(call: &Call<'_>) -> Outcome<Bytes> {
    let kind = call.bytes(0);
    let key = match &*kind {
        b"" | b"rsa" => Key::rsa(key::Size::Bits4096, call.budget())?,
        b"ecdsa" => Key::ecdsa()?,
        b"ed25519" => Key::ed25519()?,
        b"dsa" => return refuse("there are no DSA keys"),
        _ => return Ok([b"Unknown type ", &*kind].concat().into()),
    };
    Ok(key.pem())
}

/// A pair that somebody else made.
fn custom(call: &Call<'_>) -> Result {
    let decoded = |index, message: &str| encodings::base64(&call.bytes(index)).or_else(|_| refuse(message));
    let cert = decoded(0, "unable to decode base64 certificate")?;
    let key = decoded(1, "unable to decode base64 private key")?;
    let Ok(block) = pem::parse(&cert) else { return refuse("unable to decode certificate") };
    if x509_parser::parse_x509_certificate(block.contents()).is_err() {
        return refuse("error parsing certificate: decodedCert.Bytes: x509: malformed certificate");
    }
    within("error parsing private key: ", Key::parse(&key))?;
    pair(call, cert, key)
}

fn authority(call: &Call<'_>, key: &Key) -> Result {
    let request = Request { days: call.int(1), authority: true, ..Request::named(&call.bytes(0)) };
    pair(call, request.self_signed(key)?, key.pem())
}

/// The request that the first four arguments are.
fn requested(call: &Call<'_>) -> Outcome<Request> {
    Ok(Request {
        addresses: issue::addresses(&call.list(1))?,
        names: issue::names(&call.list(2))?,
        days: call.int(3),
        ..Request::named(&call.bytes(0))
    })
}

fn self_signed(call: &Call<'_>, key: &Key) -> Result {
    pair(call, requested(call)?.self_signed(key)?, key.pem())
}

fn signed(call: &Call<'_>, key: &Key) -> Result {
    let Some(issuer) = as_certificate(call.arg(4)) else { return refuse("unable to decode certificate") };
    let Ok(block) = pem::parse(&*issuer.cert) else { return refuse("unable to decode certificate") };
    let Ok((_, certificate)) = x509_parser::parse_x509_certificate(block.contents()) else {
        return refuse("error parsing certificate: decodedSignerCert.Bytes: x509: malformed certificate");
    };
    let signer = within("error parsing private key: ", Key::parse(&issuer.key))?;
    if certificate.public_key().raw != signer.public() {
        return refuse(
            "error creating certificate: x509: provided PrivateKey doesn't match parent's PublicKey",
        );
    }
    pair(call, requested(call)?.signed(key, &issuer.cert, signer)?, key.pem())
}
