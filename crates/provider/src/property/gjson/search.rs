//! The search through objects and arrays.

use super::limit::{Refused, Run};
use super::step::{self, Then};
use super::value::{Kind, Value};
use super::{glob, scan, text};

/// Finds what a path of keys, positions and queries names, and follows its pipe. Whatever stands before the first
/// bracket is passed over. A path that begins with two dots is one into the lines of a text.
pub fn find<'a>(json: &'a [u8], path: &[u8], run: &Run) -> Result<Value<'a>, Refused> {
    let mut search = Search { json, found: Value::NONE, pipe: None, run };
    if let [b'.', b'.', path @ ..] = path {
        search.array(0, path)?;
    } else if let Some(start) = json.iter().position(|byte| matches!(byte, b'{' | b'[')) {
        run.spend(start)?;
        search.inside(start, path)?;
    }
    match search.pipe {
        Some(pipe) => search.found.get(pipe, run),
        None => Ok(search.found),
    }
}

/// How one object or array was read.
pub struct Read {
    /// Where reading goes on.
    pub end: usize,
    /// Whether the search is over.
    pub done: bool,
}

/// A search under way.
pub struct Search<'a, 'p, 'r> {
    /// The text.
    pub json: &'a [u8],
    /// What was found so far.
    pub found: Value<'a>,
    /// A path for that.
    pub pipe: Option<&'p [u8]>,
    /// What it may take.
    pub run: &'r Run,
}

impl<'a, 'p> Search<'a, 'p, '_> {
    /// Goes on with a path in what opens at a position.
    pub fn inside(&mut self, open: usize, path: &'p [u8]) -> Result<Read, Refused> {
        let run = self.run;
        run.deeper(|| match scan::at(self.json, open) {
            Some(b'{') => self.object(open + 1, path),
            _ => self.array(open + 1, path),
        })
    }

    fn object(&mut self, start: usize, path: &'p [u8]) -> Result<Read, Refused> {
        let key = step::key(path);
        if let Then::Pipe(pipe) = key.then {
            self.pipe = Some(pipe);
        }
        let mut position = start;
        loop {
            let begin = position;
            while let Some(byte) = scan::at(self.json, position).filter(|byte| *byte != b'"') {
                position += 1;
                if byte == b'}' {
                    return self.read(begin, position, false);
                }
            }
            let Some(end) = scan::end(self.json, position, Kind::String) else {
                return self.read(begin, position.max(self.json.len()), false);
            };
            let name = text::unquote(scan::part(self.json, position, end));
            let named = if key.wild { glob::matches(&name, &key.part, self.run)? } else { name == key.part };
            let Some((at, kind)) = self.value_from(end, None) else {
                return self.read(begin, self.json.len(), false);
            };
            let read = match (named, key.then) {
                (true, Then::Inside(path)) if kind == Kind::Json => {
                    self.run.spend(at - begin)?;
                    let read = self.inside(at, path)?;
                    if read.done {
                        return Ok(read);
                    }
                    position = read.end;
                    continue;
                }
                (true, Then::End | Then::Pipe(_)) => true,
                (true, Then::Inside(_)) | (false, _) => false,
            };
            let Some(end) = scan::end(self.json, at, kind) else {
                return self.read(begin, self.json.len(), false);
            };
            position = end;
            self.read(begin, end, false)?;
            if read {
                self.found = Value::part(kind, scan::part(self.json, at, end));
                return Ok(Read { end, done: true });
            }
        }
    }

    /// Accounts for what was read.
    pub fn read(&self, from: usize, end: usize, done: bool) -> Result<Read, Refused> {
        self.run.spend(end.saturating_sub(from) + 1)?;
        Ok(Read { end, done })
    }

    /// Where the next value begins, and of what kind it is; `None` if the text, or what a closing bracket closes, ends
    /// before.
    pub fn value_from(&self, from: usize, close: Option<u8>) -> Option<(usize, Kind)> {
        let mut position = from;
        loop {
            let first = scan::at(self.json, position)?;
            if let Some(kind) = scan::kind(first, scan::at(self.json, position + 1)) {
                return Some((position, kind));
            }
            if Some(first) == close {
                return None;
            }
            position += 1;
        }
    }
}
