//! Where values begin and end. None of this asks whether a text is JSON.

use super::value::{Kind, Value};

/// The byte at a position; none behind the end.
pub fn at(text: &[u8], position: usize) -> Option<u8> {
    text.get(position).copied()
}

/// A part of a text; whatever lies behind the end is empty.
pub fn part(text: &[u8], from: usize, to: usize) -> &[u8] {
    let to = to.min(text.len());
    text.get(from.min(to)..to).unwrap_or_default()
}

/// What follows a position.
pub fn rest(text: &[u8], from: usize) -> &[u8] {
    part(text, from, text.len())
}

/// Without blanks and control characters at both ends.
pub fn trim(mut text: &[u8]) -> &[u8] {
    while let [0..=b' ', inner @ ..] | [inner @ .., 0..=b' '] = text {
        text = inner;
    }
    text
}

/// The position of the first quote from here on that no backslash escapes.
pub fn quote(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// What kind of value this byte begins, with the one behind it; none if it begins no value.
pub fn kind(first: u8, second: Option<u8>) -> Option<Kind> {
    match first {
        b'"' => Some(Kind::String),
        b'{' | b'[' => Some(Kind::Json),
        b'n' if second.is_none_or(|second| second == b'u') => Some(Kind::Null),
        b't' => Some(Kind::True),
        b'f' => Some(Kind::False),
        b'+' | b'-' | b'0'..=b'9' | b'i' | b'I' | b'n' | b'N' => Some(Kind::Number), // inf and nan, too
        _ => None,
    }
}

/// Where the value that begins at a position ends; `None` for a string without its second quote. Of an object or array
/// that is cut within a string the end is one further than that of the text, by which Go's gjson misses its last part.
pub fn end(text: &[u8], start: usize, kind: Kind) -> Option<usize> {
    match kind {
        Kind::String => Some(quote(text, start + 1)? + 1),
        Kind::Json => Some(nested(text, start)),
        Kind::Null | Kind::True | Kind::False => Some(word(text, start)),
        Kind::Number => Some(number(text, start)),
    }
}

fn word(text: &[u8], start: usize) -> usize {
    first(text, start + 1, |byte| !byte.is_ascii_lowercase())
}

fn number(text: &[u8], start: usize) -> usize {
    first(text, start + 1, |byte| matches!(byte, 0..=b' ' | b',' | b']' | b'}'))
}

fn first(text: &[u8], from: usize, is_end: fn(u8) -> bool) -> usize {
    rest(text, from).iter().position(|byte| is_end(*byte)).map_or(text.len(), |found| from + found)
}

/// Where what opens at a position is closed again. Whatever stands there counts as an opening bracket, and brackets of
/// all kinds as the same.
pub fn nested(text: &[u8], start: usize) -> usize {
    let (mut position, mut depth) = (start + 1, 1_usize);
    while let Some(byte) = at(text, position) {
        match byte {
            b'"' => match quote(text, position + 1) {
                Some(end) => position = end,
                None => return text.len() + 1,
            },
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' => {
                depth -= 1;
                if depth == 0 {
                    return position + 1;
                }
            }
            _ => {}
        }
        position += 1;
    }
    text.len()
}

/// The beginning of a text that is one string or one pair of brackets; all of it if that is not closed.
pub fn squash(text: &[u8]) -> &[u8] {
    match text.first() {
        Some(b'"') => part(text, 0, quote(text, 1).map_or(text.len(), |end| end + 1)),
        _ => part(text, 0, nested(text, 0)),
    }
}

/// The next value from here on, and the position behind it; `None` if there is none or a string is not closed.
pub fn next(text: &[u8], from: usize) -> Option<(Value<'_>, usize)> {
    let mut position = from;
    loop {
        let first = at(text, position)?;
        if let Some(kind) = kind(first, at(text, position + 1)) {
            let end = end(text, position, kind)?;
            return Some((Value::part(kind, part(text, position, end)), end));
        }
        position += 1;
    }
}
