//! Generators: objects that say how a value is made up. An ExternalSecret names one by `sourceRef.generatorRef`.
//!
//! Read here are those that need nothing remote; the others are accepted by [`ClusterGenerator`] and refused when used.

mod cluster;
mod fake;
mod mfa;
mod password;
mod ssh_key;
mod uuid;

pub use cluster::{ClusterGeneratorSpec, GeneratorSpecs};
pub use fake::FakeSpec;
pub use mfa::MfaSpec;
pub use password::{Encoding, PasswordSpec};
pub use ssh_key::{KeyType, SshKeySpec};
pub use uuid::UuidSpec;

use serde_json::Value;

/// The API group of generators.
pub const GROUP: &str = "generators.external-secrets.io";
/// Its only version.
pub const VERSION: &str = "v1alpha1";

/// A kind of generator that is made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GeneratorKind {
    /// What is written in the generator itself.
    Fake,
    /// A one-time password by time (TOTP).
    Mfa,
    /// A random password.
    Password,
    /// A pair of SSH keys.
    SshKey,
    /// A random UUID.
    Uuid,
}

impl GeneratorKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Fake, Self::Mfa, Self::Password, Self::SshKey, Self::Uuid];

    /// The kind of this name; none if it is another's or is not made here.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fake => "Fake",
            Self::Mfa => "MFA",
            Self::Password => "Password",
            Self::SshKey => "SSHKey",
            Self::Uuid => "UUID",
        }
    }

    /// Its name in paths of the API.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Fake => "fakes",
            Self::Mfa => "mfas",
            Self::Password => "passwords",
            Self::SshKey => "sshkeys",
            Self::Uuid => "uuids",
        }
    }

    /// The field of [`ClusterGeneratorSpec`] that holds its specification.
    pub fn field(self) -> &'static str {
        match self {
            Self::Fake => "fakeSpec",
            Self::Mfa => "mfaSpec",
            Self::Password => "passwordSpec",
            Self::SshKey => "sshKeySpec",
            Self::Uuid => "uuidSpec",
        }
    }
}

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
        })
    }

    /// Which installation it is for; none says, or the kind has no such field.
    pub fn controller(&self) -> &str {
        match self {
            Self::Fake(fake) => fake.controller.as_deref().unwrap_or_default(),
            Self::Mfa(_) | Self::Password(_) | Self::SshKey(_) | Self::Uuid(_) => "",
        }
    }
}
