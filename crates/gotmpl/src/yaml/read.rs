//! Texts as Go's values.

use std::collections::BTreeMap;

use super::YamlError;
use super::reader::{Reader, target};
use super::tree::{self, Node, Shared, failed};
use crate::{Budget, Bytes, FuncError, Map, Value};

/// What a text holds.
pub(super) fn value(text: &[u8], budget: &Budget<'_>) -> Result<Value, YamlError> {
    let Some(root) = document(text, budget)? else { return Ok(Value::Nil) };
    Reader { budget }.value(&root).map_err(converting)
}

/// The map that a text holds.
pub(super) fn map(text: &[u8], budget: &Budget<'_>) -> Result<Value, YamlError> {
    let value = value(text, budget)?;
    if matches!(value, Value::Nil) {
        return Ok(Value::Map(Map::any([])));
    }
    if matches!(value, Value::Map(_)) { Ok(value) } else { Err(not_into(&value, "map[string]interface {}")) }
}

/// The map of scalars that a text holds.
pub(super) fn strings(text: &[u8], budget: &Budget<'_>) -> Result<BTreeMap<Bytes, Bytes>, YamlError> {
    let reader = Reader { budget };
    let Some(root) = document(text, budget)? else { return Ok(BTreeMap::new()) };
    if !matches!(target(&root), Node::Mapping(_)) {
        let value = reader.value(&root).map_err(converting)?;
        let nothing = matches!(value, Value::Nil);
        return if nothing { Ok(BTreeMap::new()) } else { Err(not_into(&value, "map[string]string")) };
    }
    let mut found = BTreeMap::new();
    for (key, value) in reader.last(&root).map_err(converting)? {
        found.insert(key, reader.text(&value).map_err(converting)?);
    }
    Ok(found)
}

fn document(text: &[u8], budget: &Budget<'_>) -> Result<Option<Shared>, YamlError> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let first = text.get(error.valid_up_to()).copied().unwrap_or_default();
        converting(failed(match (error.error_len(), first) {
            (None, _) => "incomplete UTF-8 octet sequence",
            (Some(_), 0x80..0xc0 | 0xf8..) => "invalid leading UTF-8 octet",
            (Some(_), _) => "invalid trailing UTF-8 octet",
        }))
    })?;
    let allowed = |c: char| !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}');
    if !text.chars().all(allowed) {
        return Err(converting(failed("control characters are not allowed")));
    }
    budget.steps(text.len() as u64 / 16)?;
    tree::parse(text, budget).map_err(converting)
}

/// An error of the reader, in the words of the library around it.
fn converting(error: YamlError) -> YamlError {
    const BEFORE: &str = "error converting YAML to JSON: ";
    match error {
        YamlError::Failed(message) if message.starts_with("error ") => YamlError::Failed(message),
        YamlError::Failed(message) => YamlError::Failed(format!("{BEFORE}{message}")),
        YamlError::Limit(limit) => YamlError::Limit(limit),
    }
}

/// What a value cannot be read into.
fn not_into(value: &Value, target: &str) -> YamlError {
    let kind = match value {
        Value::Str(_) => "string",
        Value::Bool(_) => "bool",
        Value::List(_) => "array",
        Value::Map(_) => "object",
        Value::Nil
        | Value::Int(_)
        | Value::Int64(_)
        | Value::Byte(_)
        | Value::Float(_)
        | Value::Object(_) => "number",
    };
    YamlError::Failed(format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type {target}"
    ))
}

impl From<YamlError> for FuncError {
    fn from(error: YamlError) -> Self {
        match error {
            YamlError::Failed(message) => Self::Failed(message),
            YamlError::Limit(limit) => Self::Limit(limit),
        }
    }
}
