//! Access tokens of Google Cloud.

mod federation;
mod google;
mod key;
mod metadata;
mod source;
mod workload;

use latchkey_api::generator::GcrSpec;

use super::{Made, World, invalid};
use crate::{Error, SecretBytes};

/// Whom Google's registries know those by who come with a token.
const USER: &str = "oauth2accesstoken";

/// What the tokens are good for: all that whoever asks may do, as with ESO.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// A token, and when it expires, in seconds since 1970.
struct Access {
    token: SecretBytes,
    expiry: i64,
}

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &GcrSpec, world: &World<'_>) -> Result<Made, Error> {
    let Access { token, expiry } = access(spec, world).await?;
    let expiry = expiry.to_string().into();
    Ok(Made::of([("username", USER.into()), ("password", token), ("expiry", expiry)]))
}

async fn access(spec: &GcrSpec, world: &World<'_>) -> Result<Access, Error> {
    let auth = &spec.auth;
    match (&auth.secret_ref, &auth.workload_identity, &auth.workload_identity_federation) {
        (Some(reference), _, _) => key::access(reference, world).await,
        (None, Some(identity), _) => workload::access(identity, &spec.project_id, world).await,
        (None, None, Some(federation)) => federation::access(federation, world).await,
        (None, None, None) => Err(invalid(
            "auth is empty: name secretRef, workloadIdentity or workloadIdentityFederation, since latchkey lends nobody its \
             own identity in Google Cloud",
        )),
    }
}
