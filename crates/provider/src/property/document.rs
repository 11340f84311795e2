//! Values that are one text, a JSON document if properties are asked for (AWS, fake).

use std::collections::BTreeMap;

use super::{Found, missing, not_an_object, raw_map, refused, text};
use crate::{Entry, EntryRef, Error, ErrorKind, SecretBytes};

/// How a provider looks up a property of a text.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    /// The order of look-ups, one of this module's functions.
    pub lookup: fn(&str, &str) -> Found,
    /// What a missing property is: [`ErrorKind::PropertyNotFound`] everywhere but in fake.
    pub missing: ErrorKind,
}

impl Document {
    /// The value of a reference to `property`; the whole entry without one. An empty property is none, as in ESO.
    ///
    /// # Errors
    /// [`Document::missing`], [`ErrorKind::InvalidValue`], [`ErrorKind::InvalidRequest`] for a path that takes too much.
    pub fn value(&self, of: &EntryRef, entry: &Entry, property: Option<&str>) -> Result<SecretBytes, Error> {
        let value = match entry {
            Entry::Value(value) => value,
            Entry::Map(_) | Entry::List(_) => return Err(not_an_object(of, None)), // no provider of texts makes one
        };
        let Some(property) = property.filter(|property| !property.is_empty()) else {
            return Ok(value.clone());
        };
        let text = text(of, value)?;
        let found = (self.lookup)(text, property).map_err(|why| refused(of, property, why))?;
        found.ok_or_else(|| Error { kind: self.missing, ..Self::absent(of, text, property) })
    }

    /// That a property is not there; of a plain text, that it has none at all.
    fn absent(of: &EntryRef, text: &str, property: &str) -> Error {
        let mut error = missing(of, property);
        if !text.contains(['{', '[']) {
            error.message.push_str(", whose value is no JSON document");
        }
        error
    }

    /// The keys and values of an object by [`raw_map`].
    ///
    /// # Errors
    /// [`Document::missing`], [`ErrorKind::InvalidValue`] where there is no object.
    pub fn map(
        &self,
        of: &EntryRef,
        entry: &Entry,
        property: Option<&str>,
    ) -> Result<BTreeMap<String, SecretBytes>, Error> {
        let value = self.value(of, entry, property)?;
        value.expose_str().and_then(raw_map).ok_or_else(|| not_an_object(of, property))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::property::literal_then_path;

    const RULES: Document = Document { lookup: literal_then_path, missing: ErrorKind::PropertyNotFound };

    fn reference() -> EntryRef {
        EntryRef::new("db".to_owned())
    }

    fn entry(text: &str) -> Entry {
        Entry::Value(text.into())
    }

    #[test]
    fn without_a_property_the_value_is_the_whole_entry() {
        for property in [None, Some("")] {
            let value = RULES.value(&reference(), &Entry::Value(vec![0xff, 0].into()), property).unwrap();
            assert_eq!(value.expose(), [0xff, 0]);
        }
    }

    #[test]
    fn a_missing_property_is_named_with_its_secret() {
        let error = RULES.value(&reference(), &entry(r#"{"a":"canary"}"#), Some("b")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::PropertyNotFound);
        assert_eq!(error.to_string(), r#"property "b" does not exist in secret "db""#);
    }

    #[test]
    fn a_plain_text_has_no_properties_and_says_so() {
        let error = RULES.value(&reference(), &entry("canary"), Some("b")).unwrap_err();
        let want = r#"property "b" does not exist in secret "db", whose value is no JSON document"#;
        assert_eq!((error.kind, error.to_string().as_str()), (ErrorKind::PropertyNotFound, want));
    }

    #[test]
    fn what_has_no_properties_says_so_without_its_value() {
        let binary = Entry::Value(vec![0xff, b'c', b'a', b'n'].into());
        let errors = [
            RULES.value(&reference(), &binary, Some("a")).unwrap_err(),
            RULES.map(&reference(), &binary, None).unwrap_err(),
            RULES.map(&reference(), &entry(r#"{"a":canary}"#), None).unwrap_err(),
            RULES.map(&reference(), &entry(r#"{"a":"canary"}"#), Some("a")).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind, ErrorKind::InvalidValue);
            assert!(!format!("{error}{error:?}").contains("can"), "{error}");
        }
    }

    #[test]
    fn a_path_that_takes_too_much_is_refused_and_not_called_missing() {
        let path = ["[@this,@this]"; 40].join("|");
        let error = RULES.value(&reference(), &entry(r#"{"a":"canary"}"#), Some(&path)).unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidRequest);
        let message = error.to_string();
        assert!(
            message.contains("of secret \"db\" takes too much") && !message.contains("canary"),
            "{message}"
        );
    }

    #[test]
    fn an_object_inside_flattens_too() {
        let map = RULES.map(&reference(), &entry(r#"{"a":{"b":"c"}}"#), Some("a")).unwrap();
        assert_eq!(map["b"].expose(), b"c");
    }
}
