//! Deploy tokens of GitLab.

use latchkey_api::generator::GitlabSpec;
use serde_json::Value;

use super::{Made, World};
use crate::{Error, ErrorKind};

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(_spec: &GitlabSpec, _world: &World<'_>) -> Result<Made, Error> {
    Err(Error::new(ErrorKind::Unsupported, "TO BE WRITTEN"))
}

/// Deletes one.
///
/// # Errors
/// See [`Connector::revoke`](crate::Connector::revoke).
pub async fn revoke(_spec: &GitlabSpec, _state: &Value, _world: &World<'_>) -> Result<(), Error> {
    Err(Error::new(ErrorKind::Unsupported, "TO BE WRITTEN"))
}
