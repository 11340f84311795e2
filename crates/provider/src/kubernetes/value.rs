//! From a Secret to values, by ESO's rules for this provider: JSON without HTML escapes, a property is a data key, or a
//! data key and a path inside its value.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::property::{self, Numbers};
use crate::{EntryRef, Error, ErrorKind, SecretBytes};

/// The keys of a Secret, or for metadata `labels` and `annotations` with a JSON object each.
pub type Data = BTreeMap<String, SecretBytes>;

/// Labels or annotations as JSON; none at all are `null`, as Go writes a nil map.
///
/// # Errors
/// [`ErrorKind::InvalidValue`]; it cannot happen.
pub fn strings(of: &EntryRef, strings: Option<&BTreeMap<String, String>>) -> Result<SecretBytes, Error> {
    let json = serde_json::to_string(&strings).map_err(|_| property::not_an_object(of, None))?;
    marshal(&json, Numbers::Verbatim).ok_or_else(|| property::not_an_object(of, None))
}

/// The value of a `data[]` reference.
///
/// # Errors
/// [`ErrorKind::PropertyNotFound`].
pub fn value(of: &EntryRef, data: &Data, property: Option<&str>) -> Result<SecretBytes, Error> {
    let Some(property) = property.filter(|property| !property.is_empty()) else { return whole(of, data) };
    if let Some(value) = data.get(property) {
        return Ok(value.clone());
    }
    let missing = || property::missing(of, property);
    let (value, path) = split(data, property).ok_or_else(missing)?;
    let json = value.expose_str().ok_or_else(missing)?;
    if let Some(label) = of.metadata.then(|| member(json, path)).flatten() {
        return Ok(label); // label names have dots
    }
    let found = property::lookup(json, path).map_err(|why| property::refused(of, property, why))?;
    found.ok_or_else(missing)
}

/// The keys and values of an `extract` reference: the Secret's own, or those of a JSON object inside one value (or at a
/// path inside it, which ESO does not look for), with strings in quotes.
///
/// # Errors
/// [`ErrorKind::PropertyNotFound`]; [`ErrorKind::InvalidValue`] where there is no JSON object.
pub fn map(of: &EntryRef, data: &Data, property: Option<&str>) -> Result<Data, Error> {
    let Some(property) = property.filter(|property| !property.is_empty()) else { return Ok(data.clone()) };
    let object = value(of, data, Some(property))?;
    let text = object.expose_str().unwrap_or_default();
    let members = members(text).ok_or_else(|| property::not_an_object(of, Some(property)))?;
    let marshalled = members.into_iter().map(|(key, raw)| Some((key, marshal(raw.get(), Numbers::Float64)?)));
    let marshalled = marshalled.collect::<Option<Data>>();
    marshalled.ok_or_else(|| property::not_taken_apart(of, Some(property), text))
}

/// All keys as one JSON object of strings; for metadata, of objects.
fn whole(of: &EntryRef, data: &Data) -> Result<SecretBytes, Error> {
    let mut json = String::from("{");
    for (at, (key, value)) in data.iter().enumerate() {
        let separator = if at == 0 { "" } else { "," };
        let value = if of.metadata { value.expose_str().map(str::to_owned) } else { quoted(value.expose()) };
        let (key, value) =
            quoted(key.as_bytes()).zip(value).ok_or_else(|| property::not_an_object(of, None))?;
        json.push_str(&format!("{separator}{key}:{value}"));
    }
    json.push('}');
    Ok(json.into())
}

/// Bytes as Go quotes a string: whatever is not UTF-8 becomes the escape of U+FFFD, byte by byte.
fn quoted(bytes: &[u8]) -> Option<String> {
    let mut text = String::with_capacity(bytes.len());
    let mut odd = false;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for _ in chunk.invalid() {
            odd = true;
            text.push('\u{fffd}');
        }
    }
    let json = property::go_json(&serde_json::to_string(&text).ok()?, Numbers::Verbatim, false)?;
    Some(if odd { json.replace('\u{fffd}', "\\ufffd") } else { json })
}

fn marshal(json: &str, numbers: Numbers) -> Option<SecretBytes> {
    property::go_json(json, numbers, false).map(SecretBytes::from)
}

fn member(json: &str, name: &str) -> Option<SecretBytes> {
    property::any_value(members(json)?.get(name)?.get(), Numbers::Verbatim)
}

/// The members of a JSON object; Go decodes `null` into an empty one.
fn members(json: &str) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str::<Option<_>>(json).ok().map(Option::unwrap_or_default)
}

/// The value of the data key before the first dot, and what comes after it.
fn split<'a>(data: &'a Data, property: &'a str) -> Option<(&'a SecretBytes, &'a str)> {
    let (key, path) = property.split_once('.').filter(|(key, path)| !key.is_empty() && !path.is_empty())?;
    Some((data.get(key)?, path))
}

/// Checks a key before it becomes part of a path of the API.
///
/// # Errors
/// [`ErrorKind::InvalidRequest`] for what no Secret can be named.
pub fn secret_name(of: &EntryRef) -> Result<&str, Error> {
    let name = of.key.as_str();
    if name.len() <= 253 && name.split('.').all(is_label_like) {
        return Ok(name);
    }
    Err(Error::new(ErrorKind::InvalidRequest, format!("{name:?} cannot be the name of a Kubernetes Secret")))
}

/// Whether a namespace can have this name.
pub fn is_label(name: &str) -> bool {
    name.len() <= 63 && is_label_like(name)
}

fn is_label_like(part: &str) -> bool {
    let inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    !part.is_empty()
        && part.bytes().all(|byte| inner(&byte))
        && !part.starts_with('-')
        && !part.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(metadata: bool) -> EntryRef {
        EntryRef { metadata, ..EntryRef::new("app") }
    }

    fn data(entries: &[(&str, &[u8])]) -> Data {
        entries.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::new(*value))).collect()
    }

    fn text(value: Result<SecretBytes, Error>) -> Result<String, ErrorKind> {
        value.map(|value| String::from_utf8_lossy(value.expose()).into_owned()).map_err(|error| error.kind)
    }

    #[test]
    fn a_whole_secret_is_json_of_strings() {
        let data = data(&[("b", b"<&>"), ("a", b"1"), ("bin", b"\xff\xfe!")]);
        let want = r#"{"a":"1","b":"<&>","bin":"\ufffd\ufffd!"}"#;
        assert_eq!(text(value(&of(false), &data, None)).as_deref(), Ok(want));
    }

    #[test]
    fn a_property_is_a_key_or_a_path_inside_its_value() {
        let data =
            data(&[("file.json", b"file"), ("file", br#"{"json":"inner","n":1.50}"#), ("bin", b"\xff")]);
        let get = |property| text(value(&of(false), &data, Some(property)));
        assert_eq!(get("file.json").as_deref(), Ok("file"));
        assert_eq!(get("file.n").as_deref(), Ok("1.5"));
        for missing in ["nope", "file.nope", "nope.x", ".x", "file.", "bin.x"] {
            assert_eq!(get(missing), Err(ErrorKind::PropertyNotFound), "{missing}");
        }
    }

    #[test]
    fn extract_keeps_the_quotes_of_a_nested_object() {
        let data =
            data(&[("doc", br#"{"s":"<text>","n":1.50,"o":{"b":1,"a":null},"z":null}"#), ("t", b"text")]);
        let map = |property| map(&of(false), &data, property);
        assert_eq!(map(None).map(|all| all.len()), Ok(2));
        let doc = map(Some("doc")).expect("an object");
        let shown: Vec<_> =
            doc.iter().map(|(key, value)| format!("{key}={}", value.expose_str().unwrap_or("?"))).collect();
        assert_eq!(shown, ["n=1.5", r#"o={"a":null,"b":1}"#, r#"s="<text>""#, "z=null"]);
        assert_eq!(map(Some("t")).map_err(|error| error.kind), Err(ErrorKind::InvalidValue));
        assert_eq!(map(Some("nope")).map_err(|error| error.kind), Err(ErrorKind::PropertyNotFound));
    }

    #[test]
    fn metadata_has_labels_and_annotations() {
        let labels = BTreeMap::from([
            ("app.kubernetes.io/name".to_owned(), "<a>".to_owned()),
            ("x".to_owned(), "1".to_owned()),
        ]);
        let entry = Data::from([
            ("labels".to_owned(), strings(&of(true), Some(&labels)).expect("JSON")),
            ("annotations".to_owned(), strings(&of(true), None).expect("JSON")),
        ]);
        let get = |property| text(value(&of(true), &entry, property));
        let want = r#"{"annotations":null,"labels":{"app.kubernetes.io/name":"<a>","x":"1"}}"#;
        assert_eq!(get(None).as_deref(), Ok(want));
        assert_eq!(get(Some("labels.x")).as_deref(), Ok("1"));
        assert_eq!(get(Some("labels.app.kubernetes.io/name")).as_deref(), Ok("<a>"));
        assert_eq!(get(Some("annotations")).as_deref(), Ok("null"));
        assert_eq!(get(Some("labels.y")), Err(ErrorKind::PropertyNotFound));
    }

    #[test]
    fn a_key_that_is_no_name_is_refused() {
        let name = |key: &str| secret_name(&EntryRef { key: key.to_owned(), ..of(false) }).map(str::to_owned);
        assert_eq!(name("a.b-c.0").as_deref(), Ok("a.b-c.0"));
        for key in ["", "../configmaps/a", "a/b", "A", "a..b", "a b", "-a", "a?x=y"] {
            assert_eq!(name(key).map_err(|error| error.kind), Err(ErrorKind::InvalidRequest), "{key}");
        }
    }
}
