//! The two ways in which ESO's providers turn a JSON object into keys and values.

use std::collections::BTreeMap;

use super::gotext::{self, Numbers};
use crate::SecretBytes;

/// Flattening by `map[string]json.RawMessage` (AWS, GCP, Azure, fake): strings unquoted, null empty, everything else
/// the document's own bytes, whitespace and order of keys kept. `None` if the text is no JSON object.
pub fn raw_map(json: &str) -> Option<BTreeMap<String, SecretBytes>> {
    let mut map = BTreeMap::new();
    for (key, value) in raw_members(json)? {
        map.insert(key, raw_value(value)?);
    }
    Some(map)
}

fn raw_value(raw: &str) -> Option<SecretBytes> {
    match raw.as_bytes().first()? {
        b'"' => gotext::unquote(raw).map(SecretBytes::from),
        b'n' => Some(SecretBytes::default()),
        _ => Some(raw.into()),
    }
}

/// Flattening by `map[string]any` and `GetByteValue` (Vault and most others): strings as they are, null empty,
/// objects and arrays marshalled again. `None` if the text is no JSON object.
pub fn any_map(json: &str, numbers: Numbers) -> Option<BTreeMap<String, SecretBytes>> {
    let mut map = BTreeMap::new();
    for (key, value) in raw_members(json)? {
        map.insert(key, any_value(value, numbers)?);
    }
    Some(map)
}

/// One value by `GetByteValue`. `None` if it is no JSON.
pub fn any_value(raw: &str, numbers: Numbers) -> Option<SecretBytes> {
    gotext::scalar_text(raw, numbers).or_else(|| gotext::go_json(raw, numbers, true)).map(SecretBytes::from)
}

/// The members of an object with the bytes of their values, of a repeated key the last; Go decodes the text `null` into
/// an empty map. `None` if the text is no JSON object.
pub fn raw_members(json: &str) -> Option<BTreeMap<String, &str>> {
    if json.trim() == "null" {
        return Some(BTreeMap::new());
    }
    Some(gotext::members(json)?.into_iter().map(|(key, value)| (key, value.get())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str = r#" {"s":"a\"<b","n":1.50,"big":12345678901234567890,"o":{ "z":1, "a":"<" },"l":[1, 2],
        "no":null,"yes":true,"e":"","s":"last"} "#;

    fn text(map: &BTreeMap<String, SecretBytes>, key: &str) -> String {
        String::from_utf8_lossy(map[key].expose()).into_owned()
    }

    #[test]
    fn a_number_out_of_range_is_said_to_be_one() {
        let said = |text: &str| super::super::not_taken_apart(&crate::EntryRef::new("k"), None, text).message;
        assert!(any_map(r#"{"j":1E400}"#, Numbers::Float64).is_none());
        assert_eq!(said(r#"{"j":1E400}"#), r#"the value of secret "k" has a number that is out of range"#);
        assert_eq!(said("[1E400]"), r#"the value of secret "k" is not a JSON object"#);
    }

    #[test]
    fn raw_flattening_keeps_the_bytes() {
        let map = raw_map(DOC).unwrap();
        for (key, want) in [
            ("s", "last"),
            ("n", "1.50"),
            ("big", "12345678901234567890"),
            ("o", r#"{ "z":1, "a":"<" }"#),
            ("l", "[1, 2]"),
            ("no", ""),
            ("yes", "true"),
            ("e", ""),
        ] {
            assert_eq!(text(&map, key), want, "{key}");
        }
        assert_eq!(map.len(), 8);
    }

    #[test]
    fn any_flattening_marshals_again() {
        let map = any_map(DOC, Numbers::Float64).unwrap();
        for (key, want) in [
            ("s", "last"),
            ("n", "1.5"),
            ("big", "12345678901234567000"),
            ("o", r#"{"a":"\u003c","z":1}"#),
            ("l", "[1,2]"),
            ("no", ""),
            ("yes", "true"),
        ] {
            assert_eq!(text(&map, key), want, "{key}");
        }
        assert_eq!(text(&any_map(DOC, Numbers::Verbatim).unwrap(), "n"), "1.50");
    }

    #[test]
    fn only_objects_and_null_flatten() {
        assert_eq!(raw_map("null").map(|map| map.len()), Some(0));
        for text in ["", "plain", "[1]", "\"s\"", "{\"a\":1", "{\"a\":1} x"] {
            assert!(raw_map(text).is_none() && any_map(text, Numbers::Verbatim).is_none(), "{text}");
        }
    }
}
