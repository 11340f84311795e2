//! Small changes at random places of an object.

use serde_json::{Map, Value, json};

use crate::{Random, words};

/// Changes between one and `most` places.
pub fn mutate(random: &mut Random, object: &mut Value, most: usize) {
    for _ in 0..=random.below(most) {
        let depth = 1 + random.below(9);
        at(random, object, "", depth);
    }
}

/// Goes down at random, at most so deep, and changes what is there.
fn at(random: &mut Random, value: &mut Value, field: &str, depth: usize) {
    match value {
        Value::Object(fields) if depth > 0 && !fields.is_empty() => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = &names[random.below(names.len())];
            match (fields.get_mut(name), random.once_in(12)) {
                (Some(inner), false) => at(random, inner, name, depth - 1),
                _ => fields_of(random, fields, name),
            }
        }
        Value::Array(items) if depth > 0 && !items.is_empty() => {
            let index = random.below(items.len());
            match random.once_in(8) {
                false => at(random, &mut items[index], field, depth - 1),
                true => list(random, items, index),
            }
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => replace(random, value, field),
    }
}

/// A field goes, comes, or gets another name.
fn fields_of(random: &mut Random, fields: &mut Map<String, Value>, name: &str) {
    match random.below(4) {
        0 => drop(fields.remove(name)),
        1 => {
            let value = fields.remove(name).unwrap_or_default();
            fields.insert(words::text(random, ""), value);
        }
        2 => {
            let (key, value) = (words::text(random, ""), words::text(random, name));
            fields.insert(key, json!(value));
        }
        _ => {
            let value = fields.get(name).cloned().unwrap_or_default();
            (0..copies(random, &value, 300))
                .for_each(|i| drop(fields.insert(format!("{name}{i}"), value.clone())));
        }
    }
}

/// As many bytes as copies may take: as much as etcd takes of an object, and not so much that making it is what takes the memory.
const COPIED: usize = 1 << 20;

/// How often something is repeated.
fn copies(random: &mut Random, value: &Value, most: usize) -> usize {
    random.below(most).min(COPIED / bytes(value))
}

/// About as many as it has in JSON; two at the least.
fn bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(bytes).sum::<usize>() + 2,
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| name.len() + 4 + bytes(value)).sum::<usize>() + 2
        }
    }
}

fn list(random: &mut Random, items: &mut Vec<Value>, index: usize) {
    match random.below(4) {
        0 => drop(items.remove(index)),
        1 => items.clear(),
        2 => items.push(words::scalar(random)),
        _ => {
            let copy = items[index].clone();
            let count = copies(random, &copy, 500);
            items.extend(std::iter::repeat_n(copy, count));
        }
    }
}

fn replace(random: &mut Random, value: &mut Value, field: &str) {
    *value = match random.below(16) {
        0 => words::scalar(random),
        1 => json!([value.take()]),
        2 => Value::Object([(words::text(random, ""), value.take())].into_iter().collect()),
        3 => {
            let most = if random.once_in(4) { 400 } else { 40 };
            let depth = 1 + random.below(most);
            words::nested(random, depth)
        }
        4 => json!([]),
        5 => json!({}),
        6 | 7 => match value.as_str() {
            Some(text) => json!(spliced(random, text, field)),
            None => words::scalar(random),
        },
        _ => json!(words::text(random, field)),
    };
}

/// A text in the midst of another.
fn spliced(random: &mut Random, text: &str, field: &str) -> String {
    let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let (before, after) = text.split_at(ends[random.below(ends.len())]);
    [before, &words::text(random, field), after].concat()
}

/// Bytes flipped, cut off, doubled.
pub fn mutate_bytes(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(4) {
            _ if bytes.is_empty() => return,
            0 => bytes[at] = random.bits() as u8,
            1 => bytes.truncate(at),
            2 => bytes.insert(at, random.bits() as u8),
            _ => {
                let end = (at + random.below(64)).min(bytes.len());
                bytes.extend_from_within(at..end);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_changed_and_the_same_seed_changes_it_alike() {
        let before = json!({ "spec": { "list": [1, { "a": "b" }], "text": "x" } });
        let changed = |seed| {
            let mut object = before.clone();
            mutate(&mut Random::new(seed), &mut object, 3);
            object
        };
        assert_eq!(changed(1), changed(1));
        assert!((0..100).filter(|seed| changed(*seed) != before).count() > 90);
    }
}
