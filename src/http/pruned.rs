//! JSON of which only some fields are kept: what nobody reads is neither allocated nor looked at twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// What is kept of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// All of it.
    All,
    /// Of an object these fields; of a list the same of each item. Of anything else all.
    Fields(&'static [(&'static str, Keep)]),
}

use Keep::{All, Fields};

/// Of a Pod that is admitted: what names Secrets, and its annotations.
pub const POD: Keep = Fields(&[
    ("metadata", Fields(&[("annotations", All), ("deletionTimestamp", All)])),
    (
        "spec",
        Fields(&[
            ("containers", CONTAINER),
            ("initContainers", CONTAINER),
            ("ephemeralContainers", CONTAINER),
            ("imagePullSecrets", All),
            (
                "volumes",
                Fields(&[("secret", All), ("projected", Fields(&[("sources", Fields(&[("secret", All)]))]))]),
            ),
        ]),
    ),
]);

const CONTAINER: Keep = Fields(&[
    ("env", Fields(&[("valueFrom", Fields(&[("secretKeyRef", All)]))])),
    ("envFrom", Fields(&[("secretRef", All)])),
]);

impl Keep {
    /// Reads what is kept of a text.
    ///
    /// # Errors
    /// It is no JSON, or too deep.
    pub fn read(self, text: &str) -> serde_json::Result<Value> {
        let mut json = serde_json::Deserializer::from_str(text);
        let value = self.deserialize(&mut json)?;
        json.end()?;
        Ok(value)
    }
}

impl<'de> DeserializeSeed<'de> for Keep {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self {
            All => serde::Deserialize::deserialize(deserializer),
            Fields(fields) => deserializer.deserialize_any(Pruning(fields)),
        }
    }
}

/// Reads an object's kept fields.
struct Pruning(&'static [(&'static str, Keep)]);

impl<'de> Visitor<'de> for Pruning {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(name) = entries.next_key_seed(Name(self.0))? {
            match name {
                Some((name, keep)) => drop(kept.insert(name.to_owned(), entries.next_value_seed(keep)?)),
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(kept))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(item) = items.next_element_seed(Fields(self.0))? {
            kept.push(item);
        }
        Ok(Value::Array(kept))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }
}

/// A field's name: which of the kept ones it is, if it is one.
struct Name(&'static [(&'static str, Keep)]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<(&'static str, Keep)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<(&'static str, Keep)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|(kept, _)| *kept == name).copied())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SOME: Keep = Fields(&[("a", All), ("b", Fields(&[("c", All)]))]);

    fn kept(value: &Value) -> Value {
        SOME.read(&value.to_string()).expect("JSON")
    }

    #[test]
    fn of_objects_and_of_those_in_lists_the_named_fields_are_kept() {
        let whole = json!({ "a": [{ "x": 1 }], "b": [{ "c": "C", "d": 0 }, 7, null, [{ "c": 1.5, "e": {} }]], "f": [] });
        let expected = json!({ "a": [{ "x": 1 }], "b": [{ "c": "C" }, 7, null, [{ "c": 1.5 }]] });
        assert_eq!(kept(&whole), expected);
    }

    #[test]
    fn of_what_is_no_object_all_is_kept() {
        for value in
            [json!(null), json!(true), json!(-1), json!(1), json!(0.5), json!("text"), json!([1, "a"])]
        {
            assert_eq!(kept(&value), value);
        }
    }

    #[test]
    fn what_is_no_json_or_too_deep_is_refused() {
        assert!(SOME.read("{").is_err() && SOME.read("{} {}").is_err());
        for (open, close) in [(r#"{"a":["#, "]}"), ("[", "]")] {
            let deep = |times: usize| format!("{}{}", open.repeat(times), close.repeat(times));
            assert!(SOME.read(&deep(1_000)).is_err() && SOME.read(&deep(10)).is_ok());
        }
    }

    #[test]
    fn a_pod_keeps_what_names_secrets() {
        let pod = json!({
            "metadata": { "name": "app", "annotations": { "a": "b" }, "managedFields": [{ "manager": "m" }] },
            "spec": {
                "nodeName": "n",
                "containers": [{
                    "name": "app", "image": "i", "resources": { "limits": { "cpu": "1" } },
                    "env": [{ "name": "A", "value": "v" }, { "name": "B", "valueFrom": { "secretKeyRef": { "name": "env", "key": "k" } } }],
                    "envFrom": [{ "secretRef": { "name": "from", "optional": true } }, { "configMapRef": { "name": "c" } }],
                }],
                "imagePullSecrets": [{ "name": "pull" }],
                "volumes": [
                    { "name": "v", "secret": { "secretName": "volume" } },
                    { "name": "p", "projected": { "defaultMode": 420, "sources": [{ "secret": { "name": "projected" } }, { "configMap": {} }] } },
                ],
            },
        });
        let expected = json!({
            "metadata": { "annotations": { "a": "b" } },
            "spec": {
                "containers": [{
                    "env": [{}, { "valueFrom": { "secretKeyRef": { "name": "env", "key": "k" } } }],
                    "envFrom": [{ "secretRef": { "name": "from", "optional": true } }, {}],
                }],
                "imagePullSecrets": [{ "name": "pull" }],
                "volumes": [
                    { "secret": { "secretName": "volume" } },
                    { "projected": { "sources": [{ "secret": { "name": "projected" } }, {}] } },
                ],
            },
        });
        assert_eq!(POD.read(&pod.to_string()).expect("JSON"), expected);
    }
}
