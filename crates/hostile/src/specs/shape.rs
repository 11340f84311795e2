//! Values in the shape that a schema asks for, most of the time.

use serde_json::{Map, Value, json};

use super::hints::{self, At};
use crate::{Random, words};

/// No list and no map has more entries of its own making, and few have so many.
const MOST: usize = 200;

/// A value of this schema; now and then one of another.
pub(super) fn value(random: &mut Random, schema: &Value, at: &At<'_>) -> Value {
    if at.depth() > 1 && random.once_in(70) {
        return mistaken(random);
    }
    if let Some(values) = schema["enum"].as_array()
        && !random.once_in(30)
    {
        return hints::choice(random, at).unwrap_or_else(|| values[random.below(values.len())].clone());
    }
    if schema["x-kubernetes-int-or-string"] == true {
        return if random.once_in(2) { number(random, schema) } else { json!(hints::text(random, at)) };
    }
    match schema["type"].as_str() {
        Some("object") => object(random, schema, at),
        Some("array") => array(random, schema, at),
        Some("boolean") => json!(random.once_in(2)),
        Some("integer" | "number") => number(random, schema),
        Some("string") => json!(hints::text(random, at)),
        _ => anything(random),
    }
}

/// Not what the schema says.
fn mistaken(random: &mut Random) -> Value {
    match random.below(6) {
        0 => json!(words::text(random, "")),
        1 => json!([words::scalar(random)]),
        2 => json!({ words::text(random, ""): words::scalar(random) }),
        3 => {
            let depth = 1 + random.below(40);
            words::nested(random, depth)
        }
        _ => words::scalar(random),
    }
}

/// Where the schema says nothing.
fn anything(random: &mut Random) -> Value {
    match random.below(4) {
        0 => words::scalar(random),
        1 => json!(words::text(random, "")),
        _ => {
            let depth = 1 + random.below(4);
            json!({ "apiVersion": "v1", "kind": "K", "spec": words::nested(random, depth) })
        }
    }
}

fn object(random: &mut Random, schema: &Value, at: &At<'_>) -> Value {
    let mut fields = Map::new();
    if let Some(properties) = schema["properties"].as_object() {
        for name in chosen(random, schema, properties, at) {
            fields.insert(name.clone(), value(random, &properties[name], &at.field(name)));
        }
    }
    if schema["additionalProperties"].is_object() {
        for _ in 0..many(random, schema, "Properties") {
            let key = hints::key(random, at);
            fields.insert(key, value(random, &schema["additionalProperties"], &at.entry()));
        }
    } else if schema["properties"].is_null() && !random.once_in(3) {
        fields.insert("any".to_owned(), anything(random));
    }
    if random.once_in(150) {
        fields.insert(words::text(random, ""), words::scalar(random));
    }
    Value::Object(fields)
}

/// The fields that are set: what has to be there, and some of the others; one alone where only one may be.
fn chosen<'a>(
    random: &mut Random,
    schema: &Value,
    properties: &'a Map<String, Value>,
    at: &At<'_>,
) -> Vec<&'a String> {
    let names: Vec<&String> = properties.keys().collect();
    let is_one = schema["maxProperties"] == 1 || at.is_choice();
    if is_one && !names.is_empty() && !random.once_in(40) {
        return vec![names[random.below(names.len())]];
    }
    let required = |name: &str| {
        schema["required"].as_array().is_some_and(|required| required.iter().any(|it| it == name))
            || hints::is_wanted(&at.field(name))
    };
    let rate = 2 + names.len() / 6;
    let set = |name: &&String| if required(name) { !random.once_in(60) } else { random.once_in(rate) };
    names.into_iter().filter(set).collect()
}

fn array(random: &mut Random, schema: &Value, at: &At<'_>) -> Value {
    let count = many(random, schema, "Items");
    let mut items: Vec<Value> =
        (0..count.min(5)).map(|_| value(random, &schema["items"], &at.entry())).collect();
    let last = items.last().cloned().filter(|last| last.to_string().len() < 2_000);
    items.extend(last.into_iter().flat_map(|last| std::iter::repeat_n(last, count.saturating_sub(5))));
    Value::Array(items)
}

/// How many entries: a few, seldom very many, and around the limits of the schema.
fn many(random: &mut Random, schema: &Value, of: &str) -> usize {
    let bound = |word: &str| schema[format!("{word}{of}")].as_u64().and_then(|it| usize::try_from(it).ok());
    let least = bound("min").unwrap_or_default();
    match random.below(100) {
        0 => random.below(MOST),
        1 => bound("max").map_or(0, |most| most.min(MOST) + 1),
        2 => least.saturating_sub(1),
        _ => least + random.below(3),
    }
}

fn number(random: &mut Random, schema: &Value) -> Value {
    let bound = |word: &str| schema[word].as_i64();
    match random.below(12) {
        0 => words::scalar(random),
        1 => json!(bound("minimum").map_or(0, |least| least.saturating_sub(1))),
        2 => json!(bound("maximum").map_or(i64::from(i32::MAX), |most| most.saturating_add(1))),
        3 => json!(random.pick(&["384", "521", "2048", "1024", "3072"]).parse::<i64>().unwrap_or_default()),
        _ => {
            json!(bound("minimum").unwrap_or_default() + i64::try_from(random.below(64)).unwrap_or_default())
        }
    }
}
