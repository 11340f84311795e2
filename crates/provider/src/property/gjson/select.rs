//! Selections of several paths: `[a,b.c]` makes an array, `{a,"x":b.c}` an object.

use super::limit::{Refused, Run};
use super::value::{Kind, Value};
use super::{format, get, scan};

/// What a path that begins with a bracket comes to.
#[derive(Debug)]
pub enum Selection<'a, 'p> {
    /// A value.
    Made(Value<'a>),
    /// It is no selection; Go looks up this rest of it instead.
    Rest(&'p [u8]),
}

/// One of the paths, and the name for what it finds.
struct Part<'p> {
    name: &'p [u8],
    path: &'p [u8],
}

/// Makes the array or object that the beginning of a path describes, and looks up the rest in that. Paths that name
/// nothing are left out.
///
/// # Errors
/// [`Refused`].
pub fn several<'a, 'p>(json: &'a [u8], path: &'p [u8], run: &Run) -> Result<Selection<'a, 'p>, Refused> {
    let Some((parts, rest)) = parts(path) else { return Ok(Selection::Rest(&[])) };
    if !matches!(rest, [] | [b'|' | b'.', ..]) {
        return Ok(Selection::Rest(rest));
    }
    let is_object = path.first() == Some(&b'{');
    let mut out = vec![if is_object { b'{' } else { b'[' }];
    for part in parts {
        let found = get(json, part.path, run)?;
        if !found.exists() {
            continue;
        }
        run.spend(found.raw.len() + part.name.len())?;
        if out.len() > 1 {
            out.push(b',');
        }
        if is_object {
            part.write_name(&mut out);
            out.push(b':');
        }
        out.extend_from_slice(&found.raw);
    }
    out.push(if is_object { b'}' } else { b']' });
    let made = Value::made(Kind::Json, out);
    Ok(Selection::Made(match rest {
        [_, path @ ..] => made.get(path, run)?,
        [] => made,
    }))
}

impl Part<'_> {
    /// The name that is given, in quotes or without, else the last part of the path if that is a plain one.
    fn write_name(&self, out: &mut Vec<u8>) {
        match self.name {
            [] => {
                let last = last(self.path);
                format::string(out, if is_plain(last) { last } else { b"_" });
            }
            [b'"', ..] if format::is_json(self.name) => out.extend_from_slice(self.name),
            name => format::string(out, name),
        }
    }
}

/// The parts of a selection, and what follows it; `None` if it is not closed.
fn parts(path: &[u8]) -> Option<(Vec<Part<'_>>, &[u8])> {
    let mut parts = Vec::new();
    let (mut position, mut depth) = (1, 1_usize);
    let (mut start, mut colon, mut modifier) = (1, None, false);
    loop {
        let byte = scan::at(path, position)?;
        match byte {
            b'\\' => position += 1,
            b'@' => modifier |= matches!(scan::at(path, position - 1), Some(b'.' | b'|')),
            b':' if !modifier && depth == 1 => colon = colon.or(Some(position)),
            b'"' => position = scan::quote(path, position + 1)?,
            b'[' | b'(' | b'{' => depth += 1,
            b']' | b')' | b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 || (byte == b',' && depth == 1) {
            let name = colon.map_or(&[][..], |colon| scan::part(path, start, colon));
            let from = colon.map_or(start, |colon| colon + 1);
            parts.push(Part { name, path: scan::part(path, from, position) });
            (start, colon, modifier) = (position + 1, None, false);
        }
        position += 1;
        if depth == 0 {
            return Some((parts, scan::rest(path, position)));
        }
    }
}

/// The last part of a path.
fn last(path: &[u8]) -> &[u8] {
    let is_separator = |position: &usize| {
        matches!(scan::at(path, *position), Some(b'|' | b'.'))
            && (*position == 0 || scan::at(path, *position - 1) != Some(b'\\'))
    };
    (0..path.len()).rev().find(is_separator).map_or(path, |found| scan::rest(path, found + 1))
}

fn is_plain(name: &[u8]) -> bool {
    !name
        .iter()
        .any(|byte| matches!(byte, 0..=0x1f | b'[' | b']' | b'{' | b'}' | b'(' | b')' | b'#' | b'|' | b'!'))
}
