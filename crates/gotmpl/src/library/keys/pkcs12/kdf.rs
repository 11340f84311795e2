//! Keys from passwords: PKCS#12's own derivation, and PBKDF2.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, pbkdf2};

use super::super::der::Der;
use crate::{Budget, FuncError};

/// What a key is for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Start = 2,
    Mac = 3,
}

/// So many rounds of a hash are one step.
const ROUNDS_PER_STEP: u64 = 4;

/// A password as PKCS#12 has it: UTF-16 with a nought at the end, or nothing at all.
pub(super) struct Password {
    pub(super) wide: Der,
    pub(super) utf8: Der,
}

impl Password {
    /// This password.
    ///
    /// # Errors
    /// If it has characters that take more than 16 bits.
    pub(super) fn new(bytes: &[u8], budget: &Budget<'_>) -> Result<Self, FuncError> {
        budget.memory(6 * bytes.len() + 2)?;
        let mut wide = Der::new(Vec::with_capacity(2 * bytes.len() + 2));
        let mut utf8 = Der::new(Vec::with_capacity(3 * bytes.len()));
        for (c, _) in crate::text::runes(bytes) {
            wide.extend_from_slice(&unit(c)?);
            utf8.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
        wide.extend_from_slice(&[0, 0]);
        Ok(Self { wide, utf8 })
    }

    /// No password, which some make of an empty one.
    pub(super) fn none() -> Self {
        Self { wide: Der::default(), utf8: Der::default() }
    }

    /// Whether it is empty.
    pub(super) fn is_empty(&self) -> bool {
        self.utf8.is_empty()
    }
}

/// The text in UTF-16, which must have room for each of its characters.
pub(super) fn wide(text: &str) -> Result<Vec<u8>, FuncError> {
    let mut out = Vec::with_capacity(2 * text.len());
    for c in text.chars() {
        out.extend_from_slice(&unit(c)?);
    }
    Ok(out)
}

fn unit(c: char) -> Result<[u8; 2], FuncError> {
    let refused = |_| FuncError::failed("pkcs12: string contains characters that cannot be encoded in UCS-2");
    u16::try_from(u32::from(c)).map(u16::to_be_bytes).map_err(refused)
}

/// Derives `size` bytes in PKCS#12's way (RFC 7292, appendix B.2).
pub(super) fn derive(
    hash: &'static digest::Algorithm,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    purpose: Purpose,
    size: usize,
    budget: &Budget<'_>,
) -> Result<Der, FuncError> {
    let block = hash.block_len();
    budget.memory(2 * (salt.len() + password.len()) + 2 * block)?;
    let mut input = Der::new([filled(salt, block), filled(password, block)].concat());
    let mut derived = Der::new(Vec::with_capacity(size + hash.output_len()));
    while derived.len() < size {
        budget.steps(1 + u64::from(rounds) / ROUNDS_PER_STEP + input.len() as u64 / 64)?;
        let mut context = digest::Context::new(hash);
        context.update(&vec![purpose as u8; block]);
        context.update(&input);
        let mut sum = context.finish();
        for _ in 1..rounds {
            sum = digest::digest(hash, sum.as_ref());
        }
        derived.extend_from_slice(sum.as_ref());
        let addend = filled(sum.as_ref(), block);
        input.chunks_exact_mut(block).for_each(|chunk| add(chunk, &addend));
    }
    derived.truncate(size);
    Ok(derived)
}

/// Copies of the bytes, up to a whole number of blocks.
fn filled(bytes: &[u8], block: usize) -> Vec<u8> {
    let length = bytes.len().div_ceil(block) * block;
    bytes.iter().copied().cycle().take(length).collect()
}

/// Adds a number, and one, to a number of as many bytes.
fn add(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1;
    for (byte, more) in number.iter_mut().zip(addend).rev() {
        let sum = u16::from(*byte) + u16::from(*more) + carry;
        *byte = sum.to_be_bytes()[1];
        carry = sum >> 8;
    }
}

/// Derives `size` bytes by PBKDF2.
pub(super) fn pbkdf2(
    hash: pbkdf2::Algorithm,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    size: usize,
    budget: &Budget<'_>,
) -> Result<Der, FuncError> {
    budget.steps((1 + u64::from(rounds) / ROUNDS_PER_STEP).saturating_mul(size.div_ceil(20) as u64))?;
    let mut key = Der::new(vec![0; size]);
    pbkdf2::derive(hash, NonZeroU32::new(rounds).unwrap_or(NonZeroU32::MIN), salt, password, &mut key);
    Ok(key)
}
