//! A value that was found, or made on the way.

use std::borrow::Cow;

use super::limit::{Refused, Run};
use super::{scan, text};

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `false`.
    False,
    /// A number, or what begins like one.
    Number,
    /// A string.
    String,
    /// `true`.
    True,
    /// An object or an array.
    Json,
}

/// A value by its own bytes; null without any is one that is not there.
#[derive(Debug, Clone)]
pub struct Value<'a> {
    /// What it is.
    pub kind: Kind,
    /// How it is written.
    pub raw: Cow<'a, [u8]>,
}

impl<'a> Value<'a> {
    /// One that is not there.
    pub const NONE: Self = Self { kind: Kind::Null, raw: Cow::Borrowed(&[]) };

    /// A part of a document.
    pub fn part(kind: Kind, raw: &'a [u8]) -> Self {
        Self { kind, raw: Cow::Borrowed(raw) }
    }

    /// One that was put together.
    pub fn made(kind: Kind, raw: Vec<u8>) -> Self {
        Self { kind, raw: Cow::Owned(raw) }
    }

    /// The value that a text begins with; of an object or array everything that follows belongs to it.
    pub fn parse(json: &'a [u8]) -> Self {
        let Some(start) = json.iter().position(|byte| *byte > b' ') else { return Self::NONE };
        let text = scan::rest(json, start);
        let kind = text.first().and_then(|first| scan::kind(*first, text.get(1).copied()));
        match kind {
            None => Self::NONE,
            Some(Kind::Json) => Self::part(Kind::Json, text),
            Some(kind) => {
                Self::part(kind, scan::part(text, 0, scan::end(text, 0, kind).unwrap_or(text.len())))
            }
        }
    }

    /// Without a tie to the text that it is part of.
    pub fn into_owned<'b>(self) -> Value<'b> {
        Value { kind: self.kind, raw: Cow::Owned(self.raw.into_owned()) }
    }

    /// Whether there is such a value.
    pub fn exists(&self) -> bool {
        self.kind != Kind::Null || !self.raw.is_empty()
    }

    /// Whether it is an array.
    pub fn is_array(&self) -> bool {
        self.kind == Kind::Json && self.raw.first() == Some(&b'[')
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.kind == Kind::Json && self.raw.first() == Some(&b'{')
    }

    /// What a path names in it.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn get(self, path: &[u8], run: &Run) -> Result<Self, Refused> {
        match self.raw {
            Cow::Borrowed(raw) => super::get(raw, path, run),
            Cow::Owned(raw) => Ok(super::get(&raw, path, run)?.into_owned()),
        }
    }

    /// Its text: a string's content, an object or array as it is written, a number as Go prints it.
    ///
    /// # Errors
    /// [`Refused::Number`].
    pub fn text(&self) -> Result<Vec<u8>, Refused> {
        Ok(match self.kind {
            Kind::Null => Vec::new(),
            Kind::False => b"false".to_vec(),
            Kind::True => b"true".to_vec(),
            Kind::Number => text::number(&self.raw)?,
            Kind::String => text::unquote(&self.raw).into_owned(),
            Kind::Json => self.raw.to_vec(),
        })
    }

    /// Whether an option of a modifier is on.
    ///
    /// # Errors
    /// [`Refused::Number`].
    pub fn is_on(&self) -> Result<bool, Refused> {
        Ok(match self.kind {
            Kind::True => true,
            Kind::String => text::boolean(&text::unquote(&self.raw)) == Some(true),
            Kind::Number => text::float(&self.raw)? != 0.0,
            Kind::Null | Kind::False | Kind::Json => false,
        })
    }

    /// Hands over the members of an object or the elements of an array, with an empty key then, until an error; of
    /// anything else, the value itself.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn each(
        &self,
        run: &Run,
        mut take: impl FnMut(Value<'_>, Value<'_>) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        if !self.exists() {
            return Ok(());
        }
        if self.kind != Kind::Json {
            return take(Value::NONE, self.clone());
        }
        run.spend(self.raw.len())?;
        let (json, mut position) = (&*self.raw, 1);
        while position < json.len() {
            let mut key = Value::NONE;
            if self.is_object() {
                if scan::at(json, position) != Some(b'"') {
                    position += 1;
                    continue;
                }
                let Some(end) = scan::end(json, position, Kind::String) else { break };
                key = Value::part(Kind::String, scan::part(json, position, end));
                position = end;
            }
            let Some((value, end)) = scan::next(json, position) else { break };
            take(key, value)?;
            position = end + 1; // what follows a value separates it from the next
        }
        Ok(())
    }
}
