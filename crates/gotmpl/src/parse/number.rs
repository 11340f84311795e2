//! Go's number literals.

use super::unquote;
use crate::ParseErrorKind;
use crate::ast::Number;
use crate::lex::Kind;
use crate::text;

/// The number that the literal is, as each type that can hold it.
pub(super) fn parse(literal: &str, kind: &Kind) -> Result<Number, ParseErrorKind> {
    if *kind == Kind::CharConstant {
        return character(literal);
    }
    if *kind == Kind::Complex || literal.ends_with('i') {
        return Err(ParseErrorKind::Unsupported("complex numbers"));
    }
    let (mut int, mut uint) = (signed(literal), unsigned(literal));
    if int == Some(0) {
        uint = Some(0);
    }
    let float = match (int, uint) {
        (Some(int), _) => Some(int as f64),
        (None, Some(uint)) => Some(uint as f64),
        (None, None) => {
            let float = float_only(literal)?;
            int = whole(float, -9_223_372_036_854_775_808.0, 9_223_372_036_854_775_808.0);
            uint = whole(float, 0.0, 18_446_744_073_709_551_616.0);
            Some(float)
        }
    };
    Ok(Number { text: literal.to_owned(), int, uint, float })
}

fn syntax(message: String) -> ParseErrorKind {
    ParseErrorKind::Syntax(message)
}

fn character(literal: &str) -> Result<Number, ParseErrorKind> {
    let (value, complete) =
        unquote::character(literal.as_bytes()).ok_or_else(|| syntax("invalid syntax".into()))?;
    if !complete {
        return Err(syntax(format!("malformed character constant: {literal}")));
    }
    let (int, uint, float) = (Some(value.into()), Some(value.into()), Some(value.into()));
    Ok(Number { text: literal.to_owned(), int, uint, float })
}

/// A literal that is no integer. One that looks like one is too large.
fn float_only(literal: &str) -> Result<f64, ParseErrorKind> {
    match float(literal) {
        None => Err(syntax(format!("illegal number syntax: {}", text::quoted(literal)))),
        Some(_) if !literal.contains(['.', 'e', 'E', 'p', 'P']) => {
            Err(syntax(format!("integer overflow: {}", text::quoted(literal))))
        }
        Some(float) => Ok(float),
    }
}

/// The float as an integer, if it is one within these bounds.
fn whole<T: TryFrom<i128>>(float: f64, least: f64, beyond: f64) -> Option<T> {
    let whole = float >= least && float < beyond && float.fract() == 0.0;
    if whole { T::try_from(float as i128).ok() } else { None }
}

pub(crate) fn signed(literal: &str) -> Option<i64> {
    let (negative, digits) = match literal.as_bytes().first()? {
        b'-' => (true, &literal[1..]),
        b'+' => (false, &literal[1..]),
        _ => (false, literal),
    };
    let magnitude = i128::from(unsigned(digits)?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

fn unsigned(literal: &str) -> Option<u64> {
    if !underscores_separate(literal) || literal.starts_with(['+', '-']) {
        return None;
    }
    let digits = literal.replace('_', "");
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits.as_str()),
    };
    let plain = digits.bytes().next().is_some_and(|first| first.is_ascii_hexdigit());
    if plain { u64::from_str_radix(digits, base).ok() } else { None }
}

pub(crate) fn float(literal: &str) -> Option<f64> {
    if !underscores_separate(literal) {
        return None;
    }
    let digits = literal.replace('_', "");
    let unsigned = digits.trim_start_matches(['+', '-']);
    if let Some(hex) = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X")) {
        let magnitude = hex_float(hex)?;
        return Some(if digits.starts_with('-') { -magnitude } else { magnitude });
    }
    digits.parse().ok().filter(|float: &f64| float.is_finite())
}

/// Whether each underscore stands between two digits, or between a prefix and a digit.
fn underscores_separate(literal: &str) -> bool {
    let unsigned = literal.strip_prefix(['+', '-']).unwrap_or(literal);
    let prefix = unsigned.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (prefixed, hex) = (matches!(prefix.as_str(), "0x" | "0o" | "0b"), prefix == "0x");
    let (digits, mut last) =
        if prefixed { (&unsigned.as_bytes()[2..], b'0') } else { (unsigned.as_bytes(), b'!') };
    for byte in digits {
        let digit = byte.is_ascii_digit() || hex && byte.is_ascii_hexdigit();
        if (*byte == b'_' && last != b'0') || (*byte != b'_' && !digit && last == b'_') {
            return false;
        }
        last = if digit { b'0' } else { *byte };
    }
    last != b'_'
}

/// A hexadecimal float behind its `0x`: `1.8p3`.
fn hex_float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut power = exponent.parse::<i64>().ok()?.checked_sub(4 * i64::try_from(fraction.len()).ok()?)?;
    let mut value: u64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        let digit = u64::from(char::from(digit).to_digit(16)?);
        if value >> 60 == 0 {
            value = value << 4 | digit;
        } else {
            value |= u64::from(digit != 0);
            power = power.checked_add(4)?;
        }
    }
    scale(value, power).filter(|float| float.is_finite())
}

/// `value` times two to this power, rounded to the nearest even. The lowest bit of a full value is sticky.
fn scale(value: u64, power: i64) -> Option<f64> {
    if value == 0 || power < -2000 {
        return Some(0.0);
    }
    let length = i64::from(u64::BITS - value.leading_zeros());
    let dropped = (length - 53).max(-1074 - power).max(0);
    let kept = value.checked_shr(u32::try_from(dropped).ok()?).unwrap_or(0);
    let half = 1_u128 << dropped.min(100) >> 1;
    let rest = u128::from(value) & ((1_u128 << dropped.min(100)) - 1);
    let up = dropped > 0 && (rest > half || rest == half && kept & 1 == 1);
    let power = i32::try_from(power + dropped).ok()?;
    let (first, second) = (power / 2, power - power / 2);
    Some((kept + u64::from(up)) as f64 * 2_f64.powi(first) * 2_f64.powi(second))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_hexadecimal_floats() {
        for (text, value) in [
            ("1p-2", 0.25),
            ("1.8p3", 12.0),
            (".8p0", 0.5),
            ("1p-1074", f64::from_bits(1)),
            ("1.fffffffffffffp1023", f64::MAX),
        ] {
            assert_eq!(hex_float(text), Some(value), "{text}");
        }
        assert_eq!(hex_float("1p1024"), None);
        assert_eq!(hex_float("1.8"), None);
    }
}
