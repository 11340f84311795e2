//! JSON as Go's gjson writes it, and whether a text is any.

use serde::de::IgnoredAny;

use super::scan;

/// Writes a text as a JSON string, with `<`, `>` and `&` escaped.
pub fn string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for chunk in text.utf8_chunks() {
        for char in chunk.valid().chars() {
            match char {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\r' => out.extend_from_slice(b"\\r"),
                '\t' => out.extend_from_slice(b"\\t"),
                '\u{8}' => out.extend_from_slice(b"\\b"),
                '\u{c}' => out.extend_from_slice(b"\\f"),
                '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    out.extend_from_slice(format!("\\u{:04x}", u32::from(char)).as_bytes());
                }
                plain => out.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for _ in chunk.invalid() {
            out.extend_from_slice(b"\\ufffd");
        }
    }
    out.push(b'"');
}

/// Without blanks outside of strings.
pub fn ugly(json: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(json.len());
    let mut position = 0;
    while let Some(byte) = scan::at(json, position) {
        let end = match byte {
            b'"' => scan::quote(json, position + 1).map_or(json.len(), |end| end + 1),
            _ => position + 1,
        };
        if byte > b' ' {
            out.extend_from_slice(scan::part(json, position, end));
        }
        position = end;
    }
    out
}

/// Whether a text is one JSON value; however deep it is nested, it takes no stack to tell.
pub fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(text).is_ok()
}
