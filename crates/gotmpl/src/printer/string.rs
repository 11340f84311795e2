//! Strings.

use zeroize::Zeroizing;

use super::Printer;
use crate::{Value, text};

impl Printer<'_> {
    /// Writes the text of a value.
    pub(super) fn string(&mut self, bytes: &[u8], value: &Value, verb: char) {
        match verb {
            'v' if self.flags.syntax => self.quoted(bytes),
            'v' | 's' => self.plain(bytes),
            'x' => self.hex(bytes, b"0123456789abcdefx"),
            'X' => self.hex(bytes, b"0123456789ABCDEFX"),
            'q' => self.quoted(bytes),
            _ => self.bad_verb(Some(value), verb),
        }
    }

    /// As it is, but no longer than the precision.
    pub(super) fn plain(&mut self, bytes: &[u8]) {
        self.pad(self.cut(bytes));
    }

    /// As many characters as the precision allows.
    fn cut<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(precision) = self.flags.precision else { return bytes };
        let length = text::runes(bytes).take(precision).map(|(_, length)| length).sum();
        &bytes[..length]
    }

    /// As a Go literal: between back quotes if `#` asks for it and it can be, else between double quotes.
    fn quoted(&mut self, bytes: &[u8]) {
        let bytes = self.cut(bytes);
        let mut out = Zeroizing::new(Vec::with_capacity(4 * bytes.len() + 2));
        if self.flags.sharp && can_back_quote(bytes) {
            out.push(b'`');
            out.extend_from_slice(bytes);
            out.push(b'`');
        } else {
            text::quote_into(&mut *out, bytes, self.flags.plus);
        }
        self.pad(&out);
    }

    /// As hexadecimal digits. The last of `digits` is the letter of the prefix.
    fn hex(&mut self, bytes: &[u8], digits: &[u8; 17]) {
        let bytes = &bytes[..self.flags.precision.unwrap_or(bytes.len()).min(bytes.len())];
        let mut out = Zeroizing::new(Vec::with_capacity(5 * bytes.len()));
        for (index, byte) in bytes.iter().enumerate() {
            if index > 0 && self.flags.space {
                out.push(b' ');
            }
            if self.flags.sharp && (index == 0 || self.flags.space) {
                out.extend_from_slice(&[b'0', digits[16]]);
            }
            out.extend([byte >> 4, byte & 15].map(|digit| digits[usize::from(digit)]));
        }
        self.pad(&out);
    }
}

fn can_back_quote(bytes: &[u8]) -> bool {
    text::runes(bytes).all(|(c, length)| {
        let invalid = c == char::REPLACEMENT_CHARACTER && length == 1;
        let control = c < ' ' && c != '\t';
        !(invalid || control || matches!(c, '`' | '\x7f' | '\u{feff}'))
    })
}
