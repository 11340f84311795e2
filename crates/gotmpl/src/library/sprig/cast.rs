//! Conversions between types, as the cast package that sprig uses makes them: what cannot be converted is nought.

use crate::parse::number;
use crate::{Object, Value};

/// Any value as a whole number. Text may have a prefix for its base, and noughts behind a point.
pub(super) fn int(value: &Value) -> i64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number,
        Value::Byte(number) => i64::from(*number),
        Value::Bool(bit) => i64::from(*bit),
        Value::Float(float) => truncated(*float),
        Value::Str(text) => std::str::from_utf8(text).ok().and_then(whole).unwrap_or_default(),
        Value::Object(object) => named(&**object),
        Value::Nil | Value::List(_) | Value::Map(_) => 0,
    }
}

/// Any value as a float.
pub(super) fn float(value: &Value) -> f64 {
    match value {
        Value::Int(number) | Value::Int64(number) => *number as f64,
        Value::Byte(number) => f64::from(*number),
        Value::Bool(bit) => f64::from(u8::from(*bit)),
        Value::Float(float) => *float,
        Value::Str(text) => std::str::from_utf8(text).ok().and_then(parse_float).unwrap_or_default(),
        Value::Object(object) => named(&**object) as f64,
        Value::Nil | Value::List(_) | Value::Map(_) => 0.0,
    }
}

/// The number of a month or a weekday, which the cast package knows; it does not know durations.
fn named(object: &dyn Object) -> i64 {
    let known = matches!(object.type_name(), "time.Month" | "time.Weekday");
    object.number().filter(|_| known).unwrap_or_default()
}

/// The whole part. What an int64 cannot hold becomes its least value, as on the machines that Go runs on.
fn truncated(float: f64) -> i64 {
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&float);
    if fits { float as i64 } else { i64::MIN }
}

fn whole(text: &str) -> Option<i64> {
    let before = text.trim_end_matches('0');
    let zeros = before.len() < text.len();
    let text = before.strip_suffix('.').filter(|_| zeros).unwrap_or(text);
    number::signed(text)
}

/// Go's `strconv.ParseFloat`: nothing for what is out of range.
pub(super) fn parse_float(text: &str) -> Option<f64> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let special = match unsigned.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => Some(f64::INFINITY),
        // Go's NaN has no sign.
        "nan" if unsigned.len() == text.len() => return Some(f64::NAN),
        _ => None,
    };
    match special {
        Some(float) => Some(if negative { -float } else { float }),
        None => number::float(text),
    }
}

/// Go's `strconv.ParseInt` in this base, without prefixes: what is no number is nought, what is too large is the largest.
pub(super) fn parse_int(text: &[u8], base: u32) -> Result<i64, i64> {
    let (negative, digits) = match text.split_first() {
        Some((b'-', digits)) => (true, digits),
        Some((b'+', digits)) => (false, digits),
        _ => (false, text),
    };
    let digit = |byte: &u8| char::from(*byte).to_digit(base).map(i128::from);
    if digits.is_empty() || !digits.iter().all(|byte| digit(byte).is_some()) {
        return Err(0);
    }
    let limit = i128::from(i64::MAX) + 1;
    let magnitude = digits
        .iter()
        .filter_map(digit)
        .fold(0, |number, digit| (number * i128::from(base) + digit).min(limit + 1));
    let number = if negative { -magnitude } else { magnitude };
    i64::try_from(number).map_err(|_| if negative { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_as_go_does() {
        let cases = [
            ("0x1F", 31),
            ("017", 15),
            ("08", 0),
            ("1_000", 1000),
            ("12.00", 12),
            ("12.", 0),
            ("-5", -5),
            ("", 0),
            ("é", 0),
        ];
        for (text, expected) in cases {
            assert_eq!(int(&text.into()), expected, "{text}");
        }
        assert_eq!(int(&Value::Float(1e300)), i64::MIN);
        assert_eq!(parse_int(b"99999999999999999999", 10), Err(i64::MAX));
        assert_eq!(parse_int(b"-9223372036854775808", 10), Ok(i64::MIN));
        assert_eq!(float(&"-inf".into()), f64::NEG_INFINITY);
        assert_eq!(float(&"1e999".into()), 0.0);
    }
}
