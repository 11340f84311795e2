//! What takes away from a string: `trim…`, `trunc`, `substr`, `abbrev…`, `nospace`, `initials`.

use super::{Outcome, Result, Shelf, refuse, text};
use crate::Type::{Int, Str};
use crate::text::{decode, runes};
use crate::{Call, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let (one, two) = (Signature::new(&[Str]), Signature::new(&[Str, Str]));
    shelf
        .add("trim", one, |call| call.string(trimmed(&call.bytes(0), char::is_whitespace)))
        .all(&["trimAll", "trimall"], two, |call| {
            let cut: Vec<char> = runes(&call.bytes(0)).map(|(c, _)| c).collect();
            call.budget().steps((cut.len() as u64).saturating_mul(call.bytes(1).len() as u64) / 256)?;
            call.string(trimmed(&call.bytes(1), |c| cut.contains(&c)))
        })
        .add("trimPrefix", two, |call| {
            let (prefix, text) = (call.bytes(0), call.bytes(1));
            call.string(text.strip_prefix(&*prefix).unwrap_or(&text))
        })
        .add("trimSuffix", two, |call| {
            let (suffix, text) = (call.bytes(0), call.bytes(1));
            call.string(text.strip_suffix(&*suffix).unwrap_or(&text))
        })
        .add("trunc", Signature::new(&[Int, Str]), |call| call.string(truncated(call.int(0), &call.bytes(1))))
        .add("substr", Signature::new(&[Int, Int, Str]), |call| {
            let text = call.bytes(2);
            call.string(substring(call.int(0), call.int(1), &text)?)
        })
        .add("abbrev", Signature::new(&[Int, Str]), |call| abbreviate(call, 0, call.int(0), &call.bytes(1)))
        .add("abbrevboth", Signature::new(&[Int, Int, Str]), |call| {
            let (left, right, text) = (call.int(0), call.int(1), call.bytes(2));
            if right < 4 || left > 0 && right < 7 {
                call.string(text)
            } else {
                abbreviate(call, left, right, &text)
            }
        })
        .add("nospace", one, no_space)
        .add("initials", one, initials);
}

/// The bytes without the characters at both ends that are to go.
fn trimmed(bytes: &[u8], goes: impl Fn(char) -> bool) -> &[u8] {
    let (mut start, mut end, mut at) = (bytes.len(), 0, 0);
    for (c, length) in runes(bytes) {
        if !goes(c) {
            start = start.min(at);
            end = at + length;
        }
        at += length;
    }
    bytes.get(start..end).unwrap_or_default()
}

/// So many bytes of the beginning; of the end if the number is negative.
fn truncated(count: i64, bytes: &[u8]) -> &[u8] {
    let length = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if length >= bytes.len() {
        return bytes;
    }
    let (start, end) = if count < 0 { (bytes.len() - length, bytes.len()) } else { (0, length) };
    bytes.get(start..end).unwrap_or_default()
}

fn substring(start: i64, end: i64, bytes: &[u8]) -> Outcome<&[u8]> {
    let position = |number| usize::try_from(number).ok();
    let part = if start < 0 {
        position(end).and_then(|end| bytes.get(..end))
    } else if end < 0 || position(end).is_none_or(|end| end > bytes.len()) {
        position(start).and_then(|start| bytes.get(start..))
    } else {
        position(start).zip(position(end)).and_then(|(start, end)| bytes.get(start..end))
    };
    part.map_or_else(|| refuse("runtime error: slice bounds out of range"), Ok)
}

/// At most `width` bytes from about the offset on, with dots where something is missing.
fn abbreviate(call: &Call<'_>, offset: i64, width: i64, bytes: &[u8]) -> Result {
    let Some(width) = usize::try_from(width).ok().filter(|width| *width >= 4 && *width < bytes.len()) else {
        return call.string(bytes);
    };
    let kept = width - 3;
    // A negative offset is as good as none; a large one is moved back until the rest is long enough.
    let offset = usize::try_from(offset).unwrap_or_default().min(bytes.len()).min(bytes.len() - kept);
    text(call, |out| {
        if offset <= 4 {
            out.write(bytes.get(..kept).unwrap_or_default());
            out.text("...");
        } else if offset + kept < bytes.len() {
            out.text("...");
            let rest = bytes.get(offset..).unwrap_or_default();
            // What remains is abbreviated again, by a width that is three smaller.
            if kept >= 4 && rest.len() > kept {
                out.write(rest.get(..kept - 3).unwrap_or_default());
                out.text("...");
            } else if kept >= 4 {
                out.write(rest);
            }
        } else {
            out.text("...");
            out.write(bytes.get(bytes.len() - kept..).unwrap_or_default());
        }
    })
}

/// Sprig reads each byte as one character of Latin-1, and writes it as such if it took anything out.
fn no_space(call: &Call<'_>) -> Result {
    let bytes = call.bytes(0);
    if !bytes.iter().any(|byte| char::from(*byte).is_whitespace()) {
        return Ok(bytes.into());
    }
    text(call, |out| {
        bytes.iter().map(|byte| char::from(*byte)).filter(|c| !c.is_whitespace()).for_each(|c| out.char(c))
    })
}

/// The first character of each word; characters are bytes here, too.
fn initials(call: &Call<'_>) -> Result {
    text(call, |out| {
        let mut gap = true;
        for c in call.bytes(0).iter().map(|byte| char::from(*byte)) {
            if !c.is_whitespace() && gap {
                out.char(c);
            }
            gap = c.is_whitespace();
        }
    })
}

/// The first character of the bytes, and what follows it.
pub(super) fn split_first(bytes: &[u8]) -> Option<(char, &[u8])> {
    let (c, length) = decode(bytes);
    (length > 0).then(|| (c, bytes.get(length..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_parts_without_fear_of_their_ends() {
        assert_eq!(truncated(i64::MIN, b"abc"), b"abc");
        assert_eq!(truncated(-1, b"abc"), b"c");
        assert!(substring(2, 1, b"abc").is_err());
        assert!(substring(-1, -1, b"abc").is_err());
        assert_eq!(trimmed(b"   ", char::is_whitespace), b"");
        assert!(matches!(split_first("éa".as_bytes()), Some(('é', b"a"))));
    }
}
