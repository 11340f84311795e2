//! The Secret that is to be written.

use latchkey_api::external_secret::CreationPolicy;

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
        "Secret {secret:?} is owned by another ExternalSecret, {owner:?}; choose another spec.target.name, or delete \
         that ExternalSecret"
    );
    Error::new(ErrorKind::OwnedByAnother, message)
}

/// The target has another controller.
pub fn foreign_owner(secret: &str, kind: &str, owner: &str) -> Error {
    let message = format!(
        "Secret {secret:?} is owned by {kind} {owner:?}; choose another spec.target.name, or set \
         spec.target.creationPolicy to Merge"
    );
    Error::new(ErrorKind::ForeignOwner, message)
}

/// The target is immutable, and its data would change.
pub fn immutable(secret: &str) -> Error {
    let message = format!(
        "Secret {secret:?} is immutable and its data would change; delete it to have it made anew, or set \
         spec.target.immutable to keep it as it is"
    );
    Error::new(ErrorKind::Immutable, message)
}

/// The target would be larger than any Secret may be. Its largest key is named if that may be.
pub fn too_large(secret: &str, length: usize, limit: usize, (key, longest): (Option<&str>, usize)) -> Error {
    let largest = match key {
        Some(key) => format!("of its keys {key:?} is the largest with {longest}"),
        None => format!("the largest of its values has {longest}"),
    };
    let message = format!(
        "Secret {secret:?} would hold {length} bytes, and Kubernetes takes {limit} at most; {largest}; fetch less, or share it \
         out among several ExternalSecrets"
    );
    Error::new(ErrorKind::WriteRefused, message)
}

/// The target has another type, and that cannot change.
pub fn other_type(secret: &str, is: &str, wanted: &str) -> Error {
    let message = format!(
        "Secret {secret:?} is of type {is:?}, which cannot be changed to {wanted:?}; delete the Secret, or choose \
         another spec.target.name"
    );
    Error::new(ErrorKind::WriteRefused, message)
}

/// `deletionPolicy: Delete` under a policy that owns nothing.
pub fn not_owner(secret: &str, policy: CreationPolicy) -> Error {
    let message = format!(
        "Secret {secret:?} would be deleted and is not owned, as creationPolicy is {policy:?}; set creationPolicy Owner, \
         or deletionPolicy Retain"
    );
    Error::new(ErrorKind::NotOwner, message)
}

/// `deletionPolicy: Delete` on a Secret that somebody else made.
pub fn not_its_own(secret: &str) -> Error {
    let message = format!(
        "Secret {secret:?} would be deleted and is not this ExternalSecret's own; delete it by hand, or set \
         deletionPolicy Retain"
    );
    Error::new(ErrorKind::NotOwner, message)
}

/// The API server could not be asked.
pub fn cluster(what: &str, why: &str) -> Error {
    let message = format!("{what}: {why}; check that the API server answers latchkey");
    Error::new(ErrorKind::Cluster, message)
}
