//! A JSON object of which one member is changed while the others keep the very text they have: no number is rounded.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use crate::property::{self, Numbers};

/// The members of a JSON object with their values' own text, which is wiped.
#[derive(Clone, Default)]
pub struct Members(BTreeMap<String, Zeroizing<String>>);

impl Members {
    /// None if the text is no JSON object.
    pub fn parse(json: &str) -> Option<Self> {
        if !json.trim_start().starts_with('{') {
            return None;
        }
        let members = property::raw_members(json)?.into_iter();
        Some(Self(members.map(|(key, value)| (key, Zeroizing::new(value.to_owned()))).collect()))
    }

    /// The object, its keys sorted.
    pub fn json(&self) -> Zeroizing<String> {
        let room: usize = self.0.iter().map(|(key, value)| 2 * key.len() + value.len() + 4).sum();
        let mut json = Zeroizing::new(String::with_capacity(room + 2)); // growing would leave copies behind
        json.push('{');
        for (at, (key, value)) in self.0.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            json.push_str(&quoted(key));
            json.push(':');
            json.push_str(value);
        }
        json.push('}');
        json
    }

    /// Whether both say the same, in whatever order and with whatever whitespace: with numbers as they are written, or as a
    /// server gives them back that has read them.
    pub fn same(&self, other: &Self, numbers: Numbers) -> bool {
        let normal = |members: &Self| property::go_json(&members.json(), numbers, false).map(Zeroizing::new);
        normal(self).is_some_and(|text| normal(other) == Some(text))
    }

    /// The JSON of a member.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.as_str())
    }

    /// Makes a member this text.
    pub fn put_text(&mut self, key: &str, text: &str) {
        self.put(key, quoted(text));
    }

    /// Makes a member this JSON.
    pub fn put(&mut self, key: &str, json: Zeroizing<String>) {
        self.0.insert(key.to_owned(), json);
    }

    /// Whether there was such a member.
    pub fn remove(&mut self, key: &str) -> bool {
        self.0.remove(key).is_some()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn quoted(text: &str) -> Zeroizing<String> {
    Zeroizing::new(serde_json::Value::from(text).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str) -> Members {
        Members::parse(json).unwrap()
    }

    #[test]
    fn the_others_keep_their_text() {
        let mut object = members(r#" {"n":1.50,"big":12345678901234567890,"o":{"z":1, "a":"<"},"s":"old"}"#);
        object.put_text("s", "new\"\n");
        assert!(object.remove("n") && !object.remove("n"));
        assert_eq!(*object.json(), r#"{"big":12345678901234567890,"o":{"z":1, "a":"<"},"s":"new\"\n"}"#);
    }

    #[test]
    fn what_says_the_same_is_the_same() {
        let one = members(r#"{"a":{"x":1,"y":"\u003c"},"b":[1, 2]}"#);
        assert!(one.same(&members(r#"{ "b":[1,2], "a":{"y":"<","x":1} }"#), Numbers::Verbatim));
        for other in [r#"{"a":{"x":1.0,"y":"<"},"b":[1,2]}"#, r#"{"b":[1,2]}"#, "{}"] {
            assert!(!one.same(&members(other), Numbers::Verbatim), "{other}");
        }
        assert!(one.same(&members(r#"{"a":{"x":1.0,"y":"<"},"b":[1,2]}"#), Numbers::Float64));
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for json in ["", "null", "[]", "\"a\"", "{", "{} {}", r#"{"a":}"#] {
            assert!(Members::parse(json).is_none(), "{json}");
        }
    }
}
