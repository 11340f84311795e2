//! `randAlpha`, `randAlphaNum`, `randNumeric`, `randAscii`, `randBytes`, `randInt`, `shuffle`, `uuidv4`: all of them by a
//! cryptographic source, also where sprig takes another.

use data_encoding::{BASE64, HEXLOWER};

use super::{Outcome, Result, Shelf, refuse, text};
use crate::Type::{Int, Str};
use crate::text::runes;
use crate::{Call, Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let count = Signature::new(&[Int]);
    shelf
        .add("randAlpha", count, |call| of(call, |c| c.is_ascii_alphabetic()))
        .add("randAlphaNum", count, |call| of(call, |c| c.is_ascii_alphanumeric()))
        .add("randNumeric", count, |call| of(call, |c| c.is_ascii_digit()))
        .add("randAscii", count, |call| of(call, |_| true))
        .add("randBytes", count, |call| {
            let Ok(count) = usize::try_from(call.int(0)) else {
                return refuse("runtime error: makeslice: len out of range");
            };
            call.budget().memory(count)?;
            let mut bytes = vec![0; count];
            fill(&mut bytes)?;
            call.string(BASE64.encode(&bytes))
        })
        .add("randInt", Signature::new(&[Int, Int]), |call| {
            let (least, end) = (call.int(0), call.int(1));
            match u64::try_from(end.wrapping_sub(least)) {
                Ok(span) if span > 0 => Ok(Value::Int(least.wrapping_add(below(span)?.cast_signed()))),
                _ => refuse("invalid argument to Intn"),
            }
        })
        .add("shuffle", Signature::new(&[Str]), shuffled)
        .add("uuidv4", Signature::new(&[]), uuid);
}

/// Fills the bytes with random ones.
pub(super) fn fill(bytes: &mut [u8]) -> Outcome<()> {
    aws_lc_rs::rand::fill(bytes).or_else(|_| refuse("there is no randomness"))
}

/// A random number below `end`, each as likely as the others.
fn below(end: u64) -> Outcome<u64> {
    let mut bytes = [0; 8];
    // Numbers beyond the last whole multiple would make small ones likelier.
    let beyond = u64::MAX - u64::MAX % end;
    loop {
        fill(&mut bytes)?;
        let number = u64::from_le_bytes(bytes);
        if number < beyond {
            return Ok(number % end);
        }
    }
}

/// So many random characters of those between space and tilde that are wanted. Less than nought is none.
fn of(call: &Call<'_>, wanted: fn(char) -> bool) -> Result {
    let characters: Vec<u8> = (b' '..=b'~').filter(|byte| wanted(char::from(*byte))).collect();
    let count = usize::try_from(call.int(0)).unwrap_or_default();
    call.budget().memory(count)?;
    call.budget().steps(count as u64 / 16)?;
    let mut out = Vec::with_capacity(count);
    for _ in 0..count {
        let index = usize::try_from(below(characters.len() as u64)?).unwrap_or_default();
        out.extend(characters.get(index));
    }
    Ok(Value::Str(out.into()))
}

/// The characters in a random order.
fn shuffled(call: &Call<'_>) -> Result {
    let bytes = call.bytes(0);
    call.budget().memory(4 * bytes.len())?;
    let mut characters: Vec<char> = runes(&bytes).map(|(c, _)| c).collect();
    for last in (1..characters.len()).rev() {
        let other = usize::try_from(below(last as u64 + 1)?).unwrap_or_default();
        characters.swap(last, other);
    }
    text(call, |out| characters.iter().for_each(|c| out.char(*c)))
}

/// A random UUID.
fn uuid(call: &Call<'_>) -> Result {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let digits = HEXLOWER.encode(&bytes);
    let part = |from, to| digits.get(from..to).unwrap_or_default();
    call.string([part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-"))
}
