//! Whatever an HTTP server answers.

use latchkey_api::generator::WebhookSpec;

use super::{Made, World};
use crate::{Error, ErrorKind};

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(_spec: &WebhookSpec, _world: &World<'_>) -> Result<Made, Error> {
    Err(Error::new(ErrorKind::Unsupported, "TO BE WRITTEN"))
}
