//! Temporary credentials for AWS, by `GetSessionToken`.

use std::time::Instant;

use latchkey_api::generator::{StsRequest, StsSpec};

use super::{Made, World, invalid};
use crate::aws::entry::Entered;
use crate::aws::sts::refusal;
use crate::{Error, ErrorKind};

/// The provider's name in metrics.
const NAME: &str = "AWS/STS";

/// Makes them.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &StsSpec, world: &World<'_>) -> Result<Made, Error> {
    if spec.auth.as_ref().is_some_and(|auth| auth.jwt.is_some()) {
        return Err(invalid(
            "auth.jwt: jwt auth cannot be used for STS Session Token generation: AWS gives session tokens to users, not to \
             roles; name a user's keys in auth.secretRef",
        ));
    }
    let place = (spec.region.as_str(), spec.auth.as_ref(), spec.role.as_ref());
    let entered = Entered::new(place, &world.scope, world.cluster, world.observer, world.aws).await?;
    world.trial.may_send()?;
    let (sts, settings) = entered.sts().await;
    let StsRequest { session_duration, serial_number, token_code } =
        spec.request_parameters.clone().unwrap_or_default();
    let began = Instant::now();
    let asked = sts
        .get_session_token()
        .set_duration_seconds(session_duration)
        .set_serial_number(serial_number)
        .set_token_code(token_code)
        .send()
        .await;
    world.observer.call(NAME, "GetSessionToken", asked.is_ok(), began.elapsed());
    let doing = "cannot get a session token";
    let answer = asked.map_err(|error| entered.noted(refusal(&error, doing, settings), &world.scope))?;
    let nothing = || Error::new(ErrorKind::Unavailable, format!("{doing}: AWS STS gave no credentials"));
    let key = answer.credentials.ok_or_else(nothing)?;
    Ok(Made::of([
        ("access_key_id", key.access_key_id.into()),
        ("secret_access_key", key.secret_access_key.into()),
        ("session_token", key.session_token.into()),
        ("expiration", key.expiration.secs().to_string().into()),
    ]))
}
