//! Reads secrets from remote stores, and writes those that are pushed.
//!
//! One small read-only trait, [`Provider`], and a second one, [`Writer`], for the stores that can be written to; one folder per provider, each a cargo feature. What every provider needs
//! is written once beside them: property paths, CA bundles, credentials' lookup, the kinds of error.
//!
//! The crate holds the providers' SDKs and nobody else does. It does no caching of values, no retry policy beyond one
//! fresh login, and knows nothing of ExternalSecrets.

#![cfg_attr(
    not(any(feature = "aws", feature = "fake", feature = "kubernetes", feature = "vault")),
    allow(
        dead_code,
        unused_imports,
        unused_variables,
        reason = "without any provider nothing is left to connect"
    )
)]

pub mod cluster;
pub mod connect;
pub mod credentials;
mod digest;
pub mod entry;
pub mod error;
pub mod guard;
pub mod observe;
mod pool;
pub mod property;
pub mod provider;
#[cfg(any(feature = "aws", feature = "vault", feature = "kubernetes"))]
mod push;
mod rules;
pub mod scope;
pub mod secret;
pub mod writer;

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "fake")]
pub mod fake;
#[cfg(feature = "generators")]
pub mod generate;
#[cfg(feature = "kubernetes")]
pub mod kubernetes;
#[cfg(any(feature = "aws", feature = "vault", feature = "kubernetes"))]
mod limit;
pub mod listing;
mod made;
#[cfg(any(feature = "aws", feature = "vault", feature = "kubernetes"))]
mod refused_login;
pub mod tls;
#[cfg(any(feature = "aws", feature = "vault", feature = "kubernetes"))]
mod transport;
#[cfg(feature = "vault")]
pub mod vault;

pub use cluster::Cluster;
pub use connect::{Connection, Connector, is_writable, largest_batch};
pub use entry::{Entry, EntryRef};
pub use error::{Error, ErrorKind};
pub use guard::Guard;
pub use listing::{Found, Listing};
pub use made::Made;
pub use provider::{Provider, Validation};
pub use rules::Rules;
pub use scope::Scope;
pub use secret::SecretBytes;
pub use writer::{Content, Existing, Push, Pushed, Remote, SourceMetadata, Writer};
