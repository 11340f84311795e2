//! Why a sync failed, by kind, and the sentence that is said at the prompt.
//!
//! Every message names the object's field, the store, the key and the remedy; none holds a value. The texts are golden
//! tests.

use std::fmt;
use std::time::Duration;

use latchkey_provider as provider;

use super::plan::StoreKey;

/// Which kind of failure. Each mapping (verdict, condition, retry, metric label) is one exhaustive match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ErrorKind {
    /// The specification can never work; ESO's own texts, one per line.
    InvalidSpec,
    /// The specification asks for something that this version does not do.
    Unsupported,
    /// The store that it names does not exist.
    StoreNotFound,
    /// A ClusterSecretStore's conditions do not admit the namespace.
    StoreDenied,
    /// The store exists and is known not to work.
    StoreNotReady,
    /// The store failed at one entry.
    Provider(provider::ErrorKind),
    /// Keys, decoding, null bytes: the value is there and cannot be used as asked.
    Value,
    /// A template cannot be parsed or executed.
    Template,
    /// The target belongs to another ExternalSecret.
    OwnedByAnother,
    /// The target has another controller as owner.
    ForeignOwner,
    /// The target Secret is immutable and its data would change.
    Immutable,
    /// `deletionPolicy: Delete` on a Secret that is not owned.
    NotOwner,
    /// The API server refused the write (quota, policy, size) or does not let us.
    WriteRefused,
    /// The API server could not be asked.
    Cluster,
    /// Time ran out before the store had answered.
    Deadline,
    /// The same sync has just failed and its backoff is not over.
    BackingOff,
}

/// A failed sync. `Display` is the one sentence for the prompt, the event and the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Which kind.
    pub kind: ErrorKind,
    /// What is wrong, where, and what to do: one lowercase sentence, no value.
    pub message: String,
    /// The store concerned, if one is.
    pub store: Option<StoreKey>,
    /// How long the store asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// An error of this kind that concerns no store.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), store: None, retry_after: None }
    }

    /// The same, concerning this store.
    #[must_use]
    pub fn at(mut self, store: StoreKey) -> Self {
        self.store = Some(store);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
