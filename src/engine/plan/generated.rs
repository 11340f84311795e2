//! `dataFrom[].sourceRef.generatorRef`: values that are made rather than read.

use std::fmt;

use latchkey_api::external_secret::{ExternalSecretSpec, GeneratorRef};
use latchkey_api::generator::{GROUP, GeneratorKind, RemoteKind, VERSION};

use super::super::rewrite::Rewriting;
use crate::engine::error::Error;
use crate::engine::message;

/// One `dataFrom[]` entry that names a generator.
#[derive(Debug, Clone)]
pub struct Generated {
    /// Its index in `spec.dataFrom`.
    pub index: usize,
    /// The generator.
    pub key: GeneratorKey,
    /// Rewrites of the names, in order.
    pub rewrite: Vec<Rewriting>,
}

/// The name of a generator, as seen from an ExternalSecret's namespace.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GeneratorKey {
    /// Which kind; none of a ClusterGenerator.
    pub kind: Option<GeneratorKind>,
    /// Its namespace; none of a ClusterGenerator.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

impl GeneratorKey {
    /// The object that a reference means in a namespace; none if its kind is not made here.
    pub fn of(reference: &GeneratorRef, namespace: &str) -> Option<Self> {
        let name = reference.name.clone();
        if reference.kind == "ClusterGenerator" {
            return Some(Self { kind: None, namespace: None, name });
        }
        let kind = GeneratorKind::named(&reference.kind)?;
        Some(Self { kind: Some(kind), namespace: Some(namespace.to_owned()), name })
    }

    /// Whether such an object may say which installation it is for.
    pub fn may_have_a_class(&self) -> bool {
        match self.kind {
            None | Some(GeneratorKind::Fake | GeneratorKind::Remote(RemoteKind::Vault)) => true,
            Some(
                GeneratorKind::Mfa
                | GeneratorKind::Password
                | GeneratorKind::Remote(_)
                | GeneratorKind::SshKey
                | GeneratorKind::Uuid,
            ) => false,
        }
    }
}

impl fmt::Display for GeneratorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.map_or("ClusterGenerator", GeneratorKind::name);
        write!(f, "{kind} {:?}", self.name)
    }
}

/// All entries that name a generator.
pub(super) fn all(spec: &ExternalSecretSpec, namespace: &str) -> Result<Vec<Generated>, Error> {
    let one = |(index, reference): (usize, &GeneratorRef)| {
        let at = format!("spec.dataFrom[{index}].sourceRef.generatorRef");
        let version = format!("{GROUP}/{VERSION}");
        let given = reference.api_version.as_deref().filter(|given| !given.is_empty());
        if given.is_some_and(|given| given != version) {
            return Err(message::unsupported(&format!("{at}.apiVersion"), &format!("write {version}")));
        }
        let rewrite = spec.data_from.get(index).map(|entry| entry.rewrite.as_slice()).unwrap_or_default();
        Ok(Generated {
            index,
            key: GeneratorKey::of(reference, namespace)
                .ok_or_else(|| message::generator_kind(&at, &reference.kind))?,
            rewrite: Rewriting::parse_all(&format!("spec.dataFrom[{index}].rewrite"), rewrite)?,
        })
    };
    spec.generators().map(one).collect()
}
