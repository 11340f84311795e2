//! Values that are there and cannot be used as asked.

use latchkey_api::external_secret::DecodingStrategy;

use super::listed;
use super::store::named;
use crate::engine::convert::KeyError;
use crate::engine::decode::DecodeError;
use crate::engine::error::{Error, ErrorKind};
use crate::engine::plan::Source;
use crate::engine::rewrite::MergeError;

fn at(source: &Source, what: &str) -> Error {
    let message = format!("{}: {}: {what}", source.at, named(source));
    Error::new(ErrorKind::Value, message).at(source.store.clone())
}

/// A value that cannot be decoded or holds a NUL byte. `key` is the Secret's.
pub fn decoding(source: &Source, key: &str, why: DecodeError) -> Error {
    match why {
        DecodeError::NotEncoded(strategy) => {
            let (name, field) = (strategy_name(strategy), source.at.field("decodingStrategy"));
            at(
                source,
                &format!("the value for key {key:?} is not {name}; correct it there, or set {field} to None"),
            )
        }
        DecodeError::NullByte => {
            let field = source.at.field("nullBytePolicy");
            at(
                source,
                &format!(
                    "the value for key {key:?} contains null bytes; store it as text, or remove {field}"
                ),
            )
        }
    }
}

/// A strategy as it is written.
pub(super) fn strategy_name(strategy: DecodingStrategy) -> &'static str {
    match strategy {
        DecodingStrategy::Auto => "Auto",
        DecodingStrategy::Base64 => "Base64",
        DecodingStrategy::Base64URL => "Base64URL",
        DecodingStrategy::None => "None",
    }
}

/// Keys that cannot be used.
pub fn keys(source: &Source, why: &KeyError) -> Error {
    at(source, &format!("{}; use rewrite or conversionStrategy to change keys", key_error(why)))
}

pub(super) fn key_error(why: &KeyError) -> String {
    match why {
        KeyError::Collision(key) => format!("two of its keys become {key:?}"),
        KeyError::Character(char, key) => {
            format!(
                "key {key:?} has the character {char:?}, and a Secret's has letters, digits, '-', '_' and '.' only"
            )
        }
        KeyError::TooLong(length) => format!("a key has {length} bytes, and a Secret's has no more than 253"),
        KeyError::Impossible(key) => format!("key {key:?} is none that a Secret can have"),
    }
}

/// Values that cannot be merged.
pub fn merging(source: &Source, step: usize, why: &MergeError) -> Error {
    let (part, what) = merge_error(why);
    let message = format!("{}.rewrite[{step}]{part}: {}: {what}", source.at.entry(), named(source));
    Error::new(ErrorKind::Value, message).at(source.store.clone())
}

/// The field of the rewrite that is at fault, and how.
pub(super) fn merge_error(why: &MergeError) -> (&'static str, String) {
    let what = match why {
        MergeError::MissingPriority(key) => {
            format!(
                "there is no key {key:?} to merge; remove it from priority, or set priorityPolicy IgnoreNotFound"
            )
        }
        MergeError::NotAnObject(key) => {
            format!(
                "the value of {key:?} is not a JSON object to merge; correct it there, or remove the merge"
            )
        }
        MergeError::Number(key) => {
            format!(
                "the value of {key:?} has a number that is out of range; correct it there, or remove the merge"
            )
        }
        MergeError::TooLarge => {
            "it makes more of the keys and values than a Secret can hold; correct it".to_owned()
        }
        MergeError::Transform(key, why) => {
            format!("nothing is made of key {key:?}: {why}; correct the template")
        }
        MergeError::Conflicts(properties) => {
            format!(
                "more than one value has {}; set conflictPolicy Ignore, or rename them",
                listed(properties)
            )
        }
    };
    let part = match why {
        MergeError::TooLarge => "",
        MergeError::Transform(..) => ".transform",
        MergeError::MissingPriority(_)
        | MergeError::NotAnObject(_)
        | MergeError::Number(_)
        | MergeError::Conflicts(_) => ".merge",
    };
    (part, what)
}
