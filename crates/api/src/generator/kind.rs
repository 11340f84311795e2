//! Which kinds of generators there are.

use super::RemoteKind;

/// A kind of generator that is served here.
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
    /// What a service makes.
    Remote(RemoteKind),
}

impl GeneratorKind {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let own = [Self::Fake, Self::Mfa, Self::Password, Self::SshKey, Self::Uuid];
        own.into_iter().chain(RemoteKind::ALL.map(Self::Remote))
    }

    /// The kind of this name; none if it is another's or is not served here.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|kind| kind.name() == name)
    }

    /// Its name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fake => "Fake",
            Self::Mfa => "MFA",
            Self::Password => "Password",
            Self::SshKey => "SSHKey",
            Self::Uuid => "UUID",
            Self::Remote(kind) => kind.name(),
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
            Self::Remote(kind) => kind.plural(),
        }
    }

    /// The field of a [`ClusterGeneratorSpec`](super::ClusterGeneratorSpec) that holds its specification.
    pub fn field(self) -> &'static str {
        match self {
            Self::Fake => "fakeSpec",
            Self::Mfa => "mfaSpec",
            Self::Password => "passwordSpec",
            Self::SshKey => "sshKeySpec",
            Self::Uuid => "uuidSpec",
            Self::Remote(kind) => kind.field(),
        }
    }
}
