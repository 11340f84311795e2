//! Texts that a path makes: what a modifier gives, and literals (`!"text"`).

use std::borrow::Cow;

use super::limit::{Refused, Run};
use super::value::Value;
use super::{get, scan};

/// A text that a path has made, and what follows in the path.
#[derive(Debug)]
pub struct Made<'a, 'p> {
    /// The text.
    pub text: Cow<'a, [u8]>,
    /// The rest of the path; with a dot or pipe in front it is looked up in the text.
    pub rest: &'p [u8],
}

impl<'a> Made<'a, '_> {
    /// The value that the text has, or what the rest of the path names in it.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn get(self, run: &Run) -> Result<Value<'a>, Refused> {
        run.spend(self.text.len())?;
        match self.text {
            Cow::Borrowed(text) => within(text, self.rest, run),
            Cow::Owned(text) => within(&text, self.rest, run).map(Value::into_owned),
        }
    }
}

fn within<'a>(text: &'a [u8], rest: &[u8], run: &Run) -> Result<Value<'a>, Refused> {
    match rest {
        [b'|' | b'.', path @ ..] => get(text, path, run),
        _ => Ok(Value::parse(text)),
    }
}

/// The literal that a path begins with: JSON, or one of Go's words. `None` if it begins with none, so that its
/// exclamation mark belongs to a key.
///
/// # Errors
/// [`Refused`].
pub fn literal<'p>(path: &'p [u8], run: &Run) -> Result<Option<Made<'p, 'p>>, Refused> {
    let name = scan::rest(path, 1);
    if let [b'{' | b'[' | b'"' | b'+' | b'-' | b'0'..=b'9', ..] = name {
        run.spend(name.len())?;
        let end = scan::nested(name, 0);
        let made = Made { text: Cow::Borrowed(scan::part(name, 0, end)), rest: scan::rest(name, end) };
        return Ok(Some(made));
    }
    let end = name.iter().position(|byte| matches!(byte, b'|' | b'.')).unwrap_or(name.len());
    let word = scan::part(name, 0, end);
    let is_known =
        matches!(word.to_ascii_lowercase().as_slice(), b"true" | b"false" | b"null" | b"nan" | b"inf");
    Ok(is_known.then(|| Made { text: Cow::Borrowed(word), rest: scan::rest(name, end) }))
}
