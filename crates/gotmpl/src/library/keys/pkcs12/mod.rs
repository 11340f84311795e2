//! PKCS#12: `pkcs12key`, `pkcs12cert`, `pemToPkcs12`, `fullPemToPkcs12`, `pemTruststoreToPKCS12`, each with and
//! without a password.

mod cipher;
mod kdf;
mod mac;
mod oid;
mod read;
mod write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::certificate::{Certificate, read_all};
use super::chain::{NO_BLOCK, order};
use super::der::Malformed;
use super::pem;
use super::private_key::PrivateKey;
use crate::Type::Str;
use crate::{Budget, Bytes, Call, FuncError, Functions, Signature, Value};

/// Adds the functions.
pub(super) fn add(functions: &mut Functions) {
    const ONE: Signature = Signature::new(&[Str]);
    const TWO: Signature = Signature::new(&[Str, Str]);
    const THREE: Signature = Signature::new(&[Str, Str, Str]);
    let none = Bytes::default;
    functions
        .add("pkcs12key", ONE, move |call| key(call, &none(), &call.bytes(0)))
        .add("pkcs12keyPass", TWO, |call| key(call, &call.bytes(0), &call.bytes(1)))
        .add("pkcs12cert", ONE, move |call| certificates(call, &none(), &call.bytes(0)))
        .add("pkcs12certPass", TWO, |call| certificates(call, &call.bytes(0), &call.bytes(1)))
        .add("pemToPkcs12", TWO, move |call| store(call, false, &none()))
        .add("pemToPkcs12Pass", THREE, |call| store(call, false, &call.bytes(2)))
        .add("fullPemToPkcs12", TWO, move |call| store(call, true, &none()))
        .add("fullPemToPkcs12Pass", THREE, |call| store(call, true, &call.bytes(2)))
        .add("pemTruststoreToPKCS12", ONE, move |call| trust_store(call, &none()))
        .add("pemTruststoreToPKCS12Pass", TWO, |call| trust_store(call, &call.bytes(1)));
}

/// The private key in a store, as PKCS#8.
fn key(call: &Call<'_>, password: &[u8], store: &[u8]) -> Result<Value, FuncError> {
    let found = read::store(store, password, call.budget());
    let found = found.map_err(|error| said("unable to decode pkcs12 with password", error))?;
    Ok(Value::Str(pem::block("PRIVATE KEY", found.key.to_pkcs8(), call.budget())?))
}

/// The certificates in a store, from leaf to root if they are one chain.
fn certificates(call: &Call<'_>, password: &[u8], store: &[u8]) -> Result<Value, FuncError> {
    let found = read::store(store, password, call.budget());
    let found = found.map_err(|error| said("unable to decode pkcs12 certificate with password", error))?;
    let places = match order(&found.certificates, call.budget()) {
        Ok(places) => places,
        Err(FuncError::Failed(_)) => (0..found.certificates.len()).collect(),
        Err(limit) => return Err(limit),
    };
    let ordered = places.into_iter().filter_map(|at| found.certificates.get(at));
    let text = pem::blocks("CERTIFICATE", ordered.map(|certificate| certificate.der.clone()), call.budget())?;
    Ok(Value::Str(text))
}

/// An error with words before it.
fn said(before: &str, error: FuncError) -> FuncError {
    match error {
        FuncError::Failed(message) => FuncError::Failed(format!("{before}: {message}")),
        other @ (FuncError::Told(_) | FuncError::Limit(_)) => other,
    }
}

/// A store of a certificate and its key, and of the certificates behind the first one if it is to be full.
fn store(call: &Call<'_>, full: bool, password: &[u8]) -> Result<Value, FuncError> {
    let budget = call.budget();
    let text = call.bytes(0);
    let (Some(block), rest) = pem::decode(&text, budget)? else { return Err(FuncError::failed(NO_BLOCK)) };
    let mut all = vec![Certificate::parse(&block.bytes, budget)?];
    if full {
        all.extend(whole(rest, budget)?);
    }
    let text = call.bytes(1);
    let (Some(block), _) = pem::decode(&text, budget)? else { return Err(FuncError::failed(NO_BLOCK)) };
    let key = private_key(&block.bytes, budget)?;
    encoded(call, &write::store(&key, &all, password, budget)?)
}

/// A private key in any of its forms.
pub(super) fn private_key(der: &[u8], budget: &Budget<'_>) -> Result<PrivateKey, FuncError> {
    budget.memory(8 * der.len())?;
    budget.steps(1000)?;
    PrivateKey::parse(der).map_err(|Malformed| FuncError::failed("unable to parse private key type"))
}

/// A store of certificates that Java trusts.
fn trust_store(call: &Call<'_>, password: &[u8]) -> Result<Value, FuncError> {
    let all = whole(&call.bytes(0), call.budget())?;
    encoded(call, &write::trust_store(&all, password, call.budget())?)
}

/// The certificates of a text that is nothing else.
fn whole(text: &[u8], budget: &Budget<'_>) -> Result<Vec<Certificate>, FuncError> {
    let (all, rest) = read_all(text, budget)?;
    if rest.is_empty() { Ok(all) } else { Err(FuncError::failed(NO_BLOCK)) }
}

fn encoded(call: &Call<'_>, store: &[u8]) -> Result<Value, FuncError> {
    call.budget().memory(store.len())?;
    call.string(STANDARD.encode(store))
}
