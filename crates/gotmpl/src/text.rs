//! Bytes read as Go reads them: UTF-8 where it is, one replacement character for each byte where it is not.

use crate::buffer::Buffer;

/// What text is written into.
pub(crate) trait Sink {
    /// Appends the bytes.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

impl Sink for Buffer {
    fn put(&mut self, bytes: &[u8]) {
        self.write(bytes);
    }
}

/// The bytes up to the first one that is none of these, and the rest.
pub(crate) fn split_run(bytes: &[u8], of: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|byte| !of(*byte));
    bytes.split_at(end.unwrap_or(bytes.len()))
}

/// The first character and its length in bytes. A byte that begins no character is U+FFFD of length one;
/// the end is U+FFFD of length nought.
pub(crate) fn decode(bytes: &[u8]) -> (char, usize) {
    let Some(&first) = bytes.first() else { return (char::REPLACEMENT_CHARACTER, 0) };
    let length = match first {
        0..0x80 => return (char::from(first), 1),
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => 1,
    };
    let valid = bytes.get(..length).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let char = valid.and_then(|text| text.chars().next());
    char.map_or((char::REPLACEMENT_CHARACTER, 1), |c| (c, length))
}

/// The characters and their lengths in bytes.
pub(crate) fn runes(mut bytes: &[u8]) -> impl Iterator<Item = (char, usize)> {
    std::iter::from_fn(move || {
        let (c, length) = decode(bytes);
        bytes = &bytes[length..];
        (length > 0).then_some((c, length))
    })
}

/// How many characters the bytes are.
pub(crate) fn rune_count(bytes: &[u8]) -> usize {
    runes(bytes).count()
}

/// Whether Go prints the character as it is. Inside a longer text Rust escapes exactly those that are not printable.
pub(crate) fn is_print(c: char) -> bool {
    if c.is_ascii() {
        return matches!(c, ' '..='~');
    }
    let mut text = [b'a', 0, 0, 0, 0];
    let length = c.encode_utf8(&mut text[1..]).len();
    let text = std::str::from_utf8(&text[..=length]).unwrap_or_default();
    text.escape_debug().eq(text.chars())
}

/// Whether an identifier may hold the character: letters, digits and the underscore.
pub(crate) fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// Appends the bytes as a Go string literal; `ascii` escapes all that is not.
pub(crate) fn quote_into(out: &mut impl Sink, mut bytes: &[u8], ascii: bool) {
    out.put(b"\"");
    loop {
        let (plain, rest) =
            split_run(bytes, |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
        out.put(plain);
        let Some(first) = rest.first() else { break };
        let (c, length) = decode(rest);
        if c == char::REPLACEMENT_CHARACTER && length == 1 {
            out.put(format!("\\x{first:02x}").as_bytes());
        } else {
            escape_into(out, c, '"', ascii);
        }
        bytes = &rest[length..];
    }
    out.put(b"\"");
}

/// Appends one character as it stands inside a Go literal of this quote.
pub(crate) fn escape_into(out: &mut impl Sink, c: char, quote: char, ascii: bool) {
    let plain = if ascii { matches!(c, ' '..='~') } else { is_print(c) };
    if c == '\\' || c == quote {
        out.put(b"\\");
    }
    if plain {
        return out.put(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    let escaped = match c {
        '\x07' => "\\a".to_owned(),
        '\x08' => "\\b".to_owned(),
        '\x0c' => "\\f".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\x0b' => "\\v".to_owned(),
        '\0'..' ' | '\x7f' => format!("\\x{:02x}", u32::from(c)),
        '\x20'..'\u{10000}' => format!("\\u{:04x}", u32::from(c)),
        _ => format!("\\U{:08x}", u32::from(c)),
    };
    out.put(escaped.as_bytes());
}

/// The bytes as a Go string literal, for messages.
pub(crate) fn quoted(bytes: impl AsRef<[u8]>) -> String {
    let mut out = Vec::new();
    quote_into(&mut out, bytes.as_ref(), false);
    String::from_utf8_lossy(&out).into_owned()
}

/// The character as Go's `%#U` writes it, for messages.
pub(crate) fn unicode(c: char) -> String {
    let number = format!("U+{:04X}", u32::from(c));
    if is_print(c) { format!("{number} '{c}'") } else { number }
}

/// Where the pattern begins first.
pub(crate) fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes.windows(pattern.len()).position(|window| window == pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_byte_that_is_no_utf8_as_one_replacement() {
        assert_eq!(runes(b"\xffa\xe2\x82").map(|(_, length)| length).collect::<Vec<_>>(), [1, 1, 1, 1]);
        assert_eq!(decode("€".as_bytes()), ('€', 3));
        assert_eq!(decode(b"\xed\xa0\x80"), (char::REPLACEMENT_CHARACTER, 1));
    }

    #[test]
    fn quotes_as_go_does() {
        assert_eq!(quoted(b"a\"\\\n\x01\x7f\xff"), r#""a\"\\\n\x01\x7f\xff""#);
        assert_eq!(quoted("é\u{200b}\u{301}\u{e0001}"), "\"é\\u200b\u{301}\\U000e0001\"");
    }

    #[test]
    fn names_a_character_by_its_number() {
        assert_eq!(unicode('?'), "U+003F '?'");
        assert_eq!(unicode('\0'), "U+0000");
    }
}
