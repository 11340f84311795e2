//! `html`, `js`, `urlquery`

use super::{Result, printed, text};
use crate::buffer::Buffer;
use crate::text::{decode, is_print};
use crate::{Call, Value};

/// What `print` makes of the arguments, escaped.
pub(super) fn escaped(call: &Call<'_>, escape: fn(&mut Buffer, &[u8])) -> Result {
    let printed = printed(call)?;
    let Value::Str(bytes) = &printed else { return Ok(printed) };
    text(call.budget(), |out| escape(out, bytes))
}

pub(super) fn html(out: &mut Buffer, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            0 => out.text("\u{fffd}"),
            b'"' => out.text("&#34;"),
            b'\'' => out.text("&#39;"),
            b'&' => out.text("&amp;"),
            b'<' => out.text("&lt;"),
            b'>' => out.text("&gt;"),
            byte => out.write(&[*byte]),
        }
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

pub(super) fn url_query(out: &mut Buffer, bytes: &[u8]) {
    for byte in bytes {
        match byte {
            b' ' => out.text("+"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.write(&[*byte]),
            byte => out.text(&format!("%{byte:02X}")),
        }
    }
}
