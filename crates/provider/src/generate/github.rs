//! Tokens of an installation of a GitHub App.

use latchkey_api::generator::GithubSpec;

use super::{Made, World};
use crate::{Error, ErrorKind};

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(_spec: &GithubSpec, _world: &World<'_>) -> Result<Made, Error> {
    Err(Error::new(ErrorKind::Unsupported, "TO BE WRITTEN"))
}
