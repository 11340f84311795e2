//! DER: values one after the other, read and written.

use x509_parser::asn1_rs::{Any, FromDer};
use zeroize::Zeroizing;

/// Bytes that may be a key.
pub(super) type Der = Zeroizing<Vec<u8>>;

/// It is no DER, or not the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The tag `[number]` of something that is explicit.
pub(super) const fn explicit(number: u8) -> u8 {
    0xa0 | number
}

/// A value of this tag, whose content are these parts.
pub(super) fn write(tag: u8, parts: &[&[u8]]) -> Der {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = Zeroizing::new(Vec::with_capacity(length + 10));
    out.push(tag);
    if let Ok(short @ 0..0x80) = u8::try_from(length) {
        out.push(short);
    } else {
        let bytes = length.to_be_bytes();
        let digits: Vec<u8> = bytes.iter().copied().skip_while(|byte| *byte == 0).collect();
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
        out.extend_from_slice(&digits);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A whole number that is not negative, from its bytes.
pub(super) fn write_unsigned(bytes: &[u8]) -> Der {
    let noughts = bytes.iter().take_while(|byte| **byte == 0).count();
    let digits = &bytes[noughts..];
    let sign: &[u8] = if digits.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    write(INTEGER, &[sign, digits])
}

/// Values that are read one after the other.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads these values.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next value: its tag, its content, and all of it.
    pub(super) fn any(&mut self) -> Result<(u8, &'a [u8], &'a [u8]), Malformed> {
        let (rest, value) = Any::from_der(self.0).map_err(|_| Malformed)?;
        let number = u8::try_from(value.tag().0).ok().filter(|number| *number < 31).ok_or(Malformed)?;
        let compound = if value.header.is_constructed() { 0x20 } else { 0 };
        let tag = (value.class() as u8) << 6 | compound | number;
        let whole = self.0.get(..self.0.len() - rest.len()).ok_or(Malformed)?;
        self.0 = rest;
        Ok((tag, value.data, whole))
    }

    /// The content of the next value, which has this tag.
    pub(super) fn next(&mut self, tag: u8) -> Result<&'a [u8], Malformed> {
        let (found, content, _) = self.any()?;
        if found == tag { Ok(content) } else { Err(Malformed) }
    }

    /// The values inside the next one, which has this tag.
    pub(super) fn inside(&mut self, tag: u8) -> Result<Self, Malformed> {
        self.next(tag).map(Self)
    }

    /// The content of the next value, if it has this tag.
    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<&'a [u8]>, Malformed> {
        if self.0.first() == Some(&tag) { self.next(tag).map(Some) } else { Ok(None) }
    }

    /// The next value, which is a whole number of few bytes that is not negative.
    pub(super) fn number(&mut self) -> Result<u32, Malformed> {
        let bytes = self.next(INTEGER)?;
        let digits = bytes.strip_prefix(&[0]).unwrap_or(bytes);
        if bytes.first().is_none_or(|byte| *byte >= 0x80) || digits.len() > 4 {
            return Err(Malformed);
        }
        Ok(digits.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// Whether nothing follows.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing follows.
    pub(super) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}
