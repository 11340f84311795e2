//! Queries: `#(name=="x")`, and `#(…)#` for all that match.

use std::borrow::Cow;

use super::limit::{Refused, Run};
use super::value::{Kind, Value};
use super::{glob, scan, text};

/// A query.
#[derive(Debug, Default)]
pub struct Query<'p> {
    /// What of an element is looked at; itself if empty.
    pub path: &'p [u8],
    /// Whether all matches are wanted, and not the first alone.
    pub all: bool,
    compare: Compare,
    value: Cow<'p, [u8]>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Compare {
    /// That there is something at the path.
    #[default]
    Exists,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    NotLike,
    /// A lone exclamation mark, which nothing fulfils.
    Never,
}

impl<'p> Query<'p> {
    /// The query that a path begins with, and the position behind it; `None` if it is not closed.
    pub fn parse(path: &'p [u8]) -> Option<(Self, usize)> {
        let Extent { operator, close, escaped } = extent(path)?;
        let behind = close + 1;
        let all = scan::at(path, behind) == Some(b'#');
        let Some(operator) = operator else {
            let query = Self { path: scan::trim(scan::part(path, 2, close)), all, ..Self::default() };
            return Some((query, behind + usize::from(all)));
        };
        let (compare, value) = compare(scan::trim(scan::part(path, operator, close)));
        let value = match scan::trim(value) {
            [b'"', inner @ .., b'"'] if escaped => text::unescape(inner),
            [b'"', inner @ .., b'"'] => Cow::Borrowed(inner),
            plain => Cow::Borrowed(plain),
        };
        let path = scan::trim(scan::part(path, 2, operator));
        Some((Self { path, all, compare, value }, behind + usize::from(all)))
    }

    /// Whether what stands at its path in an element is as it says.
    ///
    /// # Errors
    /// [`Refused`].
    pub fn fits(&self, found: &Value<'_>, run: &Run) -> Result<bool, Refused> {
        match self.value.strip_prefix(b"~") {
            Some(sort) => {
                let Some(is) = is_of(sort, found)? else { return Ok(false) };
                Ok(self.compare == Compare::Exists || self.fits_bool(is, b"true"))
            }
            None if !found.exists() => Ok(false),
            None if self.compare == Compare::Exists => Ok(true),
            None => self.fits_value(found, run),
        }
    }

    fn fits_value(&self, found: &Value<'_>, run: &Run) -> Result<bool, Refused> {
        match found.kind {
            Kind::Null | Kind::Json => Ok(false),
            Kind::False => Ok(self.fits_bool(false, &self.value)),
            Kind::True => Ok(self.fits_bool(true, &self.value)),
            Kind::Number => self.fits_number(text::float(&found.raw)?, run),
            Kind::String => self.fits_text(&text::unquote(&found.raw), run),
        }
    }

    fn fits_text(&self, found: &[u8], run: &Run) -> Result<bool, Refused> {
        let wanted = &*self.value;
        Ok(match self.compare {
            Compare::Equal => found == wanted,
            Compare::NotEqual => found != wanted,
            Compare::Less => found < wanted,
            Compare::LessOrEqual => found <= wanted,
            Compare::Greater => found > wanted,
            Compare::GreaterOrEqual => found >= wanted,
            Compare::Like => glob::matches(found, wanted, run)?,
            Compare::NotLike => !glob::matches(found, wanted, run)?,
            Compare::Exists | Compare::Never => false,
        })
    }

    fn fits_number(&self, found: f64, run: &Run) -> Result<bool, Refused> {
        run.spend(self.value.len())?;
        let wanted = text::float(&self.value)?;
        Ok(match self.compare {
            Compare::Equal => found == wanted,
            Compare::NotEqual => found != wanted,
            Compare::Less => found < wanted,
            Compare::LessOrEqual => found <= wanted,
            Compare::Greater => found > wanted,
            Compare::GreaterOrEqual => found >= wanted,
            Compare::Like | Compare::NotLike | Compare::Exists | Compare::Never => false,
        })
    }

    fn fits_bool(&self, found: bool, wanted: &[u8]) -> bool {
        let same: &[u8] = if found { b"true" } else { b"false" };
        let other: &[u8] = if found { b"false" } else { b"true" };
        match self.compare {
            Compare::Equal => wanted == same,
            Compare::NotEqual => wanted != same,
            Compare::Less => !found && wanted == other,
            Compare::Greater => found && wanted == other,
            Compare::LessOrEqual => !found,
            Compare::GreaterOrEqual => found,
            Compare::Like | Compare::NotLike | Compare::Exists | Compare::Never => false,
        }
    }
}

/// Where the parts of a query are.
struct Extent {
    operator: Option<usize>,
    close: usize,
    /// Whether there is a backslash in a string of it.
    escaped: bool,
}

fn extent(path: &[u8]) -> Option<Extent> {
    let (mut operator, mut escaped) = (None, false);
    let (mut position, mut depth) = (2, 1_usize);
    loop {
        match scan::at(path, position)? {
            b'!' | b'=' | b'<' | b'>' | b'%' if depth == 1 && operator.is_none() => operator = Some(position),
            b'\\' => position += 1,
            b'[' | b'(' => depth += 1,
            b']' | b')' => depth -= 1,
            b'"' => {
                let end = scan::quote(path, position + 1)?;
                escaped |= scan::part(path, position, end).contains(&b'\\');
                position = end;
            }
            _ => {}
        }
        if depth == 0 {
            return Some(Extent { operator, close: position, escaped });
        }
        position += 1;
    }
}

/// The comparison that a text begins with, and what it compares with.
fn compare(text: &[u8]) -> (Compare, &[u8]) {
    match text {
        [b'!'] => (Compare::Never, &[]),
        [b'!', b'=', value @ ..] => (Compare::NotEqual, value),
        [b'!', b'%', value @ ..] => (Compare::NotLike, value),
        [b'<', b'=', value @ ..] => (Compare::LessOrEqual, value),
        [b'>', b'=', value @ ..] => (Compare::GreaterOrEqual, value),
        [b'=', b'=', value @ ..] | [b'=', value @ ..] => (Compare::Equal, value),
        [b'<', value @ ..] => (Compare::Less, value),
        [b'>', value @ ..] => (Compare::Greater, value),
        [b'%', value @ ..] => (Compare::Like, value),
        value => (Compare::Exists, value),
    }
}

/// Whether a value is of a sort (`~true`, `~null`, …); `None` for a sort that there is not.
fn is_of(sort: &[u8], value: &Value<'_>) -> Result<Option<bool>, Refused> {
    Ok(match sort {
        b"*" => Some(value.exists()),
        b"null" => Some(value.kind == Kind::Null),
        b"true" => Some(value.is_on()?),
        b"false" => Some(match value.kind {
            Kind::Null | Kind::False => true,
            Kind::String => text::boolean(&text::unquote(&value.raw)) == Some(false),
            Kind::Number => text::float(&value.raw)? == 0.0,
            Kind::True | Kind::Json => false,
        }),
        _ => None,
    })
}
