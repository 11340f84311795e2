//! Deploy tokens of GitLab.

use std::time::Duration;

use async_trait::async_trait;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use latchkey_api::generator::GitlabSpec;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::http::{Ask, Http, address};
use super::kept::{self, Kept};
use super::parts::{Fields, below, body, given, segment, sensitive, token};
use super::{Made, World, invalid};
use crate::tls::Tls;
use crate::{Error, ErrorKind, SecretBytes};

const SERVER: &str = "https://gitlab.com";

const LOGIN: &str = "auth.token.secretRef";

const PRIVATE_TOKEN: HeaderName = HeaderName::from_static("private-token");

/// As long as ESO waits: who goes earlier may leave a token behind that nobody knows of.
const PATIENCE: Duration = Duration::from_secs(30);

const FIELDS: Fields = Fields {
    address: "url",
    credentials: LOGIN,
    unknown: "projectID, groupID",
    request: "name, scopes, expiresAt, username",
};

/// What a deploy token is revoked by: ESO's form.
#[derive(Serialize, Deserialize)]
struct State {
    /// As the generator had it; nothing is GitLab's own server.
    #[serde(default)]
    url: String,
    #[serde(rename = "projectID", skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    #[serde(rename = "groupID", skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    #[serde(rename = "tokenID")]
    token_id: u64,
}

#[derive(Deserialize)]
struct DeployToken {
    id: u64,
    username: String,
    token: String,
}

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &GitlabSpec, world: &World<'_>) -> Result<Made, Error> {
    kept::make(spec, world).await
}

#[async_trait]
impl Kept for GitlabSpec {
    async fn make(&self, world: &World<'_>) -> Result<Made, Error> {
        make_now(self, world).await
    }

    async fn revoke(&self, state: &Value, world: &World<'_>) -> Result<(), Error> {
        revoke(self, state, world).await
    }
}

async fn make_now(spec: &GitlabSpec, world: &World<'_>) -> Result<Made, Error> {
    if spec.scopes.is_empty() {
        return Err(invalid("scopes is empty; a deploy token has one at least"));
    }
    let (project, group) = (given(&spec.project_id), given(&spec.group_id));
    let (server, tokens) = tokens(spec.url.as_deref().unwrap_or_default(), project, group)?;
    let http = client(world, &server)?;
    let mut headers = login(spec, world).await?;
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let ask = Ask {
        call: "CreateDeployToken",
        doing: "cannot make a deploy token",
        method: Method::POST,
        url: tokens,
        headers,
        body: body(&wanted(spec)),
    };
    let DeployToken { id, username, token } =
        http.json(ask).await.map_err(|error| left_behind(spec, error))?;
    let state = State {
        url: spec.url.clone().unwrap_or_default(),
        project_id: project.map(str::to_owned),
        group_id: group.map(str::to_owned),
        token_id: id,
    };
    Ok(Made::of([("username", username.into()), ("token", token.into())]).with_state(json!(state)))
}

/// Deletes one: where the state says, whatever the generator says by now.
///
/// # Errors
/// See [`Connector::revoke`](crate::Connector::revoke).
pub async fn revoke(spec: &GitlabSpec, state: &Value, world: &World<'_>) -> Result<(), Error> {
    let State { url, project_id, group_id, token_id } = State::deserialize(state).map_err(|_| {
        Error::new(ErrorKind::InvalidRequest, "the state is none of a deploy token of GitLab")
    })?;
    let (server, tokens) = tokens(&url, given(&project_id), given(&group_id))?;
    let http = client(world, &server)?;
    let doing = "cannot delete the deploy token";
    let ask = Ask {
        call: "DeleteDeployToken",
        doing,
        method: Method::DELETE,
        url: below(&tokens, &[&token_id.to_string()]),
        headers: login(spec, world).await?,
        body: SecretBytes::default(),
    };
    let answer = http.send(ask).await.map_err(|error| FIELDS.blame(error))?;
    match answer.status {
        StatusCode::NOT_FOUND => Ok(()),
        status if status.is_success() => Ok(()),
        _ => Err(FIELDS.blame(http.refused(doing, &answer))),
    }
}

/// The server, and where the tokens of the project or group are.
fn tokens(url: &str, project: Option<&str>, group: Option<&str>) -> Result<(Url, Url), Error> {
    let (of, id) = match (project, group) {
        (Some(project), None) => ("projects", segment("projectID", project)?),
        (None, Some(group)) => ("groups", segment("groupID", group)?),
        (None, None) | (Some(_), Some(_)) => {
            return Err(invalid("projectID, groupID: exactly one of them has to be there"));
        }
    };
    let server = address("url", if url.is_empty() { SERVER } else { url })?;
    let tokens = below(&server, &["api", "v4", of, id, "deploy_tokens"]);
    Ok((server, tokens))
}

fn client<'a>(world: &'a World<'a>, server: &Url) -> Result<Http<'a>, Error> {
    let http = Http::new(world, ("GitLab", "GitLab"), server, &Tls::default(), PATIENCE);
    http.map_err(|error| FIELDS.blame(error))
}

async fn login(spec: &GitlabSpec, world: &World<'_>) -> Result<HeaderMap, Error> {
    let token = token(world, LOGIN, &spec.auth.token.secret_ref).await?;
    Ok(HeaderMap::from_iter([(PRIVATE_TOKEN, sensitive(LOGIN, token.expose())?)]))
}

fn wanted(spec: &GitlabSpec) -> Value {
    let mut wanted = json!({ "name": spec.name, "scopes": spec.scopes });
    if let Some(username) = given(&spec.username) {
        wanted["username"] = username.into();
    }
    if let Some(expires_at) = given(&spec.expires_at) {
        wanted["expires_at"] = expires_at.into();
    }
    wanted
}

/// Without an answer that can be read nobody knows the token's number, by which alone it could be deleted.
fn left_behind(spec: &GitlabSpec, error: Error) -> Error {
    match error.kind {
        ErrorKind::Unavailable | ErrorKind::InvalidValue => {
            let note =
                format!("if it has made one all the same, look for {:?} and delete it there", spec.name);
            Error { message: format!("{}; {note}", error.message), ..error }
        }
        ErrorKind::NotFound
        | ErrorKind::PropertyNotFound
        | ErrorKind::Forbidden
        | ErrorKind::Unauthenticated
        | ErrorKind::Credentials
        | ErrorKind::Referent
        | ErrorKind::InvalidConfig
        | ErrorKind::InvalidRequest
        | ErrorKind::RateLimited
        | ErrorKind::EndpointRefused
        | ErrorKind::ClusterApi
        | ErrorKind::NotManaged
        | ErrorKind::Unsupported => FIELDS.blame(error),
    }
}
