//! The functions on certificates: `filterPEM`, `filterCertChain`, `certSANs`.

use zeroize::Zeroizing;

use super::certificate::{Certificate, read_all};
use super::pem;
use crate::Type::Str;
use crate::{Budget, Bytes, Call, FuncError, Functions, List, Signature, Value};

/// Adds the functions.
pub(super) fn add(functions: &mut Functions) {
    functions
        .add("filterPEM", Signature::new(&[Str, Str]), filter_pem)
        .add("filterCertChain", Signature::new(&[Str, Str]), filter_chain)
        .add("certSANs", Signature::new(&[Str]), alternative_names);
}

/// What is said of a text without a block.
pub(super) const NO_BLOCK: &str = "failed to decode PEM block";

/// The blocks of a kind, whose case is of no account.
fn filter_pem(call: &Call<'_>) -> Result<Value, FuncError> {
    let (kind, text) = (call.bytes(0), call.bytes(1));
    let mut kept = Zeroizing::new(Vec::new());
    let mut data = pem::from_begin(&text);
    loop {
        let (Some(block), rest) = pem::decode(data, call.budget())? else { break };
        data = rest;
        if folded(&block.kind) == folded(&kind) {
            pem::encode(&mut kept, &block, call.budget())?;
        }
    }
    if kept.is_empty() && !data.is_empty() {
        return Err(FuncError::failed("error filtering pem: found junk"));
    }
    Ok(Value::Str(kept.into()))
}

/// The text without a difference between large and small letters.
fn folded(text: &[u8]) -> String {
    String::from_utf8_lossy(text).to_lowercase()
}

/// The leaf, the root, or what is between, of certificates that form one chain.
fn filter_chain(call: &Call<'_>) -> Result<Value, FuncError> {
    let budget = call.budget();
    let (certificates, _) = read_all(&call.bytes(1), budget)?;
    let chain: Vec<&Certificate> =
        order(&certificates, budget)?.into_iter().filter_map(|at| certificates.get(at)).collect();
    let kept: Vec<&Certificate> = match &*call.bytes(0) {
        b"leaf" => chain.first().copied().filter(|leaf| !leaf.is_root()).into_iter().collect(),
        b"root" => chain.last().copied().filter(|root| root.is_root()).into_iter().collect(),
        b"intermediate" => chain.into_iter().skip(1).take_while(|between| !between.is_root()).collect(),
        _ => Vec::new(),
    };
    Ok(Value::Str(pem::blocks("CERTIFICATE", kept.iter().map(|kept| kept.der.clone()), budget)?))
}

/// The places of the certificates from leaf to root. An issuer is the first other certificate whose key is the one that
/// signed; the leaf is the certificate that is nobody's issuer.
///
/// # Errors
/// If they are not one chain.
pub(super) fn order(certificates: &[Certificate], budget: &Budget<'_>) -> Result<Vec<usize>, FuncError> {
    let count = certificates.len();
    budget.steps((count as u64).saturating_mul(count as u64))?;
    let issuer = |at: usize, certificate: &Certificate| {
        let signed_with = certificate.authority.as_deref().unwrap_or_default();
        let mut others = certificates.iter().enumerate();
        others.position(|(other, issuer)| {
            other != at && issuer.key.as_deref().unwrap_or_default() == signed_with
        })
    };
    let issuers: Vec<Option<usize>> =
        certificates.iter().enumerate().map(|(at, certificate)| issuer(at, certificate)).collect();
    let mut leaves = (0..count).filter(|at| !issuers.contains(&Some(*at)));
    let mut next = leaves.next();
    if next.is_none() {
        return Err(FuncError::failed("no leaf certificate found"));
    }
    if leaves.next().is_some() {
        return Err(FuncError::failed("found multiple leaf or disjunct certificates"));
    }
    let mut ordered = Vec::new();
    while let Some(at) = next {
        if ordered.len() == count {
            return Err(FuncError::failed("constructing chain resulted in cycle"));
        }
        ordered.push(at);
        next = issuers.get(at).copied().flatten();
    }
    Ok(ordered)
}

/// The alternative names of the first certificate.
fn alternative_names(call: &Call<'_>) -> Result<Value, FuncError> {
    let text = call.bytes(0);
    let (Some(block), _) = pem::decode(pem::from_begin(&text), call.budget())? else {
        return Err(FuncError::failed(NO_BLOCK));
    };
    let certificate = Certificate::parse(&block.bytes, call.budget()).map_err(|error| match error {
        FuncError::Failed(message) => FuncError::Failed(format!("failed to parse certificate: {message}")),
        other @ (FuncError::Told(_) | FuncError::Limit(_)) => other,
    })?;
    let names: Vec<Bytes> = certificate.names.concat().into_iter().map(Bytes::from).collect();
    call.budget().memory(names.len() * size_of::<Value>())?;
    Ok(List::strings(names).into())
}
