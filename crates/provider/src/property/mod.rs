//! From a fetched value to what a reference names in it: property paths and flattening, as ESO's providers do them.
//!
//! Pure. No message made here holds a byte of a value: serde's own error texts quote their input, so they are dropped.

mod document;
mod flatten;
mod gjson;
mod gotext;
mod path;

pub use document::Document;
pub use flatten::{any_map, any_value, raw_map, raw_members};
pub use gjson::Refused;
pub use gotext::{Numbers, go_json, go_string, scalar_text, unquote};
pub use path::{Found, literal_then_path, lookup, path_then_literal};

use crate::{EntryRef, Error, ErrorKind, SecretBytes};

/// The error for a property that the value does not have. ESO's sentence, with quotes.
pub fn missing(of: &EntryRef, property: &str) -> Error {
    Error::new(
        ErrorKind::PropertyNotFound,
        format!("property {property:?} does not exist in secret {:?}", of.key),
    )
}

/// The error for a property that is not looked up.
pub fn refused(of: &EntryRef, property: &str, why: Refused) -> Error {
    let kind = match why {
        Refused::Deep | Refused::Costly => ErrorKind::InvalidRequest,
        Refused::Number => ErrorKind::InvalidValue,
    };
    Error::new(kind, format!("property {property:?} of secret {:?} {}", of.key, why.as_str()))
}

/// The error for a value (or the property of one) that should hold a JSON object and does not.
pub fn not_an_object(of: &EntryRef, property: Option<&str>) -> Error {
    let message = match property {
        Some(property) => format!("property {property:?} of secret {:?} is not a JSON object", of.key),
        None => format!("the value of secret {:?} is not a JSON object", of.key),
    };
    Error::new(ErrorKind::InvalidValue, message)
}

/// The error for such text that [`any_map`] does not take apart.
pub fn not_taken_apart(of: &EntryRef, property: Option<&str>, text: &str) -> Error {
    match any_map(text, Numbers::Verbatim) {
        Some(_) => {
            let message = format!("the value of secret {:?} has a number that is out of range", of.key);
            Error::new(ErrorKind::InvalidValue, message)
        }
        None => not_an_object(of, property),
    }
}

/// The value as text, to look up a property in.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] if the bytes are not UTF-8.
pub fn text<'a>(of: &EntryRef, value: &'a SecretBytes) -> Result<&'a str, Error> {
    value.expose_str().ok_or_else(|| {
        let message = format!("the value of secret {:?} is not text, so it has no properties", of.key);
        Error::new(ErrorKind::InvalidValue, message)
    })
}
