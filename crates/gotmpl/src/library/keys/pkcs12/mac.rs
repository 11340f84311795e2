//! The code that tells a right password from a wrong one.

use aws_lc_rs::{constant_time, digest, hmac};

use super::super::der::{Der, OCTETS, OID, Reader, SEQUENCE};
use super::cipher::{Derivation, malformed, unsupported};
use super::kdf::{self, Password, Purpose};
use super::oid;
use crate::{Budget, FuncError};

/// The code of a store, as it stands there: its algorithm, itself, salt and rounds.
pub(super) struct Mac<'a> {
    algorithm: Reader<'a>,
    code: &'a [u8],
    salt: &'a [u8],
    rounds: u32,
}

impl<'a> Mac<'a> {
    /// Reads the content of MacData.
    pub(super) fn read(mut fields: Reader<'a>) -> Result<Self, FuncError> {
        let mut info = fields.inside(SEQUENCE).map_err(malformed)?;
        let algorithm = info.inside(SEQUENCE).map_err(malformed)?;
        let code = info.next(OCTETS).map_err(malformed)?;
        let salt = fields.next(OCTETS).map_err(malformed)?;
        let rounds = if fields.is_empty() { 1 } else { fields.number().map_err(malformed)? };
        Ok(Self { algorithm, code, salt, rounds })
    }

    /// Whether the password is the one of the store.
    pub(super) fn verifies(
        &self,
        message: &[u8],
        password: &Password,
        budget: &Budget<'_>,
    ) -> Result<bool, FuncError> {
        budget.steps(message.len() as u64 / 64)?;
        let mut algorithm = self.algorithm;
        let name = algorithm.next(OID).map_err(malformed)?;
        let (key, hash) = match name {
            oid::PBMAC1 => newest(algorithm, password, budget)?,
            oid::SHA1 => (
                self.key(&digest::SHA1_FOR_LEGACY_USE_ONLY, password, budget)?,
                hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            ),
            oid::SHA256 => (self.key(&digest::SHA256, password, budget)?, hmac::HMAC_SHA256),
            oid::SHA512 => (self.key(&digest::SHA512, password, budget)?, hmac::HMAC_SHA512),
            _ => {
                let name = oid::text(name);
                return Err(FuncError::failed(format!("pkcs12: MAC digest algorithm not supported: {name}")));
            }
        };
        let code = hmac::sign(&hmac::Key::new(hash, &key), message);
        Ok(constant_time::verify_slices_are_equal(code.as_ref(), self.code).is_ok())
    }

    fn key(
        &self,
        hash: &'static digest::Algorithm,
        password: &Password,
        budget: &Budget<'_>,
    ) -> Result<Der, FuncError> {
        kdf::derive(hash, &password.wide, self.salt, self.rounds, Purpose::Mac, hash.output_len(), budget)
    }
}

/// PBMAC1: the key and the hash.
fn newest(
    mut algorithm: Reader<'_>,
    password: &Password,
    budget: &Budget<'_>,
) -> Result<(Der, hmac::Algorithm), FuncError> {
    let mut parameters = algorithm.inside(SEQUENCE).map_err(malformed)?;
    let derivation = parameters.inside(SEQUENCE).map_err(malformed)?;
    let derivation = Derivation::read(derivation, ["PBMAC1 KDF algorithm", "PBMAC1 PRF", "PBMAC1/PBKDF2"])?;
    let name = parameters.inside(SEQUENCE).and_then(|mut mac| mac.next(OID)).map_err(malformed)?;
    let hash = match name {
        oid::HMAC_SHA1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        oid::HMAC_SHA256 => hmac::HMAC_SHA256,
        oid::HMAC_SHA512 => hmac::HMAC_SHA512,
        _ => return Err(unsupported("PBMAC1 MAC algorithm", name)),
    };
    let size = match derivation.size.unwrap_or_default() {
        0 => Err("PBMAC1 requires explicit KeyLength parameter in PBKDF2 parameters".to_owned()),
        size @ 1..20 => {
            Err(format!("PBMAC1 key length {size} is too short to be secure (minimum 20 octets)"))
        }
        size @ 20..=64 => Ok(size as usize),
        size => Err(format!("PBMAC1 key length {size} is too large (maximum 64 octets)")),
    };
    let size = size.map_err(|message| FuncError::failed(format!("pkcs12: {message}")))?;
    Ok((derivation.key(&password.utf8, size, budget)?, hash))
}

/// The code of a message with HMAC-SHA-256 and a key of this salt and so many rounds.
pub(super) fn code(
    message: &[u8],
    password: &Password,
    salt: &[u8],
    rounds: u32,
    budget: &Budget<'_>,
) -> Result<hmac::Tag, FuncError> {
    budget.steps(message.len() as u64 / 64)?;
    let key = kdf::derive(&digest::SHA256, &password.wide, salt, rounds, Purpose::Mac, 32, budget)?;
    Ok(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), message))
}
