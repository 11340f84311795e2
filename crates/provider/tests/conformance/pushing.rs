//! What the tests of pushing have in common.

use std::collections::BTreeMap;
use std::sync::Arc;

use latchkey_provider::{
    Content, Error, ErrorKind, Existing, Provider, Push, Pushed, Remote, SecretBytes, SourceMetadata,
};
use serde_json::Value;

/// What no error may hold.
pub const CANARY: &str = "c4n4ry";

pub fn remote(key: &str, property: Option<&str>) -> Remote {
    Remote { key: key.to_owned(), property: property.map(str::to_owned) }
}

pub fn one(value: &str) -> Content {
    Content::One(SecretBytes::from(value))
}

/// All keys of a Secret.
pub fn whole(entries: &[(&str, &str)]) -> Content {
    let data = entries.iter().map(|(key, value)| ((*key).to_owned(), SecretBytes::from(*value)));
    Content::Whole(data.collect::<BTreeMap<_, _>>())
}

/// A provider that is pushed to. No error that comes by may hold [`CANARY`].
pub struct Pusher(pub Arc<dyn Provider>);

impl Pusher {
    pub async fn push(&self, key: &str, property: Option<&str>, value: &str) -> Result<Pushed, Error> {
        self.content(key, property, one(value)).await
    }

    /// What the same PushSecret has pushed before.
    pub async fn known(&self, key: &str, property: Option<&str>, value: &str) -> Result<Pushed, Error> {
        self.all(Push { known: true, ..plain(key, property, one(value)) }).await
    }

    pub async fn with(
        &self,
        key: &str,
        property: Option<&str>,
        value: &str,
        metadata: Value,
    ) -> Result<Pushed, Error> {
        self.all(Push { metadata: Some(metadata), ..plain(key, property, one(value)) }).await
    }

    pub async fn content(
        &self,
        key: &str,
        property: Option<&str>,
        content: Content,
    ) -> Result<Pushed, Error> {
        self.all(plain(key, property, content)).await
    }

    /// Of a Secret of this type.
    pub async fn typed(
        &self,
        key: &str,
        property: Option<&str>,
        content: Content,
        type_: &str,
    ) -> Result<Pushed, Error> {
        let source = SourceMetadata { type_: Some(type_.to_owned()), ..SourceMetadata::default() };
        self.all(Push { source, ..plain(key, property, content) }).await
    }

    pub async fn all(&self, push: Push) -> Result<Pushed, Error> {
        clean(self.0.writer().unwrap().push(&push).await)
    }

    /// Many properties at once. Those that are said to have been pushed come back, at least one.
    pub async fn at_once(&self, key: &str) -> Vec<String> {
        let properties: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
        let pushes = properties.iter().map(|property| self.push(key, Some(property), "1"));
        let outcomes = futures::future::join_all(pushes).await;
        let mut pushed = Vec::new();
        for (property, outcome) in properties.iter().zip(outcomes) {
            match outcome {
                Ok(_) => pushed.push(property.clone()),
                Err(error) => assert_eq!(error.kind, ErrorKind::Unavailable, "{error}"),
            }
        }
        assert!(!pushed.is_empty());
        pushed
    }

    pub async fn delete(&self, key: &str, property: Option<&str>, known: bool) -> Result<(), Error> {
        clean(self.0.writer().unwrap().delete(&remote(key, property), known).await)
    }

    pub async fn existing(&self, key: &str, property: Option<&str>) -> Result<Existing, Error> {
        clean(self.0.writer().unwrap().existing(&remote(key, property)).await)
    }
}

fn plain(key: &str, property: Option<&str>, content: Content) -> Push {
    Push {
        remote: remote(key, property),
        content,
        metadata: None,
        source: SourceMetadata::default(),
        known: false,
    }
}

fn clean<T>(outcome: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &outcome {
        assert!(!format!("{error}{error:?}").contains(CANARY), "{error}");
    }
    outcome
}
