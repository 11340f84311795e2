//! `html`, `js`, `urlquery`

use super::{Result, printed, text};
use crate::buffer::Buffer;
use crate::text::{decode, is_print, split_run};
use crate::{Call, Value};

/// What `print` makes of the arguments, escaped.
pub(super) fn escaped(call: &Call<'_>, escape: fn(&mut Buffer, &[u8])) -> Result {
    if let [Value::Str(bytes)] = call.args() {
        return text(call.budget(), |out| escape(out, bytes));
    }
    let printed = printed(call)?;
    let Value::Str(bytes) = &printed else { return Ok(printed) };
    text(call.budget(), |out| escape(out, bytes))
}

pub(super) fn html(out: &mut Buffer, mut bytes: &[u8]) {
    loop {
        let (plain, rest) = split_run(bytes, |byte| !matches!(byte, 0 | b'"' | b'\'' | b'&' | b'<' | b'>'));
        out.write(plain);
        let Some((special, after)) = rest.split_first() else { return };
        out.text(match special {
            b'"' => "&#34;",
            b'\'' => "&#39;",
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "\u{fffd}",
        });
        bytes = after;
    }
}

pub(super) fn js(out: &mut Buffer, mut bytes: &[u8]) {
    while let Some(first) = bytes.first() {
        let (c, length) = decode(bytes);
        match c {
            '\\' | '\'' | '"' => out.write(&[b'\\', *first]),
            '<' | '>' | '&' | '=' | '\0'..' ' => out.text(&format!("\\u{:04X}", u32::from(c))),
            c if c.is_ascii() || is_print(c) => out.write(&bytes[..length]),
            c => out.text(&format!("\\u{:04X}", u32::from(c))),
        }
        bytes = &bytes[length..];
    }
}

pub(super) fn url_query(out: &mut Buffer, mut bytes: &[u8]) {
    let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value)];
    loop {
        let (plain, rest) = split_run(bytes, |byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
        });
        out.write(plain);
        let Some((special, after)) = rest.split_first() else { return };
        match special {
            b' ' => out.text("+"),
            byte => out.write(&[b'%', digit(byte >> 4), digit(byte & 15)]),
        }
        bytes = after;
    }
}
