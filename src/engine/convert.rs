//! From remote names to keys that a Secret can have: `conversionStrategy` and what is checked after it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::LazyLock;

use latchkey_api::external_secret::ConversionStrategy;
use latchkey_provider::SecretBytes;
use regex::{Captures, Regex};

/// Keys and values on their way into a Secret.
pub type Data = BTreeMap<String, SecretBytes>;

/// How long a key of a Secret may be.
const MAX_LENGTH: usize = 253;

/// What ESO does not take for a part of a key: Go's letters and numbers of all scripts pass (and the API server refuses
/// them later, unless a template uses them up).
static FOREIGN: LazyLock<Regex> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the pattern is a constant, compiled by every test run")]
    Regex::new(r"[^\p{L}\p{N}._-]").expect("a valid pattern")
});

/// Why keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// Two names become this key.
    Collision(String),
    /// This character is not one of a key.
    Character(char, String),
    /// The key is longer than 253 bytes.
    TooLong(usize),
    /// The key is one that no Secret can have, such as `..`.
    Impossible(String),
}

/// Replaces what a key cannot have.
///
/// # Errors
/// [`KeyError::Collision`].
pub fn convert_keys(strategy: ConversionStrategy, values: Data) -> Result<Data, KeyError> {
    let mut converted = Data::new();
    for (name, value) in values {
        match converted.entry(convert(strategy, &name).into_owned()) {
            Entry::Vacant(free) => drop(free.insert(value)),
            Entry::Occupied(taken) => return Err(KeyError::Collision(taken.key().clone())),
        }
    }
    Ok(converted)
}

fn convert(strategy: ConversionStrategy, name: &str) -> Cow<'_, str> {
    match strategy {
        ConversionStrategy::Default => FOREIGN.replace_all(name, "_"),
        ConversionStrategy::Unicode => FOREIGN.replace_all(name, |found: &Captures<'_>| {
            let number = found[0].chars().next().map_or(0, u32::from);
            format!("_U{number:04x}_")
        }),
    }
}

/// Checks the keys as ESO does before it decodes the values: an empty key is dropped without a word.
///
/// # Errors
/// [`KeyError::Character`], [`KeyError::TooLong`].
pub fn valid_keys(mut values: Data) -> Result<Data, KeyError> {
    values.remove("");
    for key in values.keys() {
        length(key)?;
        if let Some(found) = FOREIGN.find(key).and_then(|found| found.as_str().chars().next()) {
            return Err(KeyError::Character(found, key.clone()));
        }
    }
    Ok(values)
}

/// Checks the keys as the API server does, so that a dry run and the prompt say it first.
///
/// # Errors
/// [`KeyError::Character`], [`KeyError::TooLong`], [`KeyError::Impossible`].
pub fn writable_keys<'a>(mut keys: impl Iterator<Item = &'a String>) -> Result<(), KeyError> {
    let allowed = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.');
    keys.try_for_each(|key| {
        length(key)?;
        if let Some(found) = key.chars().find(|char| !allowed(char)) {
            return Err(KeyError::Character(found, key.clone()));
        }
        let impossible = key.is_empty() || key == "." || key.starts_with("..");
        if impossible { Err(KeyError::Impossible(key.clone())) } else { Ok(()) }
    })
}

fn length(key: &str) -> Result<(), KeyError> {
    if key.len() > MAX_LENGTH { Err(KeyError::TooLong(key.len())) } else { Ok(()) }
}

#[cfg(test)]
#[path = "convert_tests.rs"]
mod tests;
