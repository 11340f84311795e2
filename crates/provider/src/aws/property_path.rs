//! Writing into a JSON document by a property, as sjson does it for ESO: dots lead into objects, and everything else keeps
//! its very bytes, order and whitespace. What ESO leaves empty without a word (a path through what is no object) is an error
//! here, and a number names a member, never a place in an array.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::property;
use crate::{Error, ErrorKind, Remote};

/// The steps of a property that is a path, as sjson reads it: separated by dots, unless a backslash stands before one.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for what names no single place.
pub fn steps(property: &str, remote: &Remote) -> Result<Vec<String>, Error> {
    let invalid = || {
        let text =
            format!("{remote} cannot be written: a path there is made of names with dots between them");
        Error::new(ErrorKind::InvalidRequest, text)
    };
    let mut steps = vec![String::new()];
    let mut rest = property.chars();
    while let Some(char) = rest.next() {
        match char {
            '.' => steps.push(String::new()),
            '*' | '?' | '#' | '|' | '@' => return Err(invalid()),
            _ => {
                let char = if char == '\\' { rest.next().ok_or_else(invalid)? } else { char };
                steps.last_mut().ok_or_else(invalid)?.push(char);
            }
        }
    }
    if steps.iter().any(String::is_empty) { Err(invalid()) } else { Ok(steps) }
}

/// The document with this text at the end of the path, in place of what is there, else behind everything else; with objects
/// on the way where there are none. None where something on the way is no object.
pub fn set(json: &str, path: &[String], text: &str) -> Option<Zeroizing<String>> {
    let (mut inner, mut rest) = (0..json.len(), path);
    loop {
        let (first, more) = rest.split_first()?;
        let members = members(&json[inner.clone()])?;
        match members.iter().find(|member| member.key == *first) {
            Some(member) if more.is_empty() => {
                return Some(spliced(json, member.within(&inner), &[&quoted(text)]));
            }
            Some(member) => (inner, rest) = (member.within(&inner), more),
            None => {
                let end = inner.start + json[inner.clone()].rfind('}')?;
                let comma = if members.is_empty() { "" } else { "," };
                let grown = spliced(json, end..end, &[comma, &built(rest, text)]);
                // What it adds to itself, sjson gives without the whitespace around it.
                let is_whole = inner == (0..json.len());
                return Some(if is_whole { Zeroizing::new(grown.trim().to_owned()) } else { grown });
            }
        }
    }
}

/// The document without what is at the end of the path, and without the objects on the way that are empty then. None if there
/// is nothing.
pub fn remove(json: &str, path: &[String]) -> Option<Zeroizing<String>> {
    let mut left = without(json, path)?;
    while let Some(less) = without(&left, path) {
        left = less; // a key may be there twice
    }
    Some(left)
}

fn without(json: &str, path: &[String]) -> Option<Zeroizing<String>> {
    let (mut inner, mut rest, mut cut) = (0..json.len(), path, None);
    loop {
        let (first, more) = rest.split_first()?;
        let members = members(&json[inner.clone()])?;
        let at = members.iter().position(|member| member.key == *first)?;
        // The last member of an object inside goes with that object.
        let goes = match cut.filter(|_| members.len() == 1) {
            Some(outer) => outer,
            None => hold(json, &inner, &members, at)?,
        };
        if more.is_empty() {
            return Some(spliced(json, goes, &[]));
        }
        (inner, rest, cut) = (members[at].within(&inner), more, Some(goes));
    }
}

/// The JSON at the end of the path.
pub fn get<'a>(json: &'a str, path: &[String]) -> Option<&'a str> {
    let (first, rest) = path.split_first()?;
    let members = members(json)?;
    let value = &json[members.iter().find(|member| member.key == *first)?.value.clone()];
    if rest.is_empty() { Some(value) } else { get(value, rest) }
}

/// Whether this is an object that has members; none if it is no object.
pub fn has_members(json: &str) -> Option<bool> {
    members(json).map(|members| !members.is_empty())
}

/// A member of an object: its key, and where in the object's text its value stands.
struct Member {
    key: String,
    value: Range<usize>,
}

impl Member {
    /// Where in the document the value stands, if this is where the object does.
    fn within(&self, object: &Range<usize>) -> Range<usize> {
        object.start + self.value.start..object.start + self.value.end
    }
}

/// The members of an object in their order; none if the text is no object.
fn members(json: &str) -> Option<Vec<Member>> {
    let Pairs(pairs) = serde_json::from_str(json).ok()?;
    let member = |(key, value): (String, &RawValue)| {
        let start = value.get().as_ptr().addr().checked_sub(json.as_ptr().addr())?;
        Some(Member { key, value: start..start + value.get().len() })
    };
    pairs.into_iter().map(member).collect()
}

struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// What has to go for a member to go: with one comma, where there are others.
fn hold(json: &str, object: &Range<usize>, members: &[Member], at: usize) -> Option<Range<usize>> {
    let own = members.get(at)?.within(object);
    if let Some(before) = at.checked_sub(1) {
        return Some(members.get(before)?.within(object).end..own.end);
    }
    let start = object.start + json[object.clone()].find('{')? + 1;
    let rest = &json[own.end..object.end];
    match members.len() {
        1 => Some(start..own.end + rest.rfind('}')?),
        _ => Some(start..own.end + rest.find(',')? + 1),
    }
}

/// The text with these parts in place of what stands there. Growing would leave copies behind.
fn spliced(json: &str, at: Range<usize>, parts: &[&str]) -> Zeroizing<String> {
    let room = json.len() + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Zeroizing::new(String::with_capacity(room));
    out.push_str(&json[..at.start]);
    parts.iter().for_each(|part| out.push_str(part));
    out.push_str(&json[at.end..]);
    out
}

/// `"a":{"b":"text"}`.
fn built(path: &[String], text: &str) -> Zeroizing<String> {
    let keys: Vec<_> = path.iter().map(|key| quoted(key)).collect();
    let text = quoted(text);
    let room = text.len() + keys.iter().map(|key| key.len() + 3).sum::<usize>();
    let mut out = Zeroizing::new(String::with_capacity(room));
    for (at, key) in keys.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { "{" });
        out.push_str(key);
        out.push(':');
    }
    out.push_str(&text);
    out.extend(std::iter::repeat_n('}', keys.len().saturating_sub(1)));
    out
}

/// As sjson writes it: by Go's `json.Marshal`, which escapes for HTML as well, but only what needs to be escaped for JSON.
fn quoted(text: &str) -> Zeroizing<String> {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=0x7f) && byte != b'"' && byte != b'\\');
    if !is_plain {
        return Zeroizing::new(property::go_string(text));
    }
    let mut out = Zeroizing::new(String::with_capacity(text.len() + 2));
    for part in ["\"", text, "\""] {
        out.push_str(part);
    }
    out
}

#[cfg(test)]
#[path = "property_path_tests.rs"]
mod tests;
