//! The Secret that is to be written.

use super::value::key_error;
use crate::engine::convert::KeyError;
use crate::engine::error::{Error, ErrorKind};

/// A key that the API server would refuse.
pub fn target_key(secret: &str, why: &KeyError) -> Error {
    let message =
        format!("Secret {secret:?}: {}; use rewrite or conversionStrategy to change keys", key_error(why));
    Error::new(ErrorKind::Value, message)
}

/// The target belongs to another ExternalSecret.
pub fn owned_by_another(secret: &str, owner: &str) -> Error {
    let message = format!(
        "Secret {secret:?} is owned by another ExternalSecret: {owner:?}; choose another spec.target.name, or delete \
         the other"
    );
    Error::new(ErrorKind::OwnedByAnother, message)
}

/// The target has another controller.
pub fn foreign_owner(secret: &str, kind: &str, owner: &str) -> Error {
    let message = format!(
        "Secret {secret:?} is owned by {kind} {owner:?}; choose another spec.target.name, or creationPolicy Merge"
    );
    Error::new(ErrorKind::ForeignOwner, message)
}

/// The target is immutable, and its data would change.
pub fn immutable(secret: &str) -> Error {
    let message =
        format!("Secret {secret:?} is immutable and its data would change; delete it to have it made anew");
    Error::new(ErrorKind::Immutable, message)
}

/// `deletionPolicy: Delete` on a Secret that is not owned.
pub fn not_owner(secret: &str) -> Error {
    let message = format!(
        "Secret {secret:?} would be deleted and is not owned, as creationPolicy is not Owner; set creationPolicy Owner, \
         or deletionPolicy Retain"
    );
    Error::new(ErrorKind::NotOwner, message)
}

/// The API server refused the write. `why` is its message, which quotes no data of a Secret.
pub fn write_refused(secret: &str, why: &str) -> Error {
    let message =
        format!("Secret {secret:?} could not be written: {why}; correct spec.target, or what forbids it");
    Error::new(ErrorKind::WriteRefused, message)
}

/// The API server could not be asked.
pub fn cluster(what: &str, why: &str) -> Error {
    let message = format!("{what}: {why}; check that the API server answers latchkey");
    Error::new(ErrorKind::Cluster, message)
}
