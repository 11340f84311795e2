//! Text as Go's `encoding/json` and `strconv` write it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;

/// Deeper than any document that a person wrote; Go's own bound is 10,000, which a thread's stack does not hold.
const MAX_DEPTH: usize = 128;

/// What Go made of a document's numbers when it was decoded into `any`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// `json.Number` (Vault's client): the digits stay as they were written.
    Verbatim,
    /// `float64`: `1.50` becomes `1.5`, large integers lose precision.
    Float64,
}

/// Go gjson's `Result.String()` of a number: integers verbatim, everything else through a float64.
pub fn gjson_number(raw: &str) -> String {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { raw.to_owned() } else { plain_float(raw) }
}

/// Go's `strconv.FormatFloat(f, 'f', -1, 64)` of a number's text.
fn plain_float(raw: &str) -> String {
    match raw.parse::<f64>() {
        Ok(number) if number == f64::INFINITY => "+Inf".to_owned(),
        Ok(number) if number == f64::NEG_INFINITY => "-Inf".to_owned(),
        Ok(number) => number.to_string(), // Rust's Display is the shortest text without an exponent, as 'f', -1 is
        Err(_) => raw.to_owned(),
    }
}

/// Whether Go's `encoding/json` reads the number into a float64: one that would be infinite it refuses.
fn is_float64(raw: &str) -> bool {
    raw.parse::<f64>().is_ok_and(f64::is_finite)
}

/// A float64 as `json.Marshal` writes it: without an exponent between 1e-6 and 1e21.
fn marshalled_float(raw: &str) -> String {
    match raw.parse::<f64>() {
        Ok(number) if number != 0.0 && !(1e-6..1e21).contains(&number.abs()) => {
            let text = format!("{number:e}"); // 1e-7, 1.5e22
            match text.split_once('e') {
                Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
                _ => text,
            }
        }
        Ok(_) | Err(_) => plain_float(raw),
    }
}

/// A JSON string's content. Lenient as Go is: a lone surrogate becomes U+FFFD. `None` if `raw` is no JSON string.
pub fn unquote(raw: &str) -> Option<String> {
    match serde_json::from_str::<String>(raw) {
        Ok(text) => Some(text),
        Err(_) => unquote_leniently(raw.strip_prefix('"')?.strip_suffix('"')?),
    }
}

fn unquote_leniently(inner: &str) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(inner.len());
    let mut rest = inner.chars();
    while let Some(char) = rest.next() {
        let char = match char {
            '\\' => match rest.next()? {
                'u' => {
                    let hex = rest.as_str().get(..4)?;
                    units.push(u16::from_str_radix(hex, 16).ok()?);
                    rest = rest.as_str().get(4..)?.chars();
                    continue;
                }
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                same @ ('"' | '\\' | '/') => same,
                _ => return None,
            },
            plain => plain,
        };
        units.extend_from_slice(char.encode_utf16(&mut [0; 2]));
    }
    Some(String::from_utf16_lossy(&units))
}

/// The text of a value that is neither object nor array, as ESO's `GetByteValue` gives it: strings as they are, null
/// empty. `None` for objects, arrays, what is no JSON, and a number out of its range.
pub fn scalar_text(raw: &str, numbers: Numbers) -> Option<String> {
    match raw.as_bytes().first()? {
        b'"' => unquote(raw),
        b'n' => Some(String::new()),
        b't' | b'f' => Some(raw.to_owned()),
        b'-' | b'0'..=b'9' => Some(match numbers {
            Numbers::Verbatim => raw.to_owned(),
            Numbers::Float64 => Some(raw).filter(|raw| is_float64(raw)).map(plain_float)?,
        }),
        _ => None,
    }
}

/// A JSON text as `json.Marshal` writes it again after it was decoded into `any`: compact, keys sorted by bytes, and
/// with `html` the characters `<`, `>`, `&` escaped (`json.Marshal`'s default; ESO's `JSONMarshal` turns it off).
/// `None` if it is no JSON or nested beyond reason, or has a number out of its range.
pub fn go_json(raw: &str, numbers: Numbers, html: bool) -> Option<String> {
    let whole: &RawValue = serde_json::from_str(raw).ok()?;
    let mut out = String::with_capacity(raw.len());
    write_value(&mut out, whole.get(), Style { numbers, html }, 0)?;
    Some(out)
}

/// A text as `json.Marshal` writes it. It has all its room from the beginning, since growing would leave copies behind.
pub fn go_string(text: &str) -> String {
    let mut out = String::with_capacity(6 * text.len() + 2); // of each byte no more than \u and four digits
    write_string(&mut out, text, true);
    out
}

#[derive(Clone, Copy)]
struct Style {
    numbers: Numbers,
    html: bool,
}

fn write_value(out: &mut String, raw: &str, style: Style, depth: usize) -> Option<()> {
    if depth > MAX_DEPTH {
        return None;
    }
    match raw.as_bytes().first()? {
        b'{' => return write_object(out, raw, style, depth),
        b'[' => return write_array(out, raw, style, depth),
        b'"' => write_string(out, &unquote(raw)?, style.html),
        b't' | b'f' | b'n' => out.push_str(raw),
        _ => out.push_str(&number(raw, style.numbers)?),
    }
    Some(())
}

fn number(raw: &str, numbers: Numbers) -> Option<String> {
    match numbers {
        Numbers::Verbatim => Some(raw.to_owned()),
        Numbers::Float64 => is_float64(raw).then(|| marshalled_float(raw)),
    }
}

fn write_object(out: &mut String, raw: &str, style: Style, depth: usize) -> Option<()> {
    out.push('{');
    for (at, (key, value)) in members(raw)?.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_string(out, &key, style.html);
        out.push(':');
        write_value(out, value.get(), style, depth + 1)?;
    }
    out.push('}');
    Some(())
}

fn write_array(out: &mut String, raw: &str, style: Style, depth: usize) -> Option<()> {
    out.push('[');
    for (at, value) in serde_json::from_str::<Vec<&RawValue>>(raw).ok()?.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_value(out, value.get(), style, depth + 1)?;
    }
    out.push(']');
    Some(())
}

/// The members of a JSON object with their values' bytes; of a repeated key the last one, as in Go.
pub(super) fn members(raw: &str) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(raw).ok()
}

fn write_string(out: &mut String, text: &str, html: bool) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' if html => escape(out, char),
            '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => escape(out, char),
            plain => out.push(plain),
        }
    }
    out.push('"');
}

fn escape(out: &mut String, char: char) {
    let _ = write!(out, "\\u{:04x}", u32::from(char)); // writing to a String cannot fail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_go_prints_them() {
        for (raw, want) in [
            ("1", "1"),
            ("-1", "-1"),
            ("1.50", "1.5"),
            ("1.0", "1"),
            ("-0.0", "-0"),
            ("1e-7", "0.0000001"),
            ("1E3", "1000"),
            ("1e400", "+Inf"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1234567890123456789.5", "1234567890123456800"),
        ] {
            assert_eq!(gjson_number(raw), want, "{raw}");
        }
    }

    #[test]
    fn marshalling_again_gives_gos_bytes() {
        for (raw, want) in [
            (r#"{ "b" : 1.50, "a" : "<&>" }"#, r#"{"a":"\u003c\u0026\u003e","b":1.5}"#),
            (r#"[1e-7, 1.5e22, 1e21, 123456789, null, true]"#, r"[1e-7,1.5e+22,1e+21,123456789,null,true]"),
            (r#""\u2028\u0001\u007f\/é\b""#, "\"\\u2028\\u0001\u{7f}/é\\b\""),
            (r#"{"a":{},"A":[],"a":[ ]}"#, r#"{"A":[],"a":[]}"#),
            (r#""\ud83d""#, "\"\u{fffd}\""),
        ] {
            assert_eq!(go_json(raw, Numbers::Float64, true).as_deref(), Some(want), "{raw}");
        }
        assert_eq!(
            go_json(r#"{"a":1.50,"b":"<"}"#, Numbers::Verbatim, false).unwrap(),
            r#"{"a":1.50,"b":"<"}"#
        );
    }

    #[test]
    fn a_number_that_no_float64_holds_is_refused_where_it_is_read_as_one() {
        for raw in ["1E400", "-1e400"] {
            let whole = format!(r#"{{"a":[{raw}]}}"#);
            assert_eq!(scalar_text(raw, Numbers::Float64), None);
            assert_eq!(go_json(&whole, Numbers::Float64, true), None);
            assert_eq!(scalar_text(raw, Numbers::Verbatim).as_deref(), Some(raw));
            assert_eq!(go_json(&whole, Numbers::Verbatim, true), Some(whole));
        }
        assert_eq!(scalar_text("1e-400", Numbers::Float64).as_deref(), Some("0"));
    }

    #[test]
    fn what_is_no_json_is_none() {
        for raw in ["", "x", "{", "[1", "tru", "1 2", "nothing", r#"{"a":}"#, &"[".repeat(5000), "-"] {
            assert_eq!(go_json(raw, Numbers::Verbatim, true), None, "{raw}");
        }
    }
}
