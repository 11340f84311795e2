//! What all writers have in common: the mark of what is managed, a PushSecret's metadata, JSON with one member changed.

#[cfg(feature = "vault")]
mod members;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

#[cfg(feature = "vault")]
pub use members::Members;

#[cfg(any(feature = "aws", feature = "vault"))]
use crate::SecretBytes;
use crate::{Error, ErrorKind, Existing, Remote};

/// The key of the mark that ESO leaves on what it pushes, be it a tag or custom metadata.
#[cfg(any(feature = "aws", feature = "vault"))]
pub const MANAGED_BY: &str = "managed-by";
/// Its value.
#[cfg(any(feature = "aws", feature = "vault"))]
pub const EXTERNAL_SECRETS: &str = "external-secrets";

impl Remote {
    /// The property; an empty one is none, as in ESO.
    pub(crate) fn part(&self) -> Option<&str> {
        self.property.as_deref().filter(|property| !property.is_empty())
    }
}

impl Existing {
    /// Something that is there, by whether it has the mark.
    pub(crate) fn by(is_managed: bool) -> Self {
        if is_managed { Self::Managed } else { Self::Foreign }
    }
}

/// The error for what somebody else has put there; ESO's sentence, with the place.
pub fn not_managed(remote: &Remote, place: &str) -> Error {
    let text = format!("secret not managed by external-secrets: {:?} in {place}", remote.key);
    Error::new(ErrorKind::NotManaged, text)
}

/// A value that becomes part of JSON.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for what is not text.
#[cfg(any(feature = "aws", feature = "vault"))]
pub fn text<'a>(value: &'a SecretBytes, remote: &Remote) -> Result<&'a str, Error> {
    value.expose_str().ok_or_else(|| {
        let text = format!("the value for {remote} is not text, so it cannot be part of JSON");
        Error::new(ErrorKind::InvalidValue, text)
    })
}

/// The `spec` of a PushSecret's metadata; none is the default. `known` lists the fields, for people.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`], which names the field.
pub fn spec<T: DeserializeOwned + Default>(metadata: Option<&Value>, known: &str) -> Result<T, Error> {
    let invalid = |text: String| Error::new(ErrorKind::InvalidConfig, text);
    let fields = match metadata {
        None | Some(Value::Null) => return Ok(T::default()),
        Some(Value::Object(fields)) => fields,
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
            return Err(invalid(format!("the push metadata's spec is no object with fields of {known}")));
        }
    };
    for (name, value) in fields {
        let alone = Value::Object(Map::from_iter([(name.clone(), value.clone())]));
        if T::deserialize(&alone).is_err() {
            return Err(invalid(format!(
                "the push metadata's field spec.{name} is none of {known}, or its value is not one of its kind"
            )));
        }
    }
    let whole = Value::Object(fields.clone());
    T::deserialize(&whole).map_err(|_| invalid(format!("the push metadata's spec is not one of {known}")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
    struct Spec {
        tags: BTreeMap<String, String>,
        key_id: Option<String>,
    }

    fn parse(value: Value) -> Result<Spec, Error> {
        spec(Some(&value), "tags, keyId")
    }

    #[test]
    fn metadata_is_read_and_may_be_absent() {
        assert_eq!(spec::<Spec>(None, ""), Ok(Spec::default()));
        let spec = parse(json!({ "tags": { "a": "b" }, "keyId": "k" })).unwrap();
        assert_eq!((spec.tags["a"].as_str(), spec.key_id.as_deref()), ("b", Some("k")));
    }

    #[test]
    fn a_wrong_field_is_named_and_its_value_is_not() {
        for (value, name) in [
            (json!({ "keyId": "k", "colour": "c4n4ry" }), "spec.colour"),
            (json!({ "keyId": "k", "tags": "c4n4ry" }), "spec.tags"),
            (json!({ "tags": { "a": 1 } }), "spec.tags"),
            (json!(["c4n4ry"]), "spec is no object"),
        ] {
            let error = parse(value).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidConfig);
            assert!(error.message.contains(name) && !error.message.contains("c4n4ry"), "{error}");
        }
    }
}
