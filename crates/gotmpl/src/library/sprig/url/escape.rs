//! What of a URL's parts is written as percent signs and digits.

use crate::buffer::Buffer;

/// A part of a URL; each has its own plain characters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Path,
    Host,
    Zone,
    User,
    Fragment,
}

/// Whether the byte stands for itself.
pub(super) fn is_plain(byte: u8, part: Part) -> bool {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
        return true;
    }
    let plain: &[u8] = match part {
        Part::Path => b"$&+,/:;=@",
        Part::Host | Part::Zone => b"!$&'()*+,;=:[]<>\"",
        Part::User => b"$&+,;=",
        Part::Fragment => b"$&+,/:;=?@!()*",
    };
    plain.contains(&byte)
}

/// Writes the part of a URL.
pub(super) fn escape(out: &mut Buffer, bytes: &[u8], part: Part) {
    for byte in bytes {
        if is_plain(*byte, part) {
            out.write(&[*byte]);
        } else {
            out.text(&format!("%{byte:02X}"));
        }
    }
}

/// Reads the part of a URL.
pub(super) fn unescape(bytes: &[u8], part: Part) -> Option<Vec<u8>> {
    let host = matches!(part, Part::Host | Part::Zone);
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len()), bytes);
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            if host && first.is_ascii() && !is_plain(*first, part) {
                return None;
            }
            out.push(*first);
            continue;
        }
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let value = u8::try_from(digit(0)? << 4 | digit(1)?).ok()?;
        // In a host only what is no ASCII may be escaped, and the sign itself; in a zone spaces as well.
        let refused = match part {
            Part::Host => value.is_ascii() && value != b'%',
            Part::Zone => value != b'%' && value != b' ' && !is_plain(value, Part::Host),
            Part::Path | Part::User | Part::Fragment => false,
        };
        if refused {
            return None;
        }
        out.push(value);
        rest = after.get(2..)?;
    }
    Some(out)
}
