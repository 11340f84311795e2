//! Tokens of service accounts of Grafana.
//!
//! The account is found by its name, or made; it stays, whatever becomes of its tokens, as with ESO. One that is there is used
//! with the role that it has.

mod server;

use async_trait::async_trait;
use http::HeaderValue;
use latchkey_api::generator::{GrafanaAuth, GrafanaSpec};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::server::{Account, Server};
use super::kept::{self, Kept};
use super::parts::{Fields, basic, bearer, token};
use super::{Made, World, invalid};
use crate::{Error, ErrorKind, SecretBytes};

const FIELDS: Fields = Fields {
    address: "url",
    credentials: "auth",
    unknown: "url, serviceAccount.name",
    request: "serviceAccount.name, serviceAccount.role",
};

/// What a token is deleted by: ESO's form.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct State {
    service_account: StateAccount,
}

#[derive(Serialize, Deserialize)]
struct StateAccount {
    id: i64,
    login: String,
    #[serde(rename = "tokenID")]
    token_id: i64,
}

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &GrafanaSpec, world: &World<'_>) -> Result<Made, Error> {
    kept::make(spec, world).await
}

#[async_trait]
impl Kept for GrafanaSpec {
    async fn make(&self, world: &World<'_>) -> Result<Made, Error> {
        make_now(self, world).await
    }

    async fn revoke(&self, state: &Value, world: &World<'_>) -> Result<(), Error> {
        revoke(self, state, world).await
    }
}

async fn make_now(spec: &GrafanaSpec, world: &World<'_>) -> Result<Made, Error> {
    let server = Server::new(world, &spec.url, login(&spec.auth, world).await?)?;
    let (Account { id, login, .. }, is_new) = account(&server, spec).await?;
    let token = server.make_token(id).await.map_err(|error| match is_new {
        true => {
            said(error, &format!("the service account has been made, with login {login:?}, and is there"))
        }
        false => error,
    })?;
    let state = State { service_account: StateAccount { id, login: login.clone(), token_id: token.id } };
    let data = [("login", SecretBytes::from(login)), ("token", token.key.into())];
    Ok(Made::of(data).with_state(json!(state)))
}

/// Deletes one; the account stays.
///
/// # Errors
/// See [`Connector::revoke`](crate::Connector::revoke).
pub async fn revoke(spec: &GrafanaSpec, state: &Value, world: &World<'_>) -> Result<(), Error> {
    let State { service_account } = State::deserialize(state)
        .map_err(|_| Error::new(ErrorKind::InvalidRequest, "the state is none of a token of Grafana"))?;
    let server = Server::new(world, &spec.url, login(&spec.auth, world).await?)?;
    server.delete_token(service_account.id, service_account.token_id).await
}

/// The account of this name, and whether it is a new one.
async fn account(server: &Server<'_>, spec: &GrafanaSpec) -> Result<(Account, bool), Error> {
    let wanted = &spec.service_account;
    if let Some(found) = server.find(&wanted.name).await? {
        return Ok((found, false));
    }
    let refused = match server.make_account(&wanted.name, &wanted.role).await {
        Ok(made) => return Ok((made, true)),
        Err(error) if error.kind == ErrorKind::InvalidRequest => error,
        Err(error) => return Err(error),
    };
    // Somebody else may have made it meanwhile: another ExternalSecret of the same generator.
    match server.find(&wanted.name).await? {
        Some(found) => Ok((found, false)),
        None => Err(refused),
    }
}

/// By the first way that is given, as External Secrets Operator does.
async fn login(auth: &GrafanaAuth, world: &World<'_>) -> Result<HeaderValue, Error> {
    match (&auth.token, &auth.basic) {
        (Some(selector), _) => bearer("auth.token", &token(world, "auth.token", selector).await?),
        (None, Some(pair)) => {
            basic(&pair.username, &token(world, "auth.basic.password", &pair.password).await?)
        }
        (None, None) => Err(invalid("auth.token, auth.basic: one of them has to be there")),
    }
}

/// The error, with something more to know.
fn said(error: Error, more: &str) -> Error {
    Error { message: format!("{}; {more}", error.message), ..error }
}
