//! Access tokens of Google Cloud.

use latchkey_api::generator::GcrSpec;

use super::{Made, World};
use crate::{Error, ErrorKind};

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(_spec: &GcrSpec, _world: &World<'_>) -> Result<Made, Error> {
    Err(Error::new(ErrorKind::Unsupported, "TO BE WRITTEN"))
}
