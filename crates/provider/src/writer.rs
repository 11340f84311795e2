//! The trait of stores that secrets can be pushed to. It stands apart from reading: most stores are only read.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, SecretBytes};

/// Where something is pushed to: `match.remoteRef` of a PushSecret.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Remote {
    /// The name of the remote secret, as written (the store's `prefix` or mount is the provider's business).
    pub key: String,
    /// The property of it; none is the whole.
    pub property: Option<String>,
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.property {
            Some(property) => write!(f, "property {property:?} of secret {:?}", self.key),
            None => write!(f, "secret {:?}", self.key),
        }
    }
}

/// What is pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The value of one key.
    One(SecretBytes),
    /// All keys of a Secret, and their values.
    Whole(BTreeMap<String, SecretBytes>),
}

impl Content {
    /// As one value: all keys are the JSON object of their texts, not escaped for HTML, as ESO pushes them.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a value that is not text: in JSON it would become another one.
    pub fn value(&self) -> Result<SecretBytes, Error> {
        let data = match self {
            Self::One(value) => return Ok(value.clone()),
            Self::Whole(data) => data,
        };
        let mut object = Map::new();
        for (key, value) in data {
            let text = value.expose_str().ok_or_else(|| {
                let text = format!("the value of key {key:?} is not text, so it cannot be part of JSON; push it by itself with match.secretKey");
                Error::new(ErrorKind::InvalidValue, text)
            })?;
            object.insert(key.clone(), text.into());
        }
        Ok(Value::Object(object).to_string().into())
    }
}

/// What the Secret that is pushed is beside its data, for stores that have such.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceMetadata {
    /// Its type.
    pub type_: Option<String>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
}

/// One thing to be pushed.
#[derive(Debug, Clone)]
pub struct Push {
    /// Where to.
    pub remote: Remote,
    /// What.
    pub content: Content,
    /// What the Secret carries beside it.
    pub source: SourceMetadata,
    /// The `spec` of the `PushSecretMetadata` that the PushSecret gives, which is each provider's own.
    pub metadata: Option<Value>,
    /// Whether the same PushSecret has pushed there before, so that what is there is its own even without a mark.
    pub known: bool,
}

/// What a push has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pushed {
    /// There was none.
    Created,
    /// There was another value.
    Updated,
    /// It was there already.
    Unchanged,
}

/// What there is at a place before anything is pushed there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Nothing.
    Missing,
    /// Something with the mark.
    Managed,
    /// Something that somebody else has put there.
    Foreign,
}

/// A store that can be written to. Nothing is overwritten or deleted that is not managed: by the mark that ESO leaves in the
/// store (a tag, custom metadata), or because it was pushed there before.
#[async_trait]
pub trait Writer: Send + Sync {
    /// Makes the remote secret, or the property of it, what it should be; writes nothing if it is that already.
    ///
    /// # Errors
    /// [`ErrorKind::NotManaged`] for what somebody else has put there; [`ErrorKind::InvalidConfig`] for metadata that the
    /// provider does not know; those of [`crate::Provider::fetch`].
    async fn push(&self, push: &Push) -> Result<Pushed, Error>;

    /// Removes the remote secret, or the property of it and the secret with its last one. What is not there is removed; what
    /// is not managed and not `known` is left as it is, without an error, as ESO does.
    ///
    /// # Errors
    /// Those of [`crate::Provider::fetch`].
    async fn delete(&self, remote: &Remote, known: bool) -> Result<(), Error>;

    /// Whether there is such a secret, with such a property, and whose it is.
    ///
    /// # Errors
    /// Those of [`crate::Provider::fetch`].
    async fn existing(&self, remote: &Remote) -> Result<Existing, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(entries: &[(&str, &[u8])]) -> Content {
        let data = entries.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::new(*value)));
        Content::Whole(data.collect())
    }

    #[test]
    fn all_keys_are_one_json_object_as_go_writes_it_without_html() {
        let value = whole(&[("b", b"<2>"), ("a", b"\"1\"")]).value().expect("text");
        assert_eq!(value.expose_str(), Some(r#"{"a":"\"1\"","b":"<2>"}"#));
    }

    #[test]
    fn what_is_no_text_is_not_spoilt_by_json() {
        let error = whole(&[("key", b"\xff")]).value().expect_err("no text");
        assert!(error.kind == ErrorKind::InvalidValue && error.message.contains(r#""key""#), "{error}");
    }
}
