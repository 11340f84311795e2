//! An object against the schema of its CustomResourceDefinition, as the API server takes it under `--validate=strict`.

use std::sync::LazyLock;

use latchkey_api::crd::crds;
use regex::Regex;
use serde_json::{Map, Value};

use super::finding::Kind;

/// A field that the schema does not take: what kind of fault it is, where, and the sentence.
pub(super) type Fault = (Kind, String, String);

/// The schemas by `GROUP/KIND`; all versions of a kind have the same.
static SCHEMAS: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let schemas = crds().into_iter().filter_map(|crd| {
        let kind = format!("{}/{}", crd.spec.group, crd.spec.names.kind);
        let schema = crd.spec.versions.into_iter().next()?.schema?.open_api_v3_schema?;
        Some((kind, serde_json::to_value(schema).ok()?))
    });
    schemas.collect()
});

/// What the schema of this kind finds wrong with the object; none if the group has no such kind.
pub(super) fn check(group: &str, kind: &str, object: &Value) -> Option<Vec<Fault>> {
    let schema = SCHEMAS.get(&format!("{group}/{kind}"))?;
    let mut faults = Vec::new();
    node(schema, object, "", &mut faults);
    Some(faults)
}

/// Whether the group has such a kind.
pub(super) fn has(group: &str, kind: &str) -> bool {
    SCHEMAS.contains_key(&format!("{group}/{kind}"))
}

fn at(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn node(schema: &Value, value: &Value, path: &str, faults: &mut Vec<Fault>) {
    if let Some(wanted) = mistyped(schema, value) {
        let message = format!("has to be {wanted}, not {}", name_of(value));
        faults.push((Kind::WrongType, path.to_owned(), message));
        return;
    }
    match value {
        Value::Object(map) => object(schema, map, path, faults),
        Value::Array(items) => {
            count(schema, "items", "Items", items.len(), path, faults);
            for (index, item) in items.iter().enumerate() {
                node(&schema["items"], item, &format!("{path}[{index}]"), faults);
            }
        }
        Value::String(text) => string(schema, text, path, faults),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn object(schema: &Value, map: &Map<String, Value>, path: &str, faults: &mut Vec<Fault>) {
    count(schema, "fields", "Properties", map.len(), path, faults);
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        if !map.contains_key(name) {
            faults.push((Kind::MissingField, at(path, name), "is missing; set it".to_owned()));
        }
    }
    let free = schema["x-kubernetes-preserve-unknown-fields"] == true
        || schema["additionalProperties"] == true
        || (schema["properties"].is_null() && path == "metadata");
    for (name, value) in map {
        let inner = match (schema["properties"].get(name), &schema["additionalProperties"]) {
            (Some(inner), _) => inner,
            (None, inner @ Value::Object(_)) => inner,
            (None, _) if free => continue,
            (None, _) => {
                let message = "is no field that this kind has; remove it, or correct its name".to_owned();
                faults.push((Kind::UnknownField, at(path, name), message));
                continue;
            }
        };
        node(inner, value, &at(path, name), faults);
    }
}

fn string(schema: &Value, text: &str, path: &str, faults: &mut Vec<Fault>) {
    count(schema, "characters", "Length", text.chars().count(), path, faults);
    if let Some(values) = schema["enum"].as_array().filter(|values| !values.iter().any(|value| value == text))
    {
        let values: Vec<_> = values.iter().map(Value::to_string).collect();
        let message = format!("{text:?} is none of {}", values.join(", "));
        faults.push((Kind::NotAllowed, path.to_owned(), message));
    }
    let pattern = schema["pattern"].as_str();
    let is_like = |pattern| Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text));
    if let Some(pattern) = pattern.filter(|pattern| !is_like(pattern)) {
        faults.push((Kind::NotAllowed, path.to_owned(), format!("has to match {pattern}")));
    }
}

/// Limits of how many: `minItems`, `maxLength` and the like.
fn count(schema: &Value, what: &str, limit: &str, many: usize, path: &str, faults: &mut Vec<Fault>) {
    let bound = |word: &str| schema[format!("{word}{limit}")].as_u64();
    let many = many as u64;
    let message = match (bound("min"), bound("max")) {
        (Some(least), _) if many < least => format!("has {many} {what}, and needs {least} at least"),
        (_, Some(most)) if many > most => format!("has {many} {what}, and may have {most} at most"),
        _ => return,
    };
    faults.push((Kind::NotAllowed, path.to_owned(), message));
}

/// What the value has to be, if it is something else.
fn mistyped(schema: &Value, value: &Value) -> Option<&'static str> {
    if schema["x-kubernetes-int-or-string"] == true {
        return (!value.is_string() && !value.is_i64()).then_some("a text or a whole number");
    }
    let (fits, wanted) = match schema["type"].as_str()? {
        "object" => (value.is_object(), "a map"),
        "array" => (value.is_array(), "a list"),
        "string" => (value.is_string(), "a text"),
        "boolean" => (value.is_boolean(), "true or false"),
        "integer" => (value.is_i64(), "a whole number"),
        "number" => (value.is_number(), "a number"),
        _ => return None,
    };
    (!fits).then_some(wanted)
}

fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number; put it in quotes if it is meant as a text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
