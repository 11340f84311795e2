//! Tokens of an installation of a GitHub App.

use std::time::{SystemTime, UNIX_EPOCH};

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use latchkey_api::generator::GithubSpec;
use serde_json::{Value, json};

use super::http::{Ask, Http, TIMEOUT, address};
use super::parts::{Fields, ask_token, at, bearer, below, body, given, segment};
use super::{Made, World, jwt};
use crate::tls::Tls;
use crate::{Error, SecretBytes, credentials};

const SERVER: &str = "https://api.github.com";

const KEY: &str = "auth.privateKey.secretRef";

const FIELDS: Fields = Fields {
    address: "url",
    credentials: "appID, auth.privateKey",
    unknown: "installID",
    request: "repositories, permissions",
};

/// How far back the App's own token is dated, in seconds: clocks differ, and GitHub takes none of the future.
const BACK: u64 = 60;

/// For how long it is good, in seconds. GitHub takes ten minutes at most.
const LIFE: u64 = 300;

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &GithubSpec, world: &World<'_>) -> Result<Made, Error> {
    let GithubSpec { url, app_id: _, install_id, repositories: _, permissions: _, auth: _ } = spec;
    let server = address("url", given(url).unwrap_or(SERVER))?;
    let installation = segment("installID", install_id)?;
    let login = login(spec, world).await?;
    let http = Http::new(world, ("GitHub", "GitHub"), &server, &Tls::default(), TIMEOUT)
        .map_err(|error| FIELDS.blame(error))?;
    let ask = Ask {
        call: "CreateInstallationAccessToken",
        doing: "cannot make a token of the installation",
        method: Method::POST,
        url: below(&server, &["app", "installations", installation, "access_tokens"]),
        headers: headers(&login)?,
        body: body(&wanted(spec)),
    };
    Ok(Made::of([("token", ask_token(&http, ask, FIELDS).await?)]))
}

/// The App's own token.
async fn login(spec: &GithubSpec, world: &World<'_>) -> Result<SecretBytes, Error> {
    let selector = &spec.auth.private_key.secret_ref;
    let in_field = |error| at(KEY, error);
    let pem = credentials::secret_key(world.cluster.as_ref(), &world.scope, selector, None).await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let claims = json!({ "iss": spec.app_id, "iat": now.saturating_sub(BACK), "exp": now + LIFE });
    jwt::rs256(&claims, None, &pem.map_err(in_field)?).map_err(in_field)
}

fn headers(login: &SecretBytes) -> Result<HeaderMap, Error> {
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, bearer(KEY, login)?),
        (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ]))
}

/// What the token is restricted to. What is not given is not restricted: then nothing may be said of it.
fn wanted(spec: &GithubSpec) -> Value {
    let mut wanted = json!({});
    if !spec.repositories.is_empty() {
        wanted["repositories"] = json!(spec.repositories);
    }
    if !spec.permissions.is_empty() {
        wanted["permissions"] = json!(spec.permissions);
    }
    wanted
}
