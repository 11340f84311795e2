//! Modifiers: `@reverse`, `@flatten:{"deep":true}`, `@fromstr`.

use std::borrow::Cow;

use super::limit::{Refused, Run};
use super::make::Made;
use super::value::Value;
use super::{format, lists, pretty, scan};

/// A modifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modifier {
    /// With line breaks and indentation.
    Pretty,
    /// Without any.
    Ugly,
    /// The elements or members from the last to the first.
    Reverse,
    /// The same.
    This,
    /// With the elements of arrays inside of the array in their place.
    Flatten,
    /// The members of all objects in an array as one object.
    Join,
    /// The same if it is JSON, else nothing.
    Valid,
    /// The keys of an object.
    Keys,
    /// The values of an object.
    Values,
    /// As a JSON string.
    ToStr,
    /// What the JSON string holds.
    FromStr,
    /// From an object of arrays an array of objects.
    Group,
    /// What a path names in the value and in everything inside of it.
    Dig,
}

/// The modifier whose name a text (without the @) begins with.
pub fn named(text: &[u8]) -> Option<Modifier> {
    let end = text.iter().position(|byte| matches!(byte, b'.' | b'|' | b':')).unwrap_or(text.len());
    Some(match scan::part(text, 0, end) {
        b"pretty" => Modifier::Pretty,
        b"ugly" => Modifier::Ugly,
        b"reverse" => Modifier::Reverse,
        b"this" => Modifier::This,
        b"flatten" => Modifier::Flatten,
        b"join" => Modifier::Join,
        b"valid" => Modifier::Valid,
        b"keys" => Modifier::Keys,
        b"values" => Modifier::Values,
        b"tostr" => Modifier::ToStr,
        b"fromstr" => Modifier::FromStr,
        b"group" => Modifier::Group,
        b"dig" => Modifier::Dig,
        _ => return None,
    })
}

/// What the modifier that a path begins with makes of a text. `None` if there is no such one: it is a key then.
///
/// # Errors
/// [`Refused`].
pub fn apply<'a, 'p>(json: &'a [u8], path: &'p [u8], run: &Run) -> Result<Option<Made<'a, 'p>>, Refused> {
    let name = scan::rest(path, 1);
    let Some(modifier) = named(name) else { return Ok(None) };
    let end = name.iter().position(|byte| matches!(byte, b'.' | b'|' | b':')).unwrap_or(name.len());
    let (argument, rest) = match scan::rest(name, end) {
        [b':', argument @ ..] => argument.split_at(argument_end(argument)),
        rest => (&[][..], rest),
    };
    run.spend(json.len())?;
    let text = modifier.make(json, argument, run)?;
    Ok(Some(Made { text, rest }))
}

/// JSON ends where it is closed, anything else at a pipe that is in no brackets and no string.
fn argument_end(text: &[u8]) -> usize {
    if let [b'{' | b'[' | b'"', ..] = text {
        return scan::squash(text).len();
    }
    let mut position = 0;
    while let Some(byte) = scan::at(text, position).filter(|byte| *byte != b'|') {
        position += match byte {
            b'{' | b'[' | b'"' | b'(' => scan::squash(scan::rest(text, position)).len(),
            _ => 1,
        };
    }
    position
}

impl Modifier {
    fn make<'a>(self, json: &'a [u8], argument: &[u8], run: &Run) -> Result<Cow<'a, [u8]>, Refused> {
        let value = Value::parse(json);
        Ok(match self {
            Self::This => Cow::Borrowed(json),
            Self::Valid if format::is_json(json) => Cow::Borrowed(json),
            Self::FromStr if format::is_json(json) => Cow::Owned(value.text()?),
            Self::Valid | Self::FromStr => Cow::Borrowed(&[]),
            Self::Pretty => Cow::Owned(pretty::pretty(json, argument, run)?),
            Self::Ugly => Cow::Owned(format::ugly(json)),
            Self::ToStr => {
                let mut out = Vec::with_capacity(json.len() + 2);
                format::string(&mut out, json);
                Cow::Owned(out)
            }
            Self::Keys => Cow::Owned(lists::keys(&value, run)?),
            Self::Values if value.is_array() => Cow::Borrowed(json),
            Self::Values => Cow::Owned(lists::list(&value, run)?),
            Self::Reverse if value.is_array() || value.is_object() => {
                Cow::Owned(lists::reverse(&value, run)?)
            }
            Self::Flatten if value.is_array() => {
                Cow::Owned(lists::flatten(&value, option(argument, b"deep", run)?, run)?)
            }
            Self::Join if value.is_array() => Cow::Owned(lists::join(&value, argument, run)?),
            Self::Reverse | Self::Flatten | Self::Join => Cow::Borrowed(json),
            Self::Group => Cow::Owned(lists::group(&value, run)?),
            Self::Dig => Cow::Owned(lists::dig(value, argument, run)?),
        })
    }
}

/// Whether an option is on in a modifier's argument.
///
/// # Errors
/// [`Refused`].
pub fn option(argument: &[u8], name: &[u8], run: &Run) -> Result<bool, Refused> {
    let mut on = false;
    Value::parse(argument).each(run, |key, value| {
        if key.text()? == name {
            on = value.is_on()?;
        }
        Ok(())
    })?;
    Ok(on)
}
