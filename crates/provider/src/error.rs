//! What can go wrong at a remote store, by kind.

use std::fmt;
use std::time::Duration;

/// Why a remote store did not give what was asked for. Every mapping from a kind (verdict, retry, condition reason,
/// metric label) is an exhaustive match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The remote secret (or the version asked for) does not exist: ESO's `NoSecretErr`, the only input to
    /// `deletionPolicy`.
    NotFound,
    /// The secret exists, the property asked for does not.
    PropertyNotFound,
    /// The store knows who asks and refuses.
    Forbidden,
    /// The store does not accept the credentials.
    Unauthenticated,
    /// A Secret, ConfigMap or ServiceAccount of the cluster that the store names as credentials is missing or unusable.
    Credentials,
    /// A credential's namespace comes from the ExternalSecret, and there is none (a ClusterSecretStore being validated).
    Referent,
    /// The store's configuration cannot work as it is.
    InvalidConfig,
    /// The store refuses this reference (malformed key or version), or the provider cannot do what it asks.
    InvalidRequest,
    /// The value is not of the form that the reference needs (say, no JSON object).
    InvalidValue,
    /// Too many calls; see [`Error::retry_after`].
    RateLimited,
    /// The store cannot be reached, is sealed, answers 5xx or not in time.
    Unavailable,
    /// The store's address is one that latchkey calls for no store, see [`crate::guard`].
    EndpointRefused,
    /// The Kubernetes API could not be asked for credentials.
    ClusterApi,
    /// What is to be overwritten is not managed here: somebody else has put it there.
    NotManaged,
    /// This version has no such provider, or not this feature of it.
    Unsupported,
}

impl ErrorKind {
    /// In one word, for logs, metrics and the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::PropertyNotFound => "property_not_found",
            Self::Forbidden => "forbidden",
            Self::Unauthenticated => "unauthenticated",
            Self::Credentials => "credentials",
            Self::Referent => "referent",
            Self::InvalidConfig => "invalid_config",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidValue => "invalid_value",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::EndpointRefused => "endpoint_refused",
            Self::ClusterApi => "cluster_api",
            Self::NotManaged => "not_managed",
            Self::Unsupported => "unsupported",
        }
    }

    /// Whether the same call may well succeed a little later without anybody changing anything.
    pub fn is_transient(self) -> bool {
        match self {
            Self::RateLimited | Self::Unavailable | Self::ClusterApi => true,
            Self::NotFound
            | Self::PropertyNotFound
            | Self::Forbidden
            | Self::Unauthenticated
            | Self::Credentials
            | Self::Referent
            | Self::InvalidConfig
            | Self::InvalidRequest
            | Self::InvalidValue
            | Self::EndpointRefused
            | Self::NotManaged
            | Self::Unsupported => false,
        }
    }
}

/// One failed call or look-up. `Display` is one lowercase sentence: what failed and where, never a value and never the
/// provider's raw body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Which kind of failure.
    pub kind: ErrorKind,
    /// What failed, in one lowercase sentence without a full stop.
    pub message: String,
    /// The provider's own code, such as `AccessDeniedException` or `HTTP 403`.
    pub code: Option<String>,
    /// How long the store asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), code: None, retry_after: None }
    }

    /// The same, with the provider's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// The same, with the time the store asks to be left alone.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{} ({code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}
