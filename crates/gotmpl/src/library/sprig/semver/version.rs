//! Semantic versions, with what may be missing and noughts that may lead.

use std::any::Any;
use std::cmp::Ordering;

use crate::{Bytes, Call, FuncError, Object, Signature, Value};

/// A version.
#[derive(Clone)]
pub(super) struct Version {
    pub(super) major: u64,
    pub(super) minor: u64,
    pub(super) patch: u64,
    /// What stands behind the dash; empty for a release.
    pub(super) pre: String,
    metadata: String,
    original: String,
}

/// A longer text is no version.
const MAX_LENGTH: usize = 256;

impl Version {
    /// The version that the text is: one to three numbers, perhaps with a `v`, a prerelease, metadata.
    pub(super) fn parse(original: &str) -> Option<Self> {
        if original.len() > MAX_LENGTH {
            return None;
        }
        let text = original.strip_prefix('v').unwrap_or(original);
        let (text, metadata) =
            text.split_once('+').map_or((text, None), |(text, metadata)| (text, Some(metadata)));
        let (numbers, pre) = text.split_once('-').map_or((text, None), |(numbers, pre)| (numbers, Some(pre)));
        let mut numbers = numbers.split('.');
        let major = number(numbers.next()?)?;
        let [minor, patch] = [numbers.next(), numbers.next()].map(|text| text.map_or(Some(0), number));
        let extras = [pre, metadata].into_iter().flatten().all(is_extra);
        let leads = pre.is_some_and(|pre| {
            pre.split('.').any(|part| part.len() > 1 && part.starts_with('0') && number(part).is_some())
        });
        if numbers.next().is_some() || !extras || leads {
            return None;
        }
        let [pre, metadata] = [pre, metadata].map(|text| text.unwrap_or_default().to_owned());
        Some(Self { major, minor: minor?, patch: patch?, pre, metadata, original: original.to_owned() })
    }

    fn text(&self) -> String {
        let Self { major, minor, patch, pre, metadata, original: _ } = self;
        let [pre, metadata] = [("-", pre), ("+", metadata)]
            .map(|(sign, text)| if text.is_empty() { String::new() } else { format!("{sign}{text}") });
        format!("{major}.{minor}.{patch}{pre}{metadata}")
    }

    /// The version that follows, with these numbers.
    fn next(&self, (major, minor, patch): (u64, u64, u64)) -> Value {
        let next = Self {
            major,
            minor,
            patch,
            pre: String::new(),
            metadata: String::new(),
            original: String::new(),
        };
        let v = if self.original.starts_with('v') { "v" } else { "" };
        let original = format!("{v}{}", next.text());
        Value::Object(std::rc::Rc::new(Next(Self { original, ..next })))
    }
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Parts between dots, none of them empty.
fn is_extra(text: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.split('.').all(plain)
}

impl Ord for Version {
    /// By precedence: metadata does not count.
    fn cmp(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| (version.major, version.minor, version.patch);
        numbers(self).cmp(&numbers(other)).then_with(|| match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => compare_pre(&self.pre, &other.pre),
        })
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

/// Part by part: numbers before words, and fewer parts before more.
pub(super) fn compare_pre(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(left), Some(right)) => match (number(left), number(right)) {
                (Some(left), Some(right)) => left.cmp(&right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => left.cmp(right),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// What the version's methods give.
fn part(version: &Version, name: &str) -> Option<Value> {
    // Go's are uint64; what an int64 cannot hold is shown as the largest that it can.
    let number = |number: u64| Some(Value::Int64(i64::try_from(number).unwrap_or(i64::MAX)));
    let Version { major, minor, patch, pre, metadata, original } = version;
    let up = |number: &u64| number.wrapping_add(1);
    match name {
        "Major" => number(*major),
        "Minor" => number(*minor),
        "Patch" => number(*patch),
        "Prerelease" => Some(pre.as_str().into()),
        "Metadata" => Some(metadata.as_str().into()),
        "Original" => Some(original.as_str().into()),
        "String" => Some(version.text().as_str().into()),
        "IncMajor" => Some(version.next((up(major), 0, 0))),
        "IncMinor" => Some(version.next((*major, up(minor), 0))),
        "IncPatch" => Some(version.next((*major, *minor, if pre.is_empty() { up(patch) } else { *patch }))),
        _ => None,
    }
}

/// What a method of the version takes: nothing.
fn method(version: &Version, name: &str) -> Option<Signature> {
    part(version, name).map(|_| Signature::new(&[]))
}

impl Object for Version {
    fn type_name(&self) -> &'static str {
        "*semver.Version"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        method(self, name)
    }

    fn call(&self, name: &str, _: &Call<'_>) -> Result<Value, FuncError> {
        Ok(part(self, name).unwrap_or_default())
    }

    fn text(&self) -> Bytes {
        self.text().into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A version that was counted up: Go has it by value.
struct Next(Version);

impl Object for Next {
    fn type_name(&self) -> &'static str {
        "semver.Version"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        // Only a pointer has this one.
        if name == "Original" { None } else { method(&self.0, name) }
    }

    fn call(&self, name: &str, _: &Call<'_>) -> Result<Value, FuncError> {
        Ok(part(&self.0, name).unwrap_or_default())
    }

    fn text(&self) -> Bytes {
        self.0.text().into()
    }

    fn equals(&self, other: &dyn Object) -> bool {
        // By fields: what it was made of is one of them.
        other.as_any().downcast_ref::<Self>().is_some_and(|other| self.0.original == other.0.original)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
