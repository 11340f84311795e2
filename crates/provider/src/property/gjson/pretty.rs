//! `@pretty`: one member a line; arrays on one line if that is short enough and there is no object in them.

use super::limit::{Refused, Run};
use super::order::Rank;
use super::value::{Kind, Value};
use super::{scan, text};

/// How it is to look.
struct Style {
    /// Up to which column an array may stay on one line.
    width: i64,
    /// Before each line.
    prefix: Vec<u8>,
    /// Before each line, once a level.
    indent: Vec<u8>,
    /// Whether members are sorted by their keys.
    sort: bool,
}

/// The JSON with line breaks and indentation, by the options in the argument: `{"sortKeys":true,"width":20}`.
///
/// # Errors
/// [`Refused`].
pub fn pretty(json: &[u8], argument: &[u8], run: &Run) -> Result<Vec<u8>, Refused> {
    let mut style = Style { width: 80, prefix: Vec::new(), indent: b"  ".to_vec(), sort: false };
    Value::parse(argument).each(run, |key, value| {
        match key.text()?.as_slice() {
            b"sortKeys" => style.sort = value.is_on()?,
            b"indent" => style.indent = blanks(value.text()?),
            b"prefix" => style.prefix = blanks(value.text()?),
            b"width" => style.width = integer(&value)?,
            _ => {}
        }
        Ok(())
    })?;
    let out = style.prefix.clone();
    let mut printer = Printer { json, out, line: 0, style, run };
    printer.any(0, Place::LINES)?;
    if !printer.out.is_empty() {
        printer.out.push(b'\n');
    }
    Ok(printer.out)
}

/// The blanks of a text alone.
fn blanks(mut text: Vec<u8>) -> Vec<u8> {
    text.retain(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
    text
}

fn integer(value: &Value<'_>) -> Result<i64, Refused> {
    let digits = |text: &[u8]| str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    Ok(match value.kind {
        Kind::True => 1,
        Kind::String => digits(&text::unquote(&value.raw)).unwrap_or_default(),
        Kind::Number => text::float(&value.raw)? as i64, // without what is behind the point, as in Go
        Kind::Null | Kind::False | Kind::Json => 0,
    })
}

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// On how many levels of indentation.
    level: usize,
    /// On one line, which is tried and given up at an object.
    one_line: bool,
}

impl Place {
    const LINES: Self = Self { level: 0, one_line: false };

    fn inner(self) -> Self {
        Self { level: self.level + 1, ..self }
    }
}

/// A member that was written: where its key is in the JSON, and all of it in the output.
struct Member {
    key: (usize, usize),
    written: (usize, usize),
}

struct Printer<'a> {
    json: &'a [u8],
    out: Vec<u8>,
    /// Where the output's last line begins.
    line: usize,
    style: Style,
    run: &'a Run,
}

impl Printer<'_> {
    /// Writes the next value. Returns the position behind it; none if it cannot be on one line.
    fn any(&mut self, from: usize, place: Place) -> Result<Option<usize>, Refused> {
        let mut position = from;
        while let Some(byte) = scan::at(self.json, position) {
            let Some(kind) = scan::kind(byte, scan::at(self.json, position + 1)) else {
                position += 1;
                continue;
            };
            return match kind {
                Kind::Json => self.nested(position, byte, place),
                Kind::String => self.copy(position, self.string_end(position)),
                Kind::Number => self.copy(position, self.number_end(position)),
                Kind::True => self.word(b"true", position),
                Kind::False => self.word(b"false", position),
                Kind::Null => self.word(b"null", position),
            };
        }
        Ok(Some(position))
    }

    fn copy(&mut self, from: usize, to: usize) -> Result<Option<usize>, Refused> {
        self.write(scan::part(self.json, from, to))?;
        Ok(Some(to))
    }

    fn word(&mut self, word: &'static [u8], position: usize) -> Result<Option<usize>, Refused> {
        self.write(word)?;
        Ok(Some(position + word.len()))
    }

    fn write(&mut self, text: &[u8]) -> Result<(), Refused> {
        self.run.spend(text.len())?;
        self.out.extend_from_slice(text);
        Ok(())
    }

    fn string_end(&self, start: usize) -> usize {
        scan::quote(self.json, start + 1).map_or(self.json.len(), |end| end + 1)
    }

    fn number_end(&self, start: usize) -> usize {
        let is_end = |byte: &u8| matches!(byte, 0..=b' ' | b',' | b':' | b']' | b'}');
        let found = scan::rest(self.json, start + 1).iter().position(is_end);
        found.map_or(self.json.len(), |found| start + 1 + found)
    }

    /// An object or array; the latter on one line if that works.
    fn nested(&mut self, start: usize, open: u8, place: Place) -> Result<Option<usize>, Refused> {
        if open == b'{' && place.one_line {
            return Ok(None);
        }
        if open == b'[' && !place.one_line && self.style.width > 0 {
            let begin = self.out.len();
            let room = self.style.width.saturating_sub_unsigned((begin - self.line) as u64);
            if room > 3 {
                let end = self.elements(start, b']', Place { level: 0, one_line: true })?;
                if end.is_some() && (self.out.len() - begin) as u64 <= room.unsigned_abs() {
                    return Ok(end);
                }
                self.out.truncate(begin);
            }
        }
        let run = self.run;
        run.deeper(|| match open {
            b'{' => self.members(start, place),
            _ => self.elements(start, b']', place),
        })
    }

    fn members(&mut self, start: usize, place: Place) -> Result<Option<usize>, Refused> {
        self.write(b"{")?;
        let mut members: Vec<Member> = Vec::new();
        let mut position = start + 1;
        while let Some(byte) = scan::at(self.json, position) {
            match byte {
                b'}' => {
                    if self.style.sort {
                        self.sort(&members);
                    }
                    if !members.is_empty() {
                        self.break_line()?;
                        self.indent(place.level)?;
                    }
                    self.write(b"}")?;
                    return Ok(Some(position + 1));
                }
                b'"' => {
                    if !members.is_empty() {
                        self.write(b",")?;
                    }
                    self.break_line()?;
                    let begin = self.out.len();
                    self.indent(place.level + 1)?;
                    let end = self.string_end(position);
                    self.copy(position, end)?;
                    self.write(b": ")?;
                    let key = (position, end);
                    position = self.any(end, place.inner())?.unwrap_or(end);
                    members.push(Member { key, written: (begin, self.out.len()) });
                }
                _ => position += 1,
            }
        }
        Ok(Some(position))
    }

    fn elements(&mut self, start: usize, close: u8, place: Place) -> Result<Option<usize>, Refused> {
        self.write(b"[")?;
        let mut position = start + 1;
        let mut any = false;
        while let Some(byte) = scan::at(self.json, position) {
            if byte <= b' ' {
                position += 1;
                continue;
            }
            if byte == close {
                if any && !place.one_line {
                    self.break_line()?;
                    self.indent(place.level)?;
                }
                self.write(&[close])?;
                return Ok(Some(position + 1));
            }
            if any {
                self.write(if self.style.width == -1 { b"," } else { b", " })?;
            }
            any = true;
            if !place.one_line {
                self.break_line()?;
                self.indent(place.level + 1)?;
            }
            let Some(end) = self.any(position, place.inner())? else { return Ok(None) };
            position = end;
        }
        Ok(Some(position))
    }

    /// Begins a new line, in the place of a blank if the last one ends with that.
    fn break_line(&mut self) -> Result<(), Refused> {
        self.line = self.out.len();
        match self.out.last_mut() {
            Some(last) if *last == b' ' => {
                *last = b'\n';
                Ok(())
            }
            _ => self.write(b"\n"),
        }
    }

    fn indent(&mut self, level: usize) -> Result<(), Refused> {
        self.run.spend(self.style.prefix.len() + self.style.indent.len().saturating_mul(level))?;
        self.out.extend_from_slice(&self.style.prefix);
        for _ in 0..level {
            self.out.extend_from_slice(&self.style.indent);
        }
        Ok(())
    }

    /// Puts the members that were just written into the order of their keys, those of the same key into that of their
    /// values.
    fn sort(&mut self, members: &[Member]) {
        let Some(begin) = members.first().map(|first| first.written.0) else { return };
        let mut sorted: Vec<_> = members
            .iter()
            .map(|Member { key, written }| {
                let written = scan::part(&self.out, written.0, written.1);
                let key = scan::part(self.json, key.0, key.1);
                let value = written.trim_ascii();
                let value = value.get(key.len() + 1..).unwrap_or(value).trim_ascii();
                (Rank::of(key), Rank::of(value), written)
            })
            .collect();
        sorted.sort_by(|left, right| left.0.order(&right.0).then_with(|| left.1.order(&right.1)));
        let sorted: Vec<_> = sorted.into_iter().map(|(.., written)| written).collect();
        let sorted = sorted.join(&b",\n"[..]);
        self.out.truncate(begin);
        self.out.extend_from_slice(&sorted);
    }
}
