//! The first part of a path, and what follows it.

use std::borrow::Cow;

use super::query::Query;
use super::{modify, scan};

/// What follows a part of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then<'p> {
    /// Nothing.
    End,
    /// A path to go on with inside.
    Inside(&'p [u8]),
    /// A path for the result of this one.
    Pipe(&'p [u8]),
}

/// A part that names members of an object.
#[derive(Debug)]
pub struct Key<'p> {
    /// The key, or with wildcards a pattern.
    pub part: Cow<'p, [u8]>,
    /// Whether it has wildcards.
    pub wild: bool,
    /// What follows.
    pub then: Then<'p>,
}

/// A part that names elements of an array.
#[derive(Debug)]
pub enum Element<'p> {
    /// The one at this position.
    At(u64),
    /// None.
    None,
    /// How many there are.
    Count,
    /// What the path names in each.
    Each(&'p [u8]),
    /// Those that a query finds.
    Query(Query<'p>),
}

/// The part that a path begins with, for an object. A backslash takes the meaning of what follows it (but not of
/// wildcards: they keep it where others of them stand).
pub fn key(path: &[u8]) -> Key<'_> {
    let mut part = Cow::Borrowed(&[][..]);
    let mut wild = false;
    let mut position = 0;
    while let Some(byte) = scan::at(path, position) {
        match byte {
            b'|' | b'.' => return Key { part, wild, then: then(path, position, true) },
            b'\\' => {
                position += 1;
                part.to_mut().extend(scan::at(path, position));
            }
            byte => {
                wild |= matches!(byte, b'*' | b'?');
                match &mut part {
                    Cow::Borrowed(part) => *part = scan::part(path, 0, position + 1),
                    Cow::Owned(part) => part.push(byte),
                }
            }
        }
        position += 1;
    }
    Key { part, wild, then: Then::End }
}

/// The part that a path begins with, for an array.
pub fn element(path: &[u8]) -> (Element<'_>, Then<'_>) {
    match path {
        [b'#', b'.', each @ ..] => return (Element::Each(each), Then::End),
        [b'#', b'[' | b'(', ..] => return queried(path),
        _ => {}
    }
    let end = end(path, 0);
    let part = scan::part(path, 0, end);
    let counts = part.contains(&b'#');
    let element = match part {
        b"#" => Element::Count,
        _ if counts => Element::None,
        digits => index(digits).map_or(Element::None, Element::At),
    };
    (element, then(path, end, !counts))
}

/// A query that is not closed finds everything that is no object and no array.
fn queried(path: &[u8]) -> (Element<'_>, Then<'_>) {
    match Query::parse(path) {
        Some((query, behind)) => {
            let end = end(path, behind);
            (Element::Query(query), then(path, end, false))
        }
        None => (Element::Query(Query::default()), Then::End),
    }
}

fn end(path: &[u8], from: usize) -> usize {
    let found = scan::rest(path, from).iter().position(|byte| matches!(byte, b'|' | b'.'));
    found.map_or(path.len(), |found| from + found)
}

/// What the separator at a position leads to. A dot before a selection or a modifier is a pipe, where it may be.
fn then(path: &[u8], separator: usize, may_pipe: bool) -> Then<'_> {
    let rest = scan::rest(path, separator + 1);
    match scan::at(path, separator) {
        None => Then::End,
        Some(b'|') => Then::Pipe(rest),
        Some(_) if may_pipe && makes(rest) => Then::Pipe(rest),
        Some(_) => Then::Inside(rest),
    }
}

fn makes(path: &[u8]) -> bool {
    match path {
        [b'[' | b'{', ..] => true,
        [b'@', name @ ..] => modify::named(name).is_some(),
        _ => false,
    }
}

/// A position; Go lets those that are too large begin at zero again.
fn index(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        Some(number.wrapping_mul(10).wrapping_add(digit))
    })
}

/// A path up to its first pipe, and what follows that; `None` without one (or where Go misses it).
pub fn split_pipe(path: &[u8]) -> Option<(&[u8], &[u8])> {
    if !path.contains(&b'|') {
        return None;
    }
    let at_pipe = |position: usize| {
        (scan::at(path, position) == Some(b'|'))
            .then(|| (scan::part(path, 0, position), scan::rest(path, position + 1)))
    };
    if let [b'{', inner @ ..] = path {
        return at_pipe(scan::squash(inner).len() + 1);
    }
    let mut position = 0;
    while let Some(byte) = scan::at(path, position) {
        match byte {
            b'\\' => position += 1,
            b'|' => return at_pipe(position),
            b'.' if scan::at(path, position + 1) == Some(b'#') => {
                position += 2;
                position = behind_query(path, position);
            }
            _ => {}
        }
        position += 1;
    }
    None
}

/// The position of the bracket that closes the query which opens here; this one if none does.
fn behind_query(path: &[u8], open: usize) -> usize {
    let close = match scan::at(path, open) {
        Some(b'[') => b']',
        Some(b'(') => b')',
        _ => return open,
    };
    let (mut position, mut depth) = (open + 1, 1_usize);
    while let Some(byte) = scan::at(path, position) {
        match byte {
            b'\\' => position += 1,
            b'"' => position = scan::quote(path, position + 1).unwrap_or(path.len()),
            byte if byte == close => depth -= 1,
            byte if Some(byte) == scan::at(path, open) => depth += 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        position += 1;
    }
    position
}
