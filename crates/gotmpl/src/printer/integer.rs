//! Whole numbers.

use super::{Flags, Printer, sign};
use crate::{Value, text};

impl Printer<'_> {
    /// Writes a whole number. One without a sign differs only in Go's syntax, where it is hexadecimal.
    pub(super) fn integer(&mut self, value: &Value, verb: char) {
        let number = value.as_integer().unwrap_or_default();
        match verb {
            'v' if self.flags.syntax && matches!(value, Value::Byte(_)) => {
                self.flags.sharp = true;
                self.digits(number, 16, verb);
                self.flags.sharp = false;
            }
            'v' | 'd' => self.digits(number, 10, verb),
            'b' => self.digits(number, 2, verb),
            'o' | 'O' => self.digits(number, 8, verb),
            'x' | 'X' => self.digits(number, 16, verb),
            'c' => self.pad(rune(number).encode_utf8(&mut [0; 4]).as_bytes()),
            'q' => self.quoted_rune(rune(number)),
            'U' => self.unicode(number),
            _ => self.bad_verb(Some(value), verb),
        }
    }

    fn digits(&mut self, number: i64, base: u64, verb: char) {
        let flags = self.flags;
        if base == 10 && flags == Flags::default() {
            return self.out.decimal(number);
        }
        if number == 0 && flags.precision == Some(0) {
            return self.out.fill(b' ', flags.width.unwrap_or(0));
        }
        let digits = in_base(number.unsigned_abs(), base);
        let noughts = "0".repeat(self.least_digits(number).saturating_sub(digits.len()));
        let octal = if verb == 'O' { "0o" } else { "" };
        let prefix = match base {
            2 if flags.sharp => "0b",
            8 if flags.sharp && noughts.is_empty() && !digits.starts_with('0') => "0",
            16 if flags.sharp => "0x",
            _ => "",
        };
        let shown = format!("{}{octal}{prefix}{noughts}{digits}", sign(number < 0, flags));
        let shown = if verb == 'X' { shown.to_uppercase() } else { shown };
        self.pad_blank(shown.as_bytes());
    }

    /// How many digits the precision asks for, or the width if it is to be filled with noughts.
    fn least_digits(&self, number: i64) -> usize {
        let flags = self.flags;
        let sign = sign(number < 0, flags).len();
        let width = flags.width.filter(|_| flags.zero && !flags.minus);
        flags.precision.or(width.map(|width| width.saturating_sub(sign))).unwrap_or(0)
    }

    /// The address of whatever it is. It is always the same one, or each rendering would differ from the last.
    pub(super) fn address(&mut self) {
        self.flags.sharp = !self.flags.sharp;
        self.digits(0xc0_0000_0000, 16, 'v');
    }

    fn quoted_rune(&mut self, c: char) {
        let mut out = vec![b'\''];
        text::escape_into(&mut out, c, '\'', self.flags.plus);
        out.push(b'\'');
        self.pad(&out);
    }

    /// `U+0041`, and the character itself behind it if `#` asks for it.
    fn unicode(&mut self, number: i64) {
        let precision = self.flags.precision.unwrap_or(4).max(4);
        let bits = u64::from_ne_bytes(number.to_ne_bytes());
        let digits = format!("{bits:X}");
        let noughts = "0".repeat(precision.saturating_sub(digits.len()));
        let known = u32::try_from(bits).ok().and_then(char::from_u32).filter(|c| text::is_print(*c));
        let shown = known.filter(|_| self.flags.sharp).map(|c| format!(" '{c}'")).unwrap_or_default();
        self.pad_blank(format!("U+{noughts}{digits}{shown}").as_bytes());
    }
}

/// The character of this number.
fn rune(number: i64) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

fn in_base(number: u64, base: u64) -> String {
    match base {
        2 => format!("{number:b}"),
        8 => format!("{number:o}"),
        16 => format!("{number:x}"),
        _ => number.to_string(),
    }
}
