//! Where in an object something is put: `spec.servers[0].auth`, as `templateFrom[].target` writes it.

use serde_json::{Map, Value};

/// External Secrets Operator's own limit: a larger index would only fill memory.
const MAX_INDEX: usize = 10_000;

/// One step into an object.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// A place in an object; its first step is a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Vec<Step>);

impl Path {
    /// A place below these keys.
    pub fn keys(keys: &[&str]) -> Self {
        Self(keys.iter().map(|key| Step::Key((*key).to_owned())).collect())
    }

    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for segment in text.split('.') {
            let (key, indexes) =
                segment.split_once('[').map_or((segment, None), |(key, rest)| (key, Some(rest)));
            if key.is_empty() {
                return Err("it has an empty segment".to_owned());
            }
            steps.push(Step::Key(key.to_owned()));
            if let Some(rest) = indexes {
                indexed(rest, &mut steps)?;
            }
        }
        Ok(Self(steps))
    }

    /// The field of the object that it begins with.
    pub fn root(&self) -> &str {
        match self.0.first() {
            Some(Step::Key(key)) => key,
            Some(Step::Index(_)) | None => "",
        }
    }

    /// Whether it is a field of the object itself, which is replaced rather than merged.
    pub fn is_single(&self) -> bool {
        self.0.len() == 1
    }

    /// The place of a key below it.
    #[must_use]
    pub fn below(&self, key: &str) -> Self {
        Self(self.0.iter().cloned().chain([Step::Key(key.to_owned())]).collect())
    }

    /// Puts the value there, in place of what is there or, if it `merges`, into it.
    ///
    /// # Errors
    /// Something on the way is neither a map nor a list.
    pub fn put(&self, object: &mut Value, value: Value, merges: bool) -> Result<(), String> {
        let mut place = object;
        for step in &self.0 {
            place = step.into(place)?;
        }
        if merges {
            merge(place, value)
        } else {
            *place = value
        }
        Ok(())
    }
}

/// The rest of `key[0][1]` behind the first bracket.
fn indexed(rest: &str, steps: &mut Vec<Step>) -> Result<(), String> {
    let Some(rest) = rest.strip_suffix(']') else { return Err("an index does not end with ]".to_owned()) };
    for index in rest.split("][") {
        let index = index.parse().ok().filter(|index| *index <= MAX_INDEX);
        steps.push(Step::Index(index.ok_or_else(|| format!("an index is none from 0 to {MAX_INDEX}"))?));
    }
    Ok(())
}

impl Step {
    fn into<'a>(&self, place: &'a mut Value) -> Result<&'a mut Value, String> {
        match self {
            Self::Key(key) => {
                if place.is_null() {
                    *place = Value::Object(Map::new());
                }
                let map = place.as_object_mut();
                let map = map.ok_or_else(|| format!("what should hold the key {key:?} is no map"))?;
                Ok(map.entry(key.clone()).or_insert(Value::Null))
            }
            Self::Index(index) => {
                if place.is_null() {
                    *place = Value::Array(Vec::new());
                }
                let list = place.as_array_mut();
                let list = list.ok_or_else(|| format!("what should hold the index {index} is no list"))?;
                if list.len() <= *index {
                    list.resize(index + 1, Value::Null);
                }
                Ok(&mut list[*index])
            }
        }
    }
}

/// Of two maps the keys are merged, and what stands under each is replaced: what is left out there must not stay. Everything
/// else is replaced.
fn merge(place: &mut Value, value: Value) {
    match (place, value) {
        (Value::Object(there), Value::Object(map)) => there.extend(map),
        (place, value) => *place = value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn put(path: &str, mut object: Value, value: Value, merges: bool) -> Value {
        Path::parse(path).expect("a path").put(&mut object, value, merges).expect("room");
        object
    }

    #[test]
    fn a_value_is_put_where_the_path_leads() {
        for (path, before, merges, after) in [
            ("spec", json!({"spec": {"a": 1}}), false, json!({"spec": {"x": 2}})),
            ("spec.b", json!({"spec": {"a": 1}}), true, json!({"spec": {"a": 1, "b": {"x": 2}}})),
            ("spec.b", json!({"spec": {"b": {"y": 3}}}), true, json!({"spec": {"b": {"x": 2, "y": 3}}})),
            ("spec.l[1]", json!({}), true, json!({"spec": {"l": [null, {"x": 2}]}})),
            (
                "spec.l[0].k",
                json!({"spec": {"l": [{"j": 0}]}}),
                true,
                json!({"spec": {"l": [{"j": 0, "k": {"x": 2}}]}}),
            ),
        ] {
            assert_eq!(put(path, before, json!({"x": 2}), merges), after, "{path}");
        }
    }

    #[test]
    fn what_is_left_out_below_a_key_that_is_given_does_not_stay() {
        let before = json!({"spec": {"b": {"db": {"password": "p"}, "own": {"a": 1}}}});
        let path = Path::parse("spec.b").expect("a path");
        let mut object = before;
        path.put(&mut object, json!({"db": {"passwordFile": "f"}}), true).expect("room");
        assert_eq!(object, json!({"spec": {"b": {"db": {"passwordFile": "f"}, "own": {"a": 1}}}}));
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for text in ["", "a..b", ".a", "a.", "[0]", "a[", "a[x]", "a[-1]", "a[10001]", "a[0]b"] {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        assert!(Path::parse("a[10000]").is_ok());
    }

    #[test]
    fn nothing_is_put_into_what_is_no_map_or_list() {
        for path in ["spec.a.b", "spec.a[0]"] {
            let mut object = json!({"spec": {"a": "text"}});
            assert!(Path::parse(path).expect("a path").put(&mut object, json!(1), true).is_err(), "{path}");
        }
    }
}
