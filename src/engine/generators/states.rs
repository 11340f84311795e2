//! What services keep of what they made: each is written down, as a GeneratorState, before anything is done with it, so that
//! the service is told when it is of no use any more, whoever dies meanwhile.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use latchkey_api::generator::{GROUP, GeneratorKind, Remote, RemoteKind, VERSION};
use serde_json::{Value, json};

use crate::engine::plan::GeneratorKey;
use crate::engine::{Error, ErrorKind, hash};

/// ESO's word for what a PushSecret has made.
pub(super) const PUSHED: &str = "__pushsecret";

/// Something that a service keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// The namespace of whoever asked for it.
    pub namespace: String,
    /// Who asked for it.
    pub owner: Owner,
    /// A digest of who asked and where: all that was made for the same purpose has the same one.
    pub owner_key: String,
    /// The generator as it was then, as a manifest.
    pub resource: Value,
    /// What the service knows it by.
    pub state: Value,
}

/// Who asked: its end is the end of what was made for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// `apiVersion` of the object.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

impl Kept {
    /// What an owner has had made for this purpose: an index of `dataFrom`, or [`PUSHED`].
    pub(super) fn new(
        namespace: &str,
        owner: &Owner,
        purpose: &str,
        specification: Value,
        state: Value,
    ) -> Self {
        // ESO's `ownerKey` of `runtime/statemanager`.
        let of = format!("{}-{namespace}-{}-{purpose}", owner.kind, owner.name);
        Self {
            namespace: namespace.to_owned(),
            owner: owner.clone(),
            owner_key: hash::digest(of.as_bytes()),
            resource: specification,
            state,
        }
    }
}

/// A generator as a manifest of the asker's namespace, as ESO writes it into a GeneratorState.
pub(super) fn manifest(generator: &Remote, key: &GeneratorKey, namespace: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"), "kind": generator.kind().name(),
        "metadata": { "name": key.name, "namespace": namespace }, "spec": spec,
    })
}

/// Where it is written down; its name is of the one that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The namespace.
    pub namespace: String,
    /// The name of the GeneratorState.
    pub name: String,
    /// See [`Kept::owner_key`].
    pub owner_key: String,
}

/// Keeps the books.
#[async_trait]
pub trait States: Send + Sync + fmt::Debug {
    /// Writes one down.
    ///
    /// # Errors
    /// The API server does not take it.
    async fn write(&self, kept: &Kept) -> Result<Written, Error>;

    /// It has been used: all others of the same purpose are to go from this time on.
    ///
    /// # Errors
    /// The API server does not take it; the next use sees to it.
    async fn supersede(&self, others_than: &Written, from: Timestamp) -> Result<(), Error>;

    /// It is of no use, or not any more: it is to go from this time on.
    ///
    /// # Errors
    /// The API server does not take it; the next use sees to it.
    async fn discard(&self, unused: &Written, from: Timestamp) -> Result<(), Error>;
}

/// No books: nothing that a service keeps can be made.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoStates;

#[async_trait]
impl States for NoStates {
    async fn write(&self, _: &Kept) -> Result<Written, Error> {
        let why = "what a service would keep is not made here, as nobody would tell it to delete that";
        Err(Error::new(ErrorKind::Unsupported, why))
    }

    async fn supersede(&self, _: &Written, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }

    async fn discard(&self, _: &Written, _: Timestamp) -> Result<(), Error> {
        Ok(())
    }
}

/// The generator that a manifest of a GeneratorState is of.
pub(super) fn read(resource: &Value, namespace: &str) -> Result<(GeneratorKey, Remote), Error> {
    let name = resource["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let kind = resource["kind"].as_str().unwrap_or_default();
    let kind = RemoteKind::ALL.into_iter().find(|known| known.name() == kind);
    let read = kind.and_then(|kind| {
        let key = GeneratorKey {
            kind: Some(GeneratorKind::Remote(kind)),
            namespace: Some(namespace.to_owned()),
            name,
        };
        Some((key, Remote::read(kind, &resource["spec"]).ok()?))
    });
    let unknown = || {
        let why = "its spec.resource is no generator that latchkey knows; delete what it speaks of by hand, then its finalizer";
        Error::new(ErrorKind::Unsupported, why)
    };
    read.ok_or_else(unknown)
}
