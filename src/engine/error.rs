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
    /// The store's limits do not let the namespace name the key.
    KeyDenied,
    /// The generator that it names does not exist.
    GeneratorNotFound,
    /// The generator cannot make what it says.
    Generator,
    /// The store exists and is known not to work.
    StoreNotReady,
    /// The store failed at one entry.
    Provider(provider::ErrorKind),
    /// Keys, decoding, null bytes: the value is there and cannot be used as asked.
    Value,
    /// A template cannot be parsed or executed.
    Template,
    /// The kind of object that it would write is not allowed.
    GenericTarget,
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

    /// See [`ErrorKind::is_transient`].
    pub fn is_transient(&self) -> bool {
        self.kind.is_transient()
    }

    /// See [`ErrorKind::is_retried`].
    pub fn is_retried(&self) -> bool {
        self.kind.is_retried()
    }

    /// See [`ErrorKind::condition`].
    pub fn condition(&self) -> &'static str {
        self.kind.condition()
    }
}

impl ErrorKind {
    /// Whether the same sync may well succeed a little later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Provider(kind) => kind.is_transient(),
            Self::StoreNotReady | Self::Cluster | Self::Deadline | Self::BackingOff => true,
            Self::InvalidSpec
            | Self::Unsupported
            | Self::StoreNotFound
            | Self::StoreDenied
            | Self::KeyDenied
            | Self::GeneratorNotFound
            | Self::Generator
            | Self::Value
            | Self::Template
            | Self::GenericTarget
            | Self::OwnedByAnother
            | Self::ForeignOwner
            | Self::Immutable
            | Self::NotOwner
            | Self::WriteRefused => false,
        }
    }

    /// In one word, for logs, metrics and the audit.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::InvalidSpec => "invalid_spec",
            Self::Unsupported => "unsupported",
            Self::StoreNotFound => "store_not_found",
            Self::StoreDenied => "store_denied",
            Self::KeyDenied => "key_denied",
            Self::GeneratorNotFound => "generator_not_found",
            Self::Generator => "generator",
            Self::StoreNotReady => "store_not_ready",
            Self::Provider(kind) => kind.as_str(),
            Self::Value => "value",
            Self::Template => "template",
            Self::GenericTarget => "generic_target",
            Self::OwnedByAnother => "owned_by_another",
            Self::ForeignOwner => "foreign_owner",
            Self::Immutable => "immutable",
            Self::NotOwner => "not_owner",
            Self::WriteRefused => "write_refused",
            Self::Cluster => "cluster",
            Self::Deadline => "deadline",
            Self::BackingOff => "backing_off",
        }
    }

    /// Whether the refresher tries again with backoff. What is not retried waits for the ExternalSecret to change.
    pub fn is_retried(&self) -> bool {
        match self {
            Self::InvalidSpec
            | Self::Unsupported
            | Self::GenericTarget
            | Self::OwnedByAnother
            | Self::Immutable
            | Self::NotOwner => false,
            Self::StoreNotFound
            | Self::StoreDenied
            | Self::KeyDenied
            | Self::GeneratorNotFound
            | Self::Generator
            | Self::StoreNotReady
            | Self::Provider(_)
            | Self::Value
            | Self::Template
            | Self::ForeignOwner
            | Self::WriteRefused
            | Self::Cluster
            | Self::Deadline
            | Self::BackingOff => true,
        }
    }

    /// The message of the condition `Ready=False`, reason `SecretSyncedError`: ESO's own. The sentence goes to the event.
    pub fn condition(&self) -> &'static str {
        match self {
            Self::Unsupported
            | Self::StoreNotFound
            | Self::StoreDenied
            | Self::KeyDenied
            | Self::GeneratorNotFound
            | Self::Generator
            | Self::StoreNotReady
            | Self::Provider(_)
            | Self::Value
            | Self::Deadline
            | Self::BackingOff => "could not get secret data from provider",
            Self::InvalidSpec | Self::Template | Self::WriteRefused | Self::Cluster => {
                "could not update secret"
            }
            Self::Immutable => "could not update secret, target is immutable",
            Self::GenericTarget => "invalid generic target",
            Self::OwnedByAnother => "target is owned by another ExternalSecret",
            Self::ForeignOwner => "failed to take ownership of target secret",
            Self::NotOwner => "could not delete secret",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
