//! What is encrypted with a password: PBES2 with AES, and the ciphers of old to read.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptionContext, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{digest, pbkdf2};
use rc2::Rc2;
use rc2::cipher::{Block, BlockCipherDecrypt};

use super::super::der::{Der, INTEGER, Malformed, NULL, OCTETS, OID, Reader, SEQUENCE, write};
use super::kdf::{self, Password, Purpose};
use super::oid;
use crate::{Budget, FuncError};

/// The rounds of the stores that are written.
pub(super) const ROUNDS: u32 = 2048;

const WRONG_PADDING: &str = "pkcs12: decryption error, incorrect padding";

/// What is no DER.
pub(super) fn malformed(_: Malformed) -> FuncError {
    FuncError::failed("asn1: syntax error")
}

pub(super) fn unsupported(what: &str, oid: &[u8]) -> FuncError {
    FuncError::failed(format!("pkcs12: {what} {} is not supported", oid::text(oid)))
}

/// A cipher with its key.
enum Cipher {
    Aes(UnboundCipherKey, [u8; 16]),
    TripleDes(UnboundCipherKey, [u8; 8]),
    Rc2(Box<Rc2>, [u8; 8]),
}

/// Decrypts with the algorithm of this content.
pub(super) fn decrypt(
    algorithm: Reader<'_>,
    data: &[u8],
    password: &Password,
    budget: &Budget<'_>,
) -> Result<Der, FuncError> {
    let cipher = cipher(algorithm, password, budget)?;
    let block = if matches!(cipher, Cipher::Aes(..)) { 16 } else { 8 };
    if data.is_empty() {
        return Err(FuncError::failed("pkcs12: empty encrypted data"));
    }
    if !data.len().is_multiple_of(block) {
        return Err(FuncError::failed("pkcs12: input is not a multiple of the block size"));
    }
    budget.memory(data.len())?;
    budget.steps(data.len() as u64 / 64)?;
    let mut plain = Der::new(data.to_vec());
    let failed = |_| FuncError::failed(WRONG_PADDING);
    match cipher {
        Cipher::Aes(key, start) => {
            let context = DecryptionContext::Iv128(FixedLength::from(start));
            DecryptingKey::cbc(key)
                .and_then(|key| key.decrypt(&mut plain, context).map(|_| ()))
                .map_err(failed)?;
        }
        Cipher::TripleDes(key, start) => {
            let context = DecryptionContext::Iv64(FixedLength::from(start));
            DecryptingKey::cbc(key)
                .and_then(|key| key.decrypt(&mut plain, context).map(|_| ()))
                .map_err(failed)?;
        }
        Cipher::Rc2(cipher, start) => chained(&cipher, start, &mut plain),
    }
    unpad(&mut plain, block)?;
    Ok(plain)
}

/// Takes the padding off.
fn unpad(plain: &mut Der, block: usize) -> Result<(), FuncError> {
    let last = plain.last().copied().unwrap_or_default();
    let count = usize::from(last);
    let padding = plain.len().checked_sub(count).and_then(|start| plain.get(start..));
    if count == 0 || count > block || padding.is_none_or(|bytes| bytes.iter().any(|byte| *byte != last)) {
        return Err(FuncError::failed(WRONG_PADDING));
    }
    let length = plain.len() - count;
    plain.truncate(length);
    Ok(())
}

/// RC2 in CBC.
fn chained(cipher: &Rc2, start: [u8; 8], data: &mut [u8]) {
    let mut before = start;
    let (blocks, _) = data.as_chunks_mut::<8>();
    for chunk in blocks {
        let encrypted = *chunk;
        let mut block = Block::<Rc2>::from(encrypted);
        cipher.decrypt_block(&mut block);
        for (byte, (plain, previous)) in chunk.iter_mut().zip(block.iter().zip(before)) {
            *byte = plain ^ previous;
        }
        before = encrypted;
    }
}

fn cipher(mut algorithm: Reader<'_>, password: &Password, budget: &Budget<'_>) -> Result<Cipher, FuncError> {
    let name = algorithm.next(OID).map_err(malformed)?;
    let size = match name {
        oid::PBES2 => return aes(algorithm, password, budget),
        oid::SHA1_TRIPLE_DES => 24,
        oid::SHA1_RC2_128 => 16,
        oid::SHA1_RC2_40 => 5,
        _ => return Err(unsupported("pbe algorithm", name)),
    };
    let mut parameters = algorithm.inside(SEQUENCE).map_err(malformed)?;
    let salt = parameters.next(OCTETS).map_err(malformed)?;
    let rounds = parameters.number().map_err(malformed)?;
    let derive = |purpose, size| {
        kdf::derive(&digest::SHA1_FOR_LEGACY_USE_ONLY, &password.wide, salt, rounds, purpose, size, budget)
    };
    let key = derive(Purpose::Key, size)?;
    let start: [u8; 8] = derive(Purpose::Start, 8)?.as_slice().try_into().unwrap_or_default();
    if size == 24 {
        return Ok(Cipher::TripleDes(triple_des(&key)?, start));
    }
    Ok(Cipher::Rc2(Box::new(Rc2::new_with_eff_key_len(&key, 8 * size)), start))
}

#[expect(deprecated, reason = "stores of old are encrypted with it; it only decrypts")]
fn triple_des(key: &[u8]) -> Result<UnboundCipherKey, FuncError> {
    let key = UnboundCipherKey::new(&aws_lc_rs::cipher::DES_EDE3_FOR_LEGACY_USE_ONLY, key);
    key.map_err(|_| FuncError::failed(WRONG_PADDING))
}

/// The parameters of PBKDF2: salt, rounds, the length of the key if it is told, and the hash.
pub(super) struct Derivation<'a> {
    pub(super) salt: &'a [u8],
    pub(super) rounds: u32,
    pub(super) size: Option<u32>,
    pub(super) hash: pbkdf2::Algorithm,
}

impl<'a> Derivation<'a> {
    /// Reads them. Errors speak of `what`, and of `hash` where that is meant.
    pub(super) fn read(mut algorithm: Reader<'a>, what: [&str; 3]) -> Result<Self, FuncError> {
        let name = algorithm.next(OID).map_err(malformed)?;
        if name != oid::PBKDF2 {
            return Err(unsupported(what[0], name));
        }
        let mut parameters = algorithm.inside(SEQUENCE).map_err(malformed)?;
        let (tag, salt, _) = parameters.any().map_err(malformed)?;
        if tag != OCTETS {
            return Err(FuncError::failed(format!(
                "pkcs12: only octet string salts are supported for {}",
                what[2]
            )));
        }
        let rounds = parameters.number().map_err(malformed)?;
        let mut after = parameters;
        let size = if after.any().is_ok_and(|(tag, ..)| tag == INTEGER) {
            Some(parameters.number().map_err(malformed)?)
        } else {
            None
        };
        let mut hash = pbkdf2::PBKDF2_HMAC_SHA1;
        if !parameters.is_empty() {
            let name = parameters.inside(SEQUENCE).and_then(|mut prf| prf.next(OID)).map_err(malformed)?;
            hash = match name {
                oid::HMAC_SHA1 => pbkdf2::PBKDF2_HMAC_SHA1,
                oid::HMAC_SHA256 => pbkdf2::PBKDF2_HMAC_SHA256,
                oid::HMAC_SHA512 => pbkdf2::PBKDF2_HMAC_SHA512,
                _ => return Err(unsupported(what[1], name)),
            };
        }
        Ok(Self { salt, rounds, size, hash })
    }

    /// A key of so many bytes.
    pub(super) fn key(&self, password: &[u8], size: usize, budget: &Budget<'_>) -> Result<Der, FuncError> {
        kdf::pbkdf2(self.hash, password, self.salt, self.rounds, size, budget)
    }
}

fn aes(mut algorithm: Reader<'_>, password: &Password, budget: &Budget<'_>) -> Result<Cipher, FuncError> {
    let mut parameters = algorithm.inside(SEQUENCE).map_err(malformed)?;
    let derivation = parameters.inside(SEQUENCE).map_err(malformed)?;
    let derivation = Derivation::read(derivation, ["pbes2 kdf algorithm", "pbes2 prf", "pbes2/pbkdf2"])?;
    let mut scheme = parameters.inside(SEQUENCE).map_err(malformed)?;
    let name = scheme.next(OID).map_err(malformed)?;
    let (algorithm, size) = match name {
        oid::AES_256 => (&AES_256, 32),
        oid::AES_192 => (&AES_192, 24),
        oid::AES_128 => (&AES_128, 16),
        _ => return Err(unsupported("pbes2 algorithm", name)),
    };
    let key = derivation.key(&password.utf8, size, budget)?;
    let start = scheme.next(OCTETS).map_err(malformed)?;
    let start: [u8; 16] = start.try_into().map_err(|_| {
        FuncError::failed(format!(
            "pkcs12: invalid IV length in PBES2 encryption scheme (IV length {} does not match block size 16)",
            start.len()
        ))
    })?;
    let key = UnboundCipherKey::new(algorithm, &key).map_err(|_| FuncError::failed(WRONG_PADDING))?;
    Ok(Cipher::Aes(key, start))
}

/// Encrypts with AES-256 and a key of PBKDF2 with HMAC-SHA-256. Gives the algorithm and what is encrypted.
pub(super) fn encrypt(
    plain: &[u8],
    password: &Password,
    budget: &Budget<'_>,
) -> Result<(Der, Der), FuncError> {
    let failed = |_| FuncError::failed("pkcs12: encryption failed");
    budget.memory(2 * plain.len() + 32)?;
    budget.steps(plain.len() as u64 / 64)?;
    let (salt, start): ([u8; 16], [u8; 16]) = (random()?, random()?);
    let key = kdf::pbkdf2(pbkdf2::PBKDF2_HMAC_SHA256, &password.utf8, &salt, ROUNDS, 32, budget)?;
    let mut data = Der::new(Vec::with_capacity(plain.len() + 16));
    data.extend_from_slice(plain);
    let key = UnboundCipherKey::new(&AES_256, &key)
        .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
        .map_err(failed)?;
    let context = EncryptionContext::Iv128(FixedLength::from(start));
    key.less_safe_encrypt(&mut *data, context).map_err(failed)?;
    let hash = write(SEQUENCE, &[&write(OID, &[oid::HMAC_SHA256]), &write(NULL, &[])]);
    let rounds = write(INTEGER, &[&ROUNDS.to_be_bytes()[2..]]);
    let derivation = write(SEQUENCE, &[&write(OCTETS, &[&salt]), &rounds, &hash]);
    let derivation = write(SEQUENCE, &[&write(OID, &[oid::PBKDF2]), &derivation]);
    let scheme = write(SEQUENCE, &[&write(OID, &[oid::AES_256]), &write(OCTETS, &[&start])]);
    let parameters = write(SEQUENCE, &[&derivation, &scheme]);
    Ok((write(SEQUENCE, &[&write(OID, &[oid::PBES2]), &parameters]), data))
}

/// Random bytes.
pub(super) fn random() -> Result<[u8; 16], FuncError> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| FuncError::failed("pkcs12: no random bytes"))?;
    Ok(bytes)
}
