//! `b64enc`, `b64dec`, `b32enc`, `b32dec`, `hexdec`. What cannot be decoded becomes a text that says so: that is how
//! sprig has it.

use data_encoding::{BASE32, BASE64};

use super::{Result, Shelf};
use crate::Type::Str;
use crate::text::unicode;
use crate::{Call, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let one = Signature::new(&[Str]);
    shelf
        .add("b64enc", one, |call| call.string(BASE64.encode(&call.bytes(0))))
        .add("b32enc", one, |call| call.string(BASE32.encode(&call.bytes(0))))
        .add("b64dec", one, |call| decoded(call, |text| base64(text).map_err(|at| corrupt("base64", at))))
        .add("b32dec", one, |call| decoded(call, |text| base32(text).map_err(|at| corrupt("base32", at))))
        .add("hexdec", one, |call| decoded(call, hexadecimal));
}

fn decoded(call: &Call<'_>, decode: fn(&[u8]) -> std::result::Result<Vec<u8>, String>) -> Result {
    match decode(&call.bytes(0)) {
        Ok(bytes) => call.string(bytes),
        Err(message) => call.string(message),
    }
}

fn corrupt(encoding: &str, at: usize) -> String {
    format!("illegal {encoding} data at input byte {at}")
}

/// The value of a digit of base64.
fn digit64(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// The value of a digit of base32.
fn digit32(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'2'..=b'7' => Some(byte - b'2' + 26),
        _ => None,
    }
}

/// Bits that are put together to bytes.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    /// So many bits more.
    fn push(&mut self, digit: u8, width: u32) {
        self.pending = (self.pending << width | u32::from(digit)) & 0xffff;
        self.count += width;
        if self.count >= 8 {
            self.count -= 8;
            self.bytes.push((self.pending >> self.count).to_le_bytes()[0]);
        }
    }
}

/// Decodes base64 as Go does: line breaks do not matter, bits that are left over neither; or tells where it is wrong.
pub(super) fn base64(text: &[u8]) -> std::result::Result<Vec<u8>, usize> {
    let mut bits = Bits { bytes: Vec::with_capacity(text.len() / 4 * 3 + 3), ..Bits::default() };
    let mut rest = text.iter().enumerate().filter(|(_, byte)| !matches!(byte, b'\n' | b'\r'));
    let mut place = 0;
    while let Some((at, byte)) = rest.next() {
        if let Some(digit) = digit64(*byte) {
            bits.push(digit, 6);
            place = (place + 1) % 4;
            continue;
        }
        if *byte != b'=' || place < 2 {
            return Err(at);
        }
        if place == 2 {
            match rest.next() {
                None => return Err(text.len()),
                // Go tells the byte before the one that it expected to be another sign of the end.
                Some((next, byte)) if *byte != b'=' => return Err(next - 1),
                Some(_) => {}
            }
        }
        return rest.next().map_or(Ok(bits.bytes), |(at, _)| Err(at));
    }
    if place == 0 { Ok(bits.bytes) } else { Err(text.len() - place) }
}

/// Decodes base32 as Go does.
fn base32(text: &[u8]) -> std::result::Result<Vec<u8>, usize> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let mut bits = Bits { bytes: Vec::with_capacity(text.len() / 8 * 5 + 5), ..Bits::default() };
    for (at, byte) in text.iter().enumerate() {
        let (place, behind) = (at % 8, text.len() - at - 1);
        if *byte == b'=' && place >= 2 && behind < 8 {
            return padded(&text, at).map(|()| bits.bytes);
        }
        bits.push(digit32(*byte).ok_or(at)?, 5);
    }
    let left = text.len() % 8;
    if left == 0 { Ok(bits.bytes) } else { Err(text.len() - left) }
}

/// Whether what begins at the first sign of the end is a proper end.
fn padded(text: &[u8], at: usize) -> std::result::Result<(), usize> {
    let (place, behind) = (at % 8, text.len() - at - 1);
    if behind + place < 7 {
        return Err(text.len());
    }
    let signs = text.iter().skip(at + 1).take(7 - place);
    if let Some(wrong) = signs.into_iter().position(|byte| *byte != b'=') {
        return Err(at + wrong);
    }
    if matches!(place, 1 | 3 | 6) { Err(at) } else { Ok(()) }
}

fn hexadecimal(text: &[u8]) -> std::result::Result<Vec<u8>, String> {
    let digit = |byte: u8| {
        let value = char::from(byte).to_digit(16);
        let wrong = || format!("encoding/hex: invalid byte: {}", unicode(char::from(byte)));
        value.map(|value| value.to_le_bytes()[0]).ok_or_else(wrong)
    };
    let (pairs, odd) = text.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Ok(digit(*high)? << 4 | digit(*low)?)).collect();
    match (&bytes, odd) {
        (Ok(_), [last]) => {
            Err(digit(*last).err().unwrap_or_else(|| "encoding/hex: odd length hex string".to_owned()))
        }
        _ => bytes,
    }
}
