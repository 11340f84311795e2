//! Tokens for an Azure Container Registry.

use latchkey_api::generator::AcrSpec;

use super::{Made, World};
use crate::{Error, ErrorKind};

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(_spec: &AcrSpec, _world: &World<'_>) -> Result<Made, Error> {
    Err(Error::new(ErrorKind::Unsupported, "TO BE WRITTEN"))
}
