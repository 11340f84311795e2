//! What a store holds.

use super::super::certificate::Certificate;
use super::super::der::{Der, INTEGER, Malformed, OCTETS, OID, Reader, SEQUENCE, explicit};
use super::super::private_key::PrivateKey;
use super::cipher::{decrypt, malformed};
use super::kdf::Password;
use super::mac::Mac;
use super::{oid, said};
use crate::{Budget, FuncError};

/// A key and its certificates, of which the first one is the key's.
pub(super) struct Store {
    pub(super) key: PrivateKey,
    pub(super) certificates: Vec<Certificate>,
}

fn refuse<T>(message: &str) -> Result<T, FuncError> {
    Err(FuncError::failed(format!("pkcs12: {message}")))
}

/// Reads a store.
pub(super) fn store(bytes: &[u8], password: &[u8], budget: &Budget<'_>) -> Result<Store, FuncError> {
    let password = Password::new(password, budget)?;
    let (content, mac) = outer(bytes).map_err(|error| said("pkcs12: error reading P12 data", error))??;
    let password = verified(content, mac, password, budget)?;
    let mut reader = Reader::new(content);
    let mut safes = reader.inside(SEQUENCE).map_err(malformed)?;
    let (mut contents, mut count) = (Vec::new(), 0);
    while !safes.is_empty() {
        let safe = safes.inside(SEQUENCE).map_err(malformed)?;
        count += 1;
        if count <= 2 {
            contents.push(safe);
        }
    }
    if !(1..=2).contains(&count) {
        return refuse(&format!(
            "expected between 1 and 2 items in the authenticated safe, but this file has {count}"
        ));
    }
    let mut found = Found { key: None, certificates: Vec::new() };
    for content in contents {
        let safe = opened(content, &password, budget)?;
        found.bags(&safe, &password, budget)?;
    }
    if found.certificates.is_empty() {
        return refuse("certificate missing");
    }
    let Some(key) = found.key else { return refuse("private key missing") };
    Ok(Store { key, certificates: found.certificates })
}

type Outer<'a> = (&'a [u8], Option<Reader<'a>>);

/// The content of a store, and its MacData. The outer error is one of form.
fn outer(bytes: &[u8]) -> Result<Result<Outer<'_>, FuncError>, FuncError> {
    let mut reader = Reader::new(bytes);
    let mut fields = reader.inside(SEQUENCE).map_err(malformed)?;
    reader.end().map_err(|Malformed| FuncError::failed("pkcs12: trailing data found"))?;
    let version = fields.next(INTEGER).map_err(malformed)?;
    let mut safe = fields.inside(SEQUENCE).map_err(malformed)?;
    let kind = safe.next(OID).map_err(malformed)?;
    let content = safe.optional(explicit(0)).map_err(malformed)?;
    let mac = if fields.is_empty() { None } else { Some(fields.inside(SEQUENCE).map_err(malformed)?) };
    Ok(match content {
        _ if version != [3] => refuse("can only decode v3 PFX PDU's"),
        _ if kind != oid::DATA => refuse("only password-protected PFX is implemented"),
        content => octets(content.unwrap_or_default()).map(|content| (content, mac)),
    })
}

/// The content of an octet string that is all there is.
fn octets(bytes: &[u8]) -> Result<&[u8], FuncError> {
    let mut reader = Reader::new(bytes);
    let content = reader.next(OCTETS).map_err(malformed)?;
    reader.end().map_err(malformed)?;
    Ok(content)
}

/// The password, if it is the right one. An empty one may also have been none.
fn verified(
    content: &[u8],
    mac: Option<Reader<'_>>,
    password: Password,
    budget: &Budget<'_>,
) -> Result<Password, FuncError> {
    let Some(mac) = mac else {
        return if password.is_empty() { Ok(password) } else { refuse("no MAC in data") };
    };
    let mac = Mac::read(mac).map_err(|error| said("pkcs12: error reading P12 data", error))?;
    if mac.verifies(content, &password, budget)? {
        return Ok(password);
    }
    if password.is_empty() && mac.verifies(content, &Password::none(), budget)? {
        return Ok(Password::none());
    }
    refuse("decryption password incorrect")
}

/// The bags of a safe, decrypted if they are encrypted.
fn opened(mut safe: Reader<'_>, password: &Password, budget: &Budget<'_>) -> Result<Der, FuncError> {
    let kind = safe.next(OID).map_err(malformed)?;
    let content = safe.next(explicit(0)).map_err(malformed)?;
    match kind {
        oid::DATA => {
            let content = octets(content)?;
            budget.memory(content.len())?;
            Ok(Der::new(content.to_vec()))
        }
        oid::ENCRYPTED => {
            let mut fields = Reader::new(content).inside(SEQUENCE).map_err(malformed)?;
            if fields.number().map_err(malformed)? != 0 {
                return refuse("only version 0 of EncryptedData is supported");
            }
            let mut info = fields.inside(SEQUENCE).map_err(malformed)?;
            info.next(OID).map_err(malformed)?;
            let algorithm = info.inside(SEQUENCE).map_err(malformed)?;
            let data = info.optional(0x80).map_err(malformed)?.unwrap_or_default();
            decrypt(algorithm, data, password, budget)
        }
        _ => refuse("only data and encryptedData content types are supported in authenticated safe"),
    }
}

struct Found {
    key: Option<PrivateKey>,
    certificates: Vec<Certificate>,
}

impl Found {
    /// Takes what these bags hold.
    fn bags(&mut self, safe: &[u8], password: &Password, budget: &Budget<'_>) -> Result<(), FuncError> {
        let mut bags = Reader::new(safe).inside(SEQUENCE).map_err(malformed)?;
        while !bags.is_empty() {
            budget.steps(1)?;
            let mut bag = bags.inside(SEQUENCE).map_err(malformed)?;
            let kind = bag.next(OID).map_err(malformed)?;
            let value = bag.next(explicit(0)).map_err(malformed)?;
            match kind {
                oid::CERTIFICATE_BAG => self.certificates.push(certificate(value, budget)?),
                oid::KEY_BAG | oid::SHROUDED_KEY_BAG if self.key.is_some() => {
                    return refuse("expected exactly one key bag");
                }
                oid::KEY_BAG => self.key = Some(key(value, budget)?),
                oid::SHROUDED_KEY_BAG => self.key = Some(shrouded_key(value, password, budget)?),
                _ => {}
            }
        }
        Ok(())
    }
}

fn certificate(value: &[u8], budget: &Budget<'_>) -> Result<Certificate, FuncError> {
    let read = || -> Result<_, Malformed> {
        let mut fields = Reader::new(value).inside(SEQUENCE)?;
        Ok((fields.next(OID)?, Reader::new(fields.next(explicit(0))?).next(OCTETS)?))
    };
    let (kind, der) = read().map_err(|error| said("pkcs12: error decoding cert bag", malformed(error)))?;
    if kind != oid::X509 {
        return refuse("only X509 certificates are supported in cert bags");
    }
    Certificate::parse(der, budget)
}

fn key(pkcs8: &[u8], budget: &Budget<'_>) -> Result<PrivateKey, FuncError> {
    budget.memory(8 * pkcs8.len())?;
    budget.steps(1000)?;
    PrivateKey::parse_pkcs8(pkcs8)
        .map_err(|Malformed| FuncError::failed("x509: unsupported or malformed key"))
}

fn shrouded_key(value: &[u8], password: &Password, budget: &Budget<'_>) -> Result<PrivateKey, FuncError> {
    let read = || -> Result<_, Malformed> {
        let mut fields = Reader::new(value).inside(SEQUENCE)?;
        Ok((fields.inside(SEQUENCE)?, fields.next(OCTETS)?))
    };
    let (algorithm, data) =
        read().map_err(|error| said("pkcs12: error decoding PKCS#8 shrouded key bag", malformed(error)))?;
    let pkcs8 = decrypt(algorithm, data, password, budget)
        .map_err(|error| said("pkcs12: error decrypting PKCS#8 shrouded key bag", error))?;
    key(&pkcs8, budget).map_err(|error| said("pkcs12: error parsing PKCS#8 private key", error))
}
