//! Go's string and character literals.

use crate::text;

/// What a literal between double or back quotes stands for. None if an escape is wrong.
pub(super) fn string(literal: &[u8]) -> Option<Vec<u8>> {
    let (quote, body) = (literal.first()?, literal.get(1..literal.len().checked_sub(1)?)?);
    if *quote == b'`' {
        return Some(body.iter().copied().filter(|byte| *byte != b'\r').collect());
    }
    let (mut out, mut rest) = (Vec::with_capacity(body.len()), body);
    while !rest.is_empty() {
        let (unit, length) = unit(rest, *quote)?;
        match unit {
            Unit::Byte(byte) => out.push(byte),
            Unit::Char(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        rest = &rest[length..];
    }
    Some(out)
}

/// What a literal between single quotes stands for, and whether that is all of it. None if an escape is wrong.
pub(super) fn character(literal: &[u8]) -> Option<(u32, bool)> {
    let rest = literal.get(1..)?;
    let (unit, length) = unit(rest, b'\'')?;
    let value = match unit {
        Unit::Byte(byte) => u32::from(byte),
        Unit::Char(c) => u32::from(c),
    };
    Some((value, rest[length..] == *b"'"))
}

/// What an escape or a character stands for: a character, or a byte that need not be one.
enum Unit {
    Byte(u8),
    Char(char),
}

fn unit(bytes: &[u8], quote: u8) -> Option<(Unit, usize)> {
    let (c, length) = text::decode(bytes);
    if c == char::from(quote) || c == '\n' || length == 0 {
        return None;
    }
    if c != '\\' {
        return Some((Unit::Char(c), length));
    }
    let escape = *bytes.get(1)?;
    let unit = match escape {
        b'x' => return Some((Unit::Byte(u8::try_from(digits(bytes, 2, 2, 16)?).ok()?), 4)),
        b'u' => return Some((Unit::Char(char::from_u32(digits(bytes, 2, 4, 16)?)?), 6)),
        b'U' => return Some((Unit::Char(char::from_u32(digits(bytes, 2, 8, 16)?)?), 10)),
        b'0'..=b'7' => return Some((Unit::Byte(u8::try_from(digits(bytes, 1, 3, 8)?).ok()?), 4)),
        _ => simple(escape, quote)?,
    };
    Some((Unit::Byte(unit), 2))
}

/// The escapes of one letter.
fn simple(escape: u8, quote: u8) -> Option<u8> {
    Some(match escape {
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        b'\\' => b'\\',
        _ if escape == quote => quote,
        _ => return None,
    })
}

/// The number that these digits are.
fn digits(bytes: &[u8], from: usize, count: usize, base: u32) -> Option<u32> {
    let digits = bytes.get(from..from + count)?;
    digits.iter().try_fold(0, |number, digit| Some(number * base + char::from(*digit).to_digit(base)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_escapes_as_bytes_or_characters() {
        assert_eq!(string(br#""a\xff\u00e9\101\n\"""#), Some(b"a\xff\xc3\xa9A\n\"".to_vec()));
        assert_eq!(string(b"`a\\n\r`"), Some(b"a\\n".to_vec()));
    }

    #[test]
    fn refuses_wrong_escapes() {
        for literal in [r#""\q""#, r#""\x1""#, r#""\ud800""#, r#""\400""#, r#""\'""#] {
            assert_eq!(string(literal.as_bytes()), None, "{literal}");
        }
    }
}
