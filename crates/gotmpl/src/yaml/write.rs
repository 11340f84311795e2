//! Values as YAML.

use super::YamlError;
use super::emitter::Emitter;
use super::sort;
use crate::{Budget, Bytes, List, Map, Type, Value};

/// Writes a value, maps sorted by key, with a new line at the end. None if Go could not write it: if a number is not
/// finite, or a text holds what YAML does not allow even in quotes.
///
/// # Errors
/// If it takes too much, or is nested too deep.
pub fn write(value: &Value, budget: &Budget<'_>) -> Result<Option<Bytes>, YamlError> {
    let mut out = Emitter::new(budget);
    let written = node(&mut out, value, Place::Root, budget)?;
    out.end();
    let bytes = out.finish()?;
    Ok(written.then_some(bytes))
}

/// Where a value stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Root,
    Item,
    Value,
}

/// Writes one value. False if it cannot be written.
fn node(out: &mut Emitter, value: &Value, place: Place, budget: &Budget<'_>) -> Result<bool, YamlError> {
    budget.steps(1)?;
    match value {
        Value::Map(map) if map.is_nil() => Ok(plain(out, "null")),
        Value::List(list) if list.is_nil() => Ok(plain(out, "null")),
        Value::Map(map) => collection(budget, |budget| mapping(out, map, budget)),
        Value::List(list) if *list.elem() == Type::Byte => Ok(octets(out, list)),
        Value::List(list) => collection(budget, |budget| sequence(out, list, place, budget)),
        Value::Nil => Ok(plain(out, "null")),
        Value::Bool(value) => Ok(plain(out, if *value { "true" } else { "false" })),
        Value::Int(value) | Value::Int64(value) => Ok(plain(out, &value.to_string())),
        Value::Byte(value) => Ok(plain(out, &value.to_string())),
        Value::Float(value) if value.is_finite() => Ok(plain(out, &float(*value))),
        Value::Float(_) => Ok(false),
        Value::Str(bytes) => text(out, bytes, budget),
        Value::Object(object) => match object.json() {
            Some(value) => node(out, &value, place, budget),
            None => Ok(false),
        },
    }
}

/// One level deeper.
fn collection(
    budget: &Budget<'_>,
    write: impl FnOnce(&Budget<'_>) -> Result<bool, YamlError>,
) -> Result<bool, YamlError> {
    budget.enter()?;
    let written = write(budget);
    budget.leave();
    written
}

fn plain(out: &mut Emitter, text: &str) -> bool {
    out.plain(text);
    true
}

/// A float, which JSON has made a whole number if it is one.
fn float(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e21 {
        let digits = format!("{value:.0}");
        if value == 0.0 {
            return "0".to_owned();
        }
        if digits.parse::<i64>().is_ok() || digits.parse::<u64>().is_ok() {
            return digits;
        }
    }
    crate::printer::shortest_general(&format!("{value:e}"))
}

/// Text as JSON has it: what is no UTF-8 is replaced.
fn text(out: &mut Emitter, bytes: &[u8], budget: &Budget<'_>) -> Result<bool, YamlError> {
    budget.memory(3 * bytes.len())?;
    budget.steps(bytes.len() as u64 / 64)?;
    let text = decoded(bytes);
    if !text.chars().all(is_allowed) {
        return Ok(false);
    }
    out.text(&text, false);
    Ok(true)
}

fn decoded(bytes: &[u8]) -> zeroize::Zeroizing<String> {
    let mut text = zeroize::Zeroizing::new(String::with_capacity(3 * bytes.len()));
    text.extend(crate::text::runes(bytes).map(|(c, _)| c));
    text
}

/// Whether JSON may hold the character as it is, or escapes it.
fn is_allowed(c: char) -> bool {
    !matches!(c, '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}')
}

/// A `[]byte`, which JSON writes in base64.
fn octets(out: &mut Emitter, list: &List) -> bool {
    use base64::Engine;
    let octet = |value: &Value| if let Value::Byte(octet) = value { *octet } else { 0 };
    let bytes: zeroize::Zeroizing<Vec<u8>> =
        zeroize::Zeroizing::new(list.values().iter().map(octet).collect());
    out.text(&base64::engine::general_purpose::STANDARD.encode(&*bytes), false);
    true
}

fn sequence(out: &mut Emitter, list: &List, place: Place, budget: &Budget<'_>) -> Result<bool, YamlError> {
    if list.is_empty() {
        out.indicator("[]", true);
        return Ok(true);
    }
    let indent = out.enter_sequence(place == Place::Value);
    for item in list.values() {
        out.item();
        if !node(out, item, Place::Item, budget)? {
            return Ok(false);
        }
    }
    out.leave(indent);
    Ok(true)
}

/// A key that takes more than this in JSON, without its quotes, is none to those who read JSON as YAML.
const LONGEST_KEY: usize = 1022;

/// How many characters JSON takes for one.
fn length_in_json(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\x08' | '\x0c' => 2,
        '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => 6,
        _ => 1,
    }
}

fn mapping(out: &mut Emitter, map: &Map, budget: &Budget<'_>) -> Result<bool, YamlError> {
    if map.is_empty() {
        out.indicator("{}", true);
        return Ok(true);
    }
    let entries = map.entries();
    let size: usize = entries.iter().map(|(key, _)| 4 * key.len() + size_of::<(String, Value)>()).sum();
    budget.memory(size)?;
    budget.steps(size as u64 / 64)?;
    let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (decoded(&key), value)).collect();
    entries.sort_by(|(left, _), (right, _)| sort::compare(left, right));
    let indent = out.enter_mapping();
    for (key, value) in &entries {
        if !key.chars().all(is_allowed) || key.chars().map(length_in_json).sum::<usize>() > LONGEST_KEY {
            return Ok(false);
        }
        out.key(key);
        if !node(out, value, Place::Value, budget)? {
            return Ok(false);
        }
    }
    out.leave(indent);
    Ok(true)
}
