//! Joining values that are JSON objects.

use std::collections::BTreeMap;

use latchkey_provider::SecretBytes;
use latchkey_provider::property::{Numbers, any_value, go_json};
use serde_json::value::RawValue;

use super::Merging;
use crate::engine::convert::Data;

/// Why values cannot be joined. It names keys and properties, never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeError {
    /// A key of `priority` is not there.
    MissingPriority(String),
    /// The value of this key is no JSON object, or is nested too deeply.
    NotAnObject(String),
    /// The value of this key has a number that no float64 holds.
    Number(String),
    /// What comes of it is too large, or takes too long.
    TooLarge,
    /// More than one value has these properties.
    Conflicts(Vec<String>),
    /// The template makes nothing of this key, for this reason.
    Transform(String, String),
}

/// Properties with their JSON, as it was written.
type Joined = BTreeMap<String, Box<RawValue>>;

impl Merging {
    pub(super) fn apply(&self, values: Data) -> Result<Data, MergeError> {
        let joined = self.join(&values)?;
        match &self.into {
            None => extracted(joined),
            Some(into) => {
                let mut values = values;
                values.insert(into.clone(), as_json(into, &joined)?);
                Ok(values)
            }
        }
    }

    fn join(&self, values: &Data) -> Result<Joined, MergeError> {
        let mut joined = Joined::new();
        let mut conflicts = Vec::new();
        for key in self.order(values) {
            let Some(value) = values.get(key) else {
                if self.strict {
                    return Err(MergeError::MissingPriority(key.clone()));
                }
                continue;
            };
            for (property, json) in object(key, value)? {
                if joined.insert(property.clone(), json).is_some() {
                    conflicts.push(property);
                }
            }
        }
        if conflicts.is_empty() || self.overwrite {
            Ok(joined)
        } else {
            Err(MergeError::Conflicts(conflicts))
        }
    }

    /// The keys without priority alphabetically, then those with it.
    fn order<'a>(&'a self, values: &'a Data) -> impl Iterator<Item = &'a String> {
        values.keys().filter(|key| !self.priority.contains(key)).chain(&self.priority)
    }
}

/// Go reads `null` into a map without an error, what is no UTF-8 as U+FFFD, and every number into a float64.
fn object(key: &str, value: &SecretBytes) -> Result<Joined, MergeError> {
    let text = String::from_utf8_lossy(value.expose());
    if text.trim() == "null" {
        return Ok(Joined::new());
    }
    let not_an_object = || MergeError::NotAnObject(key.to_owned());
    let object = serde_json::from_str(&text).map_err(|_| not_an_object())?; // serde's texts quote the value
    let readable = |numbers| go_json(&text, numbers, false).map(SecretBytes::from).is_some();
    match readable(Numbers::Float64) {
        true => Ok(object),
        false if readable(Numbers::Verbatim) => Err(MergeError::Number(key.to_owned())),
        false => Err(not_an_object()),
    }
}

/// Strings as they are, null empty, the rest as Go would marshal it again.
fn extracted(joined: Joined) -> Result<Data, MergeError> {
    let values = joined.into_iter().map(|(property, json)| match any_value(json.get(), Numbers::Float64) {
        Some(value) => Ok((property, value)),
        None => Err(MergeError::NotAnObject(property)),
    });
    values.collect()
}

/// Compact and sorted, without HTML's escapes.
fn as_json(into: &str, joined: &Joined) -> Result<SecretBytes, MergeError> {
    let text = serde_json::to_string(joined).ok();
    let json = text.and_then(|text| go_json(&text, Numbers::Float64, false));
    json.map(SecretBytes::from).ok_or_else(|| MergeError::NotAnObject(into.to_owned()))
}
