//! From Vault's answers to entries and from entries to values, by ESO's rules: data is decoded with numbers kept as text
//! and marshalled again as Go does it (sorted, HTML-escaped).

use std::collections::BTreeMap;

use latchkey_api::provider::vault::VaultKvVersion;
use serde_json::value::RawValue;

use super::http::Answer;
use crate::property::{self, Numbers};
use crate::{Entry, EntryRef, Error, ErrorKind, SecretBytes};

/// The members of a JSON object, with their values' own bytes.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The parts of the metadata that belong to Vault; ESO gives them beside the custom ones.
const SYSTEM: [&str; 3] = ["created_time", "current_version", "delete_version_after"];

/// The data map of a secret as JSON. A deleted version is a document whose data is null.
///
/// # Errors
/// [`ErrorKind::NotFound`]; [`ErrorKind::InvalidValue`] if the answer is not of the engine's form.
pub fn data(of: &EntryRef, version: VaultKvVersion, answer: &Answer) -> Result<SecretBytes, Error> {
    let mut data = outer(of, answer)?;
    if version == VaultKvVersion::V2 {
        data = members(of, data)?.remove("data").ok_or_else(|| odd(of))?;
    }
    match data.get().as_bytes().first() {
        Some(b'{') => marshalled(data.get()).ok_or_else(|| odd(of)),
        Some(b'n') => Err(not_found(of)),
        _ => Err(odd(of)),
    }
}

/// The metadata of a version 2 secret as one flat JSON object of strings; custom metadata wins over Vault's own.
///
/// # Errors
/// [`ErrorKind::NotFound`] (a plain error in ESO); [`ErrorKind::InvalidValue`] if the answer is not of the engine's form.
pub fn metadata(of: &EntryRef, answer: &Answer) -> Result<SecretBytes, Error> {
    let mut all = members(of, outer(of, answer)?)?;
    let custom = all.remove("custom_metadata").filter(|custom| custom.get().starts_with('{'));
    all.retain(|key, value| SYSTEM.contains(&key.as_str()) && value.get() != "null");
    all.extend(custom.map(|custom| members(of, custom)).transpose()?.unwrap_or_default());
    let flat: BTreeMap<String, String> =
        all.into_iter().map(|(key, value)| (key, plain(value.get()))).collect();
    let json = serde_json::to_string(&flat).ok();
    json.and_then(|json| marshalled(&json)).ok_or_else(|| odd(of))
}

/// A property of a secret: the top-level key of that very name, else what the gjson path names. Nothing asked for is the
/// whole map.
///
/// # Errors
/// [`ErrorKind::PropertyNotFound`].
pub fn value(of: &EntryRef, document: &SecretBytes, property: Option<&str>) -> Result<SecretBytes, Error> {
    let Some(property) = property.filter(|property| !property.is_empty()) else {
        return Ok(document.clone());
    };
    let json = property::text(of, document)?;
    let whole: &RawValue = serde_json::from_str(json).map_err(|_| odd(of))?;
    let found = match members(of, whole)?.get(property) {
        Some(value) => property::any_value(value.get(), Numbers::Verbatim),
        None => property::lookup(json, property).map_err(|why| property::refused(of, property, why))?,
    };
    found.ok_or_else(|| property::missing(of, property))
}

/// The keys and values of a secret, or of an object at a property of it: numbers through a float64, as Go has them there.
///
/// # Errors
/// [`ErrorKind::PropertyNotFound`]; [`ErrorKind::InvalidValue`] where there is no JSON object.
pub fn map(
    of: &EntryRef,
    document: &SecretBytes,
    property: Option<&str>,
) -> Result<BTreeMap<String, SecretBytes>, Error> {
    let value = value(of, document, property)?;
    let text = property::text(of, &value)?;
    property::any_map(text, Numbers::Float64).ok_or_else(|| property::not_taken_apart(of, property, text))
}

/// The JSON of an object as a secret of Vault has it: compact and sorted. `None` for what is no object.
pub fn marshalled(json: &str) -> Option<SecretBytes> {
    let json = property::go_json(json, Numbers::Verbatim, true)?;
    json.starts_with('{').then(|| json.into())
}

/// The JSON of an entry, as [`data`] or [`metadata`] made it.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for an entry of another provider.
pub fn document<'a>(of: &EntryRef, entry: &'a Entry) -> Result<&'a SecretBytes, Error> {
    match entry {
        Entry::Value(document) => Ok(document),
        Entry::Map(_) | Entry::List(_) => Err(odd(of)),
    }
}

/// The `data` of Vault's answer.
fn outer<'a>(of: &EntryRef, answer: &'a Answer) -> Result<&'a RawValue, Error> {
    let Answer::Found(body) = answer else { return Err(not_found(of)) };
    let mut whole: Members<'_> = serde_json::from_slice(body.expose()).map_err(|_| odd(of))?;
    whole.remove("data").ok_or_else(|| odd(of))
}

fn members<'a>(of: &EntryRef, object: &'a RawValue) -> Result<Members<'a>, Error> {
    serde_json::from_str(object.get()).map_err(|_| odd(of))
}

/// A string's content, anything else as it is written.
fn plain(raw: &str) -> String {
    property::scalar_text(raw, Numbers::Verbatim).unwrap_or_else(|| raw.to_owned())
}

fn not_found(of: &EntryRef) -> Error {
    Error::new(ErrorKind::NotFound, format!("vault has no secret {of}")).with_code("HTTP 404")
}

fn odd(of: &EntryRef) -> Error {
    let text = format!("what vault has at {of} is not of the form of the kv version that the store names");
    Error::new(ErrorKind::InvalidValue, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &str = r#"{"data":{"data":{"z":"<a>","n":1.50,"big":12345678901234567890,"o":{"y":1.0,"b":[1, 2]},
        "a.b":"literal","a":{"b":"path"},"none":null,"yes":true},"metadata":{"version":3}}}"#;

    fn of() -> EntryRef {
        EntryRef::new("app".to_owned())
    }

    fn found(body: &str) -> Answer {
        Answer::Found(body.into())
    }

    fn text(value: Result<SecretBytes, Error>) -> String {
        String::from_utf8_lossy(value.expect("a value").expose()).into_owned()
    }

    #[test]
    fn marshals_the_map_as_go_does_with_numbers_as_written() {
        let whole = text(data(&of(), VaultKvVersion::V2, &found(DATA)));
        let want = r#"{"a":{"b":"path"},"a.b":"literal","big":12345678901234567890,"n":1.50,"none":null,"#;
        assert_eq!(whole, format!(r#"{want}"o":{{"b":[1,2],"y":1.0}},"yes":true,"z":"\u003ca\u003e"}}"#));
    }

    #[test]
    fn finds_a_literal_key_before_a_path() {
        let document = data(&of(), VaultKvVersion::V2, &found(DATA)).expect("data");
        let get = |property| text(value(&of(), &document, Some(property)));
        for (property, want) in [
            ("a.b", "literal"),
            ("a", r#"{"b":"path"}"#),
            ("o.b.1", "2"),
            ("o", r#"{"b":[1,2],"y":1.0}"#),
            ("n", "1.50"),
            ("big", "12345678901234567890"),
            ("none", ""),
            ("yes", "true"),
            ("z", "<a>"),
        ] {
            assert_eq!(get(property), want, "{property}");
        }
        let missing = value(&of(), &document, Some("o.c")).expect_err("no such path");
        assert_eq!(missing.kind, ErrorKind::PropertyNotFound);
    }

    #[test]
    fn absence_and_odd_forms_are_told_apart() {
        let kind = |version, body: &str| data(&of(), version, &found(body)).expect_err(body).kind;
        assert_eq!(kind(VaultKvVersion::V2, r#"{"data":{"data":null,"metadata":{}}}"#), ErrorKind::NotFound);
        assert_eq!(kind(VaultKvVersion::V1, r#"{"data":null}"#), ErrorKind::NotFound);
        assert_eq!(kind(VaultKvVersion::V2, r#"{"data":{"user":"v1"}}"#), ErrorKind::InvalidValue);
        assert_eq!(kind(VaultKvVersion::V2, r#"{"data":{"data":"text"}}"#), ErrorKind::InvalidValue);
        assert_eq!(kind(VaultKvVersion::V2, "<html>"), ErrorKind::InvalidValue);
        assert_eq!(
            data(&of(), VaultKvVersion::V1, &Answer::Missing).map_err(|e| e.kind),
            Err(ErrorKind::NotFound)
        );
    }

    #[test]
    fn metadata_is_flat_and_custom_metadata_wins() {
        let body = r#"{"data":{"created_time":"2026-01-02T03:04:05Z","current_version":7,"max_versions":3,
            "delete_version_after":"0s","custom_metadata":{"owner":"team","created_time":"mine"}}}"#;
        let want =
            r#"{"created_time":"mine","current_version":"7","delete_version_after":"0s","owner":"team"}"#;
        assert_eq!(text(metadata(&of(), &found(body))), want);
        assert!(metadata(&of(), &found(r#"{"data":{"current_version":1,"custom_metadata":null}}"#)).is_ok());
    }
}
