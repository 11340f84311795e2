//! The search through arrays: positions, queries, what a path names in each element.

use super::limit::{Refused, Run};
use super::scan;
use super::search::{Read, Search};
use super::step::{self, Element, Then};
use super::value::{Kind, Value};

impl<'a, 'p> Search<'a, 'p, '_> {
    /// Like an object's, but the end of the text closes an array, too.
    pub fn array(&mut self, start: usize, path: &'p [u8]) -> Result<Read, Refused> {
        let (element, then) = step::element(path);
        if let Then::Pipe(pipe) = then {
            self.pipe = Some(pipe);
        }
        let mut elements = Elements { starts: Vec::new(), matches: Vec::new(), then };
        let mut position = start;
        for index in 0.. {
            if position > self.json.len() {
                break;
            }
            let begin = position;
            if matches!(element, Element::Each(_)) {
                elements.starts.push(begin);
            }
            let Some((at, kind)) = self.value_from(begin, Some(b']')) else {
                let close = self.closed(begin);
                self.read(begin, close, false)?;
                return Ok(Read { end: close + 1, done: self.finish(&element, elements, index)? });
            };
            let wanted = matches!(element, Element::At(wanted) if wanted == index);
            if wanted
                && kind == Kind::Json
                && let Then::Inside(path) = then
            {
                self.run.spend(at - begin)?;
                let read = self.inside(at, path)?;
                if read.done {
                    return Ok(read);
                }
                position = read.end;
                continue;
            }
            let Some(end) = scan::end(self.json, at, kind) else {
                return self.read(begin, self.json.len(), false);
            };
            position = end;
            self.read(begin, end, false)?;
            let value = Value::part(kind, scan::part(self.json, at, end));
            if wanted && !matches!(then, Then::Inside(_)) {
                self.found = value;
                return Ok(Read { end, done: true });
            }
            if self.query(&element, &mut elements, value)? {
                return Ok(Read { end, done: true });
            }
        }
        Ok(Read { end: position, done: false })
    }

    /// The position of the bracket that closes an array without further values.
    fn closed(&self, from: usize) -> usize {
        let found = scan::rest(self.json, from).iter().position(|byte| *byte == b']');
        found.map_or(self.json.len(), |found| from + found)
    }

    /// Tries an element, if there is a query. Whether the search is over by that.
    fn query(
        &mut self,
        element: &Element<'p>,
        elements: &mut Elements<'p>,
        value: Value<'a>,
    ) -> Result<bool, Refused> {
        let Element::Query(query) = element else { return Ok(false) };
        if query.all && elements.matches.is_empty() {
            elements.matches.push(b'[');
        }
        let looked_at = match value.kind {
            Kind::Json => value.clone().get(query.path, self.run)?,
            Kind::Null | Kind::False | Kind::Number | Kind::String | Kind::True => {
                if !query.path.is_empty() {
                    return Ok(false);
                }
                value.clone()
            }
        };
        if !query.fits(&looked_at, self.run)? {
            return Ok(false);
        }
        let result = match elements.then {
            Then::Inside(path) => {
                let path = self.without_pipe(path);
                elements.then = Then::Inside(path);
                value.get(path, self.run)?
            }
            Then::End | Then::Pipe(_) => value,
        };
        if !query.all {
            self.found = result;
            return Ok(true);
        }
        elements.add(&result, self.run)?;
        Ok(false)
    }

    /// A path without its pipe, which is for the whole result and not for each part of it.
    fn without_pipe(&mut self, path: &'p [u8]) -> &'p [u8] {
        match step::split_pipe(path) {
            Some((path, pipe)) => {
                self.pipe = Some(pipe);
                path
            }
            None => path,
        }
    }

    /// What an array gives as a whole, once its end is reached. Whether the search is over by that.
    fn finish(&mut self, element: &Element<'p>, elements: Elements<'p>, count: u64) -> Result<bool, Refused> {
        match element {
            Element::Count => {
                self.found = Value::made(Kind::Number, count.to_string().into_bytes());
                Ok(true)
            }
            Element::Each(path) => {
                let path = self.without_pipe(path);
                self.found = self.each(&elements.starts, path)?;
                Ok(true)
            }
            Element::Query(query) if !self.found.exists() && query.all => {
                let mut matches = elements.matches;
                if matches.is_empty() {
                    matches.push(b'[');
                }
                matches.push(b']');
                self.found = Value::made(Kind::Json, matches);
                Ok(false)
            }
            Element::Query(_) | Element::At(_) | Element::None => Ok(false),
        }
    }

    /// An array of what a path names in each of the values that begin behind these positions.
    fn each(&self, starts: &[usize], path: &[u8]) -> Result<Value<'a>, Refused> {
        let mut all = Elements { starts: Vec::new(), matches: vec![b'['], then: Then::End };
        for start in starts {
            let blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
            let first = scan::rest(self.json, *start).iter().find(|byte| !blank(byte));
            if first.is_none_or(|first| *first == b']') {
                continue;
            }
            if let Some((value, end)) = scan::next(self.json, *start) {
                self.read(*start, end, false)?;
                all.add(&value.get(path, self.run)?, self.run)?;
            }
        }
        all.matches.push(b']');
        Ok(Value::made(Kind::Json, all.matches))
    }
}

/// What was met of an array.
struct Elements<'p> {
    /// Where the search for each element began, if a path is to be looked up in each.
    starts: Vec<usize>,
    /// The results of a query so far, as the beginning of an array.
    matches: Vec<u8>,
    /// What follows the part of the path that is for this array.
    then: Then<'p>,
}

impl Elements<'_> {
    fn add(&mut self, value: &Value<'_>, run: &Run) -> Result<(), Refused> {
        let raw = &*value.raw;
        run.spend(raw.len())?;
        if raw.is_empty() {
            return Ok(());
        }
        if self.matches.len() > 1 {
            self.matches.push(b',');
        }
        self.matches.extend_from_slice(raw);
        Ok(())
    }
}
