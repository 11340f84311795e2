//! Strings and numbers as Go's gjson reads them.

use std::borrow::Cow;

use super::limit::Refused;
use super::scan;
use crate::property::gotext;

/// The content of a string with its quotes; the second may be missing.
pub fn unquote(raw: &[u8]) -> Cow<'_, [u8]> {
    let inner = scan::part(raw, 1, scan::quote(raw, 1).unwrap_or(raw.len()));
    unescape(inner)
}

/// Without escapes. From a broken escape on (or, where there are escapes, a control character) the rest is lost, in Go
/// as here.
pub fn unescape(inner: &[u8]) -> Cow<'_, [u8]> {
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            0..=0x1f => break,
            b'\\' => match escaped(&mut out, after) {
                Some(after) => rest = after,
                None => break,
            },
            plain => out.push(*plain),
        }
    }
    Cow::Owned(out)
}

/// Writes what an escape stands for; returns what follows it.
fn escaped<'a>(out: &mut Vec<u8>, escape: &'a [u8]) -> Option<&'a [u8]> {
    let (first, rest) = escape.split_first()?;
    let plain = match first {
        b'"' | b'\\' | b'/' => *first,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'u' => {
            let (char, rest) = unicode(rest)?;
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            return Some(rest);
        }
        _ => return None,
    };
    out.push(plain);
    Some(rest)
}

/// The character of `\u` and, where it is half of one, of the escape behind it.
fn unicode(digits: &[u8]) -> Option<(char, &[u8])> {
    let (unit, mut rest) = hex(digits)?;
    let mut units = vec![unit];
    if (0xd800..0xe000).contains(&unit)
        && let Some((low, after)) = rest.strip_prefix(b"\\u").and_then(hex)
    {
        units.push(low);
        rest = after;
    }
    let mut decoded = char::decode_utf16(units);
    let (first, second) = (decoded.next(), decoded.next());
    let whole = first.filter(|_| second.is_none()).and_then(Result::ok);
    Some((whole.unwrap_or(char::REPLACEMENT_CHARACTER), rest))
}

/// Four digits; zero if they are none.
fn hex(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_at_checked(4)?;
    let digits = str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    Some((digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()).unwrap_or_default(), rest))
}

/// Go's `strconv.ParseBool` of a text in small letters.
pub fn boolean(text: &[u8]) -> Option<bool> {
    match text.to_ascii_lowercase().as_slice() {
        b"1" | b"t" | b"true" => Some(true),
        b"0" | b"f" | b"false" => Some(false),
        _ => None,
    }
}

/// A number as Go prints it: integers as they are written, everything else through a float64.
pub fn number(raw: &[u8]) -> Result<Vec<u8>, Refused> {
    let digits = raw.strip_prefix(b"-").unwrap_or(raw);
    if digits.iter().all(u8::is_ascii_digit) {
        return Ok(raw.to_vec());
    }
    Ok(floating(raw)?.map_or_else(|| b"0".to_vec(), |text| gotext::gjson_number(text).into_bytes()))
}

/// The float64 of a text; zero if it is none.
pub fn float(raw: &[u8]) -> Result<f64, Refused> {
    Ok(floating(raw)?.and_then(|text| text.parse().ok()).unwrap_or_default())
}

/// The text, if Go's `strconv.ParseFloat` takes it. Rust's takes the same but for what only Go has, and for a NaN with
/// a sign.
fn floating(raw: &[u8]) -> Result<Option<&str>, Refused> {
    let Ok(text) = str::from_utf8(raw) else { return Ok(None) };
    let plain = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_go = plain.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && (plain.contains('_') || (plain.contains(['x', 'X']) && plain.contains(['p', 'P'])));
    if is_go {
        return Err(Refused::Number);
    }
    let signed_nan = plain.len() < text.len() && plain.eq_ignore_ascii_case("nan");
    Ok((!signed_nan && text.parse::<f64>().is_ok()).then_some(text))
}
