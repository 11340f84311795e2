//! Stores as `go-pkcs12` writes its modern ones: AES-256 and HMAC-SHA-256, keys of 2048 rounds.

use aws_lc_rs::digest;

use super::super::certificate::Certificate;
use super::super::der::{Der, INTEGER, NULL, OCTETS, OID, SEQUENCE, SET, explicit, write};
use super::super::private_key::PrivateKey;
use super::cipher::{ROUNDS, encrypt, random};
use super::kdf::{Password, wide};
use super::{mac, oid};
use crate::{Budget, FuncError};

/// A store of a key and its certificates, of which the first one is the key's.
pub(super) fn store(
    key: &PrivateKey,
    certificates: &[Certificate],
    password: &[u8],
    budget: &Budget<'_>,
) -> Result<Der, FuncError> {
    let password = Password::new(password, budget)?;
    let first = certificates.first().map(|certificate| &*certificate.der).unwrap_or_default();
    let print = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, first);
    let local_key = attribute(oid::LOCAL_KEY, &write(OCTETS, &[print.as_ref()]));
    let attributes = std::iter::once(&local_key[..]).chain(std::iter::repeat(&[][..]));
    let bags: Vec<Der> = certificates
        .iter()
        .zip(attributes)
        .map(|(certificate, attributes)| certificate_bag(certificate, attributes))
        .collect();
    let certificates = encrypted(&bags, &password, budget)?;
    let (algorithm, data) = encrypt(&key.to_pkcs8(), &password, budget)?;
    let shrouded = write(SEQUENCE, &[&algorithm, &write(OCTETS, &[&data])]);
    let bag = write(SEQUENCE, &[&bag(oid::SHROUDED_KEY_BAG, &shrouded, &local_key)]);
    finished(&[&certificates, &data_of(&bag)], &password, budget)
}

/// A store of certificates that Java trusts, each by the name of its subject.
pub(super) fn trust_store(
    certificates: &[Certificate],
    password: &[u8],
    budget: &Budget<'_>,
) -> Result<Der, FuncError> {
    let password = Password::new(password, budget)?;
    let trust = attribute(oid::JAVA_TRUST, &write(OID, &[oid::ANY_USAGE]));
    let mut bags = Vec::new();
    for certificate in certificates {
        budget.memory(4 * certificate.subject.len())?;
        let name = attribute(oid::FRIENDLY_NAME, &write(0x1e, &[&wide(&certificate.subject)?]));
        // DER has the members of a set in the order of their bytes, the shorter one first.
        let mut attributes = [&name[..], &trust[..]];
        attributes.sort_unstable();
        bags.push(certificate_bag(certificate, &attributes.concat()));
    }
    finished(&[&encrypted(&bags, &password, budget)?], &password, budget)
}

fn attribute(kind: &[u8], value: &[u8]) -> Der {
    write(SEQUENCE, &[&write(OID, &[kind]), &write(SET, &[value])])
}

/// A bag with its attributes, if it has any.
fn bag(kind: &[u8], value: &[u8], attributes: &[u8]) -> Der {
    let attributes = if attributes.is_empty() { Der::default() } else { write(SET, &[attributes]) };
    write(SEQUENCE, &[&write(OID, &[kind]), &write(explicit(0), &[value]), &attributes])
}

fn certificate_bag(certificate: &Certificate, attributes: &[u8]) -> Der {
    let content = write(explicit(0), &[&write(OCTETS, &[&certificate.der])]);
    bag(oid::CERTIFICATE_BAG, &write(SEQUENCE, &[&write(OID, &[oid::X509]), &content]), attributes)
}

/// Data as PKCS#7 has it.
fn data_of(content: &[u8]) -> Der {
    write(SEQUENCE, &[&write(OID, &[oid::DATA]), &write(explicit(0), &[&write(OCTETS, &[content])])])
}

/// Bags, encrypted.
fn encrypted(bags: &[Der], password: &Password, budget: &Budget<'_>) -> Result<Der, FuncError> {
    budget.memory(2 * bags.iter().map(|bag| bag.len()).sum::<usize>())?;
    let bags: Vec<&[u8]> = bags.iter().map(|bag| &bag[..]).collect();
    let (algorithm, data) = encrypt(&write(SEQUENCE, &bags), password, budget)?;
    let info = write(SEQUENCE, &[&write(OID, &[oid::DATA]), &algorithm, &write(0x80, &[&data])]);
    let content = write(SEQUENCE, &[&write(INTEGER, &[&[0]]), &info]);
    Ok(write(SEQUENCE, &[&write(OID, &[oid::ENCRYPTED]), &write(explicit(0), &[&content])]))
}

/// The store of these safes.
fn finished(safes: &[&[u8]], password: &Password, budget: &Budget<'_>) -> Result<Der, FuncError> {
    budget.memory(4 * safes.iter().map(|safe| safe.len()).sum::<usize>())?;
    let content = write(SEQUENCE, safes);
    let salt = random()?;
    let code = mac::code(&content, password, &salt, ROUNDS, budget)?;
    let hash = write(SEQUENCE, &[&write(OID, &[oid::SHA256]), &write(NULL, &[])]);
    let info = write(SEQUENCE, &[&hash, &write(OCTETS, &[code.as_ref()])]);
    let rounds = write(INTEGER, &[&ROUNDS.to_be_bytes()[2..]]);
    let mac = write(SEQUENCE, &[&info, &write(OCTETS, &[&salt]), &rounds]);
    Ok(write(SEQUENCE, &[&write(INTEGER, &[&[3]]), &data_of(&content), &mac]))
}
