//! The custom resources that latchkey serves: External Secrets Operator's API, as types.
//!
//! Nothing here talks to a cluster or to a provider. The types say what may be written, [`validation`] says
//! what is wrong with it, [`crd`] says the same to the API server, [`duration`] reads Go's durations and [`schedule`] cron's schedules.

pub mod cluster_external_secret;
pub mod crd;
pub mod duration;
pub mod external_secret;
pub mod generator;
mod overrides;
pub mod provider;
pub mod push_secret;
pub mod schedule;
pub mod secret_type;
pub mod store;

pub mod patterns;
pub mod validation;

pub use cluster_external_secret::ClusterExternalSecret;
pub use external_secret::{ExternalSecret, ExternalSecretSpec, ExternalSecretStatus};
pub use provider::{Provider, ProviderRef};
pub use push_secret::{ClusterPushSecret, PushSecret};
pub use store::{ClusterSecretStore, SecretStore, SecretStoreSpec, SecretStoreStatus, StoreKind};

/// The API group of every kind in this crate.
pub const GROUP: &str = "external-secrets.io";
/// The version in which objects are stored, and which these types describe.
pub const VERSION: &str = "v1";
/// The version that older manifests name; it is served with the same schema.
pub const OLD_VERSION: &str = "v1beta1";
