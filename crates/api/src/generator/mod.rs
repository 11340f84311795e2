//! Generators: objects that say how a value is made up. An ExternalSecret names one by `sourceRef.generatorRef`.
//!
//! Some make a value of nothing but their specification; the others, [`Remote`], ask a service for it.

mod acr;
mod cloudsmith;
mod cluster;
mod ecr;
mod fake;
mod gcr;
mod github;
mod gitlab;
mod grafana;
mod kind;
mod mfa;
mod password;
mod quay;
mod remote;
mod ssh_key;
mod state;
mod sts;
mod uuid;
mod vault;
mod webhook;

pub use acr::{
    AcrAuth, AcrManagedIdentity, AcrServicePrincipal, AcrServicePrincipalRef, AcrSpec, AcrWorkloadIdentity,
    AzureEnvironment,
};
pub use cloudsmith::CloudsmithSpec;
pub use cluster::{ClusterGeneratorSpec, GeneratorSpecs};
pub use ecr::EcrSpec;
pub use fake::FakeSpec;
pub use gcr::{GcrAuth, GcrFederation, GcrFederationAws, GcrFederationConfig, GcrFederationSecret, GcrSpec};
pub use github::{GithubAuth, GithubPrivateKey, GithubSpec};
pub use gitlab::{GitlabAuth, GitlabScope, GitlabSpec, GitlabToken};
pub use grafana::{GrafanaAuth, GrafanaBasicAuth, GrafanaServiceAccount, GrafanaSpec};
pub use kind::GeneratorKind;
pub use mfa::MfaSpec;
pub use password::{Encoding, PasswordSpec};
pub use quay::QuaySpec;
pub use remote::{Remote, RemoteKind};
pub use ssh_key::{KeyType, SshKeySpec};
pub use state::{GeneratorState, GeneratorStateSpec, STATE_FINALIZER, STATE_OWNER};
pub use sts::{StsRequest, StsSpec};
pub use uuid::UuidSpec;
pub use vault::{VaultDynamicSecretSpec, VaultResult};
pub use webhook::{WebhookAuth, WebhookNtlm, WebhookResult, WebhookSecret, WebhookSpec};

use serde_json::Value;

/// The API group of generators.
pub const GROUP: &str = "generators.external-secrets.io";
/// Its only version.
pub const VERSION: &str = "v1alpha1";

/// What a generator says, whichever kind it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Generator {
    /// What is written in the generator itself.
    Fake(FakeSpec),
    /// A one-time password by time (TOTP).
    Mfa(MfaSpec),
    /// A random password.
    Password(PasswordSpec),
    /// A pair of SSH keys.
    SshKey(SshKeySpec),
    /// A random UUID.
    Uuid(UuidSpec),
    /// What a service makes.
    Remote(Remote),
}

impl Generator {
    /// Reads the specification of a generator of this kind. An absent one has all the defaults.
    ///
    /// # Errors
    /// A field of another type; the text names it and holds no value of `spec.data`.
    pub fn read(kind: GeneratorKind, spec: &Value) -> Result<Self, serde_json::Error> {
        let empty = Value::Object(serde_json::Map::new());
        let spec = if spec.is_null() { &empty } else { spec };
        Ok(match kind {
            GeneratorKind::Fake => Self::Fake(serde::Deserialize::deserialize(spec)?),
            GeneratorKind::Mfa => Self::Mfa(serde::Deserialize::deserialize(spec)?),
            GeneratorKind::Password => Self::Password(serde::Deserialize::deserialize(spec)?),
            GeneratorKind::SshKey => Self::SshKey(serde::Deserialize::deserialize(spec)?),
            GeneratorKind::Uuid => Self::Uuid(serde::Deserialize::deserialize(spec)?),
            GeneratorKind::Remote(kind) => Self::Remote(Remote::read(kind, spec)?),
        })
    }

    /// The generator that asks a service, if it is one.
    pub fn remote(&self) -> Option<&Remote> {
        match self {
            Self::Remote(remote) => Some(remote),
            Self::Fake(_) | Self::Mfa(_) | Self::Password(_) | Self::SshKey(_) | Self::Uuid(_) => None,
        }
    }

    /// Which installation it is for; none says, or the kind has no such field.
    pub fn controller(&self) -> &str {
        match self {
            Self::Fake(fake) => fake.controller.as_deref().unwrap_or_default(),
            Self::Remote(remote) => remote.controller(),
            Self::Mfa(_) | Self::Password(_) | Self::SshKey(_) | Self::Uuid(_) => "",
        }
    }
}
