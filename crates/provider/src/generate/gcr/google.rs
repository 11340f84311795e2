//! What the ways to log in have in common: the Security Token Service, and service accounts that are impersonated.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use serde_json::json;

use super::{Access, SCOPE};
use crate::generate::endpoints::{GOOGLE_IAM_CREDENTIALS, GOOGLE_STS, server};
use crate::generate::http::Ask;
use crate::generate::oauth::{Service, Token, filled, now};
use crate::generate::parts::{bearer, below, body};
use crate::generate::{World, invalid};
use crate::{Error, SecretBytes};

/// Google's name in messages and in metrics.
pub const NAMES: (&str, &str) = ("Google", "Google");

/// What is tried, for messages.
pub const DOING: &str = "cannot get an access token";

/// The annotation of a ServiceAccount that names the service account which it may impersonate.
pub const ANNOTATION: &str = "iam.gke.io/gcp-service-account";

const STS: &str = "https://sts.googleapis.com";

const IAM_CREDENTIALS: &str = "https://iamcredentials.googleapis.com";

const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// The type of the tokens of ServiceAccounts.
pub const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";

/// How long a service account is impersonated if nobody says, in seconds: as with Google's own libraries.
pub const LIFE: u64 = 3600;

/// Somebody whom Google knows by another's token.
pub struct Subject<'a> {
    /// Where it is named, below `spec`.
    pub field: &'a str,
    /// The pool and provider of identities.
    pub audience: &'a str,
    /// The token.
    pub token: SecretBytes,
    /// Its type, one of RFC 8693 section 3.
    pub kind: &'a str,
}

/// A service account that is impersonated.
pub struct Target {
    /// Its name.
    pub email: String,
    /// For how many seconds.
    pub life: u64,
}

impl Target {
    /// One that is named in `field`.
    ///
    /// # Errors
    /// It is no name of a service account: it becomes part of an address.
    pub fn new(field: &str, email: &str) -> Result<Self, Error> {
        let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'.' | b'-' | b'_');
        if !email.bytes().all(named) || !email.contains('@') {
            return Err(invalid(format!("{field} is not the e-mail address of a service account")));
        }
        Ok(Self { email: email.to_owned(), life: LIFE })
    }
}

/// A token for whoever that is, or for the service account that he impersonates.
///
/// # Errors
/// Google refuses.
pub async fn login(world: &World<'_>, who: Subject<'_>, target: Option<Target>) -> Result<Access, Error> {
    let field = who.field;
    let federated = exchange(world, who).await?;
    match target {
        Some(target) => impersonate(world, field, &target, &federated.token).await,
        None => Ok(federated),
    }
}

/// A token for another's (RFC 8693).
async fn exchange(world: &World<'_>, who: Subject<'_>) -> Result<Access, Error> {
    let server = server(world.clouds.google_sts.as_ref(), GOOGLE_STS, STS)?;
    let service = Service::new(world, NAMES, who.field, &server)?;
    let form = [
        ("grant_type", TOKEN_EXCHANGE),
        ("audience", who.audience),
        ("scope", SCOPE),
        ("requested_token_type", ACCESS_TOKEN),
        ("subject_token", who.token.expose_str().unwrap_or_default()),
        ("subject_token_type", who.kind),
    ];
    let names = ("ExchangeToken", "cannot exchange the token of whoever logs in");
    let token: Token = service.post(names, below(&server, &["v1", "token"]), &form).await?;
    access(token, &service)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Impersonated {
    #[serde(deserialize_with = "filled")]
    access_token: SecretBytes,
    expire_time: String,
}

async fn impersonate(
    world: &World<'_>,
    field: &str,
    target: &Target,
    federated: &SecretBytes,
) -> Result<Access, Error> {
    let server =
        server(world.clouds.google_iam_credentials.as_ref(), GOOGLE_IAM_CREDENTIALS, IAM_CREDENTIALS)?;
    let service = Service::new(world, NAMES, field, &server)?;
    let call = format!("{}:generateAccessToken", target.email);
    let url = below(&server, &["v1", "projects", "-", "serviceAccounts", &call]);
    let json = HeaderValue::from_static("application/json");
    let headers = HeaderMap::from_iter([(AUTHORIZATION, bearer(field, federated)?), (CONTENT_TYPE, json)]);
    let body = body(&json!({ "scope": [SCOPE], "lifetime": format!("{}s", target.life) }));
    let doing = "cannot impersonate the service account";
    let ask = Ask { call: "GenerateAccessToken", doing, method: Method::POST, url, headers, body };
    let Impersonated { access_token: token, expire_time } = service.ask(ask).await?;
    let expires = DateTime::from_str(&expire_time, Format::DateTimeWithOffset);
    let expiry = expires.map_err(|_| service.unreadable())?.secs();
    Ok(Access { token, expiry })
}

/// A token with the time when it expires.
///
/// # Errors
/// The service does not say.
pub fn access(token: Token, service: &Service<'_>) -> Result<Access, Error> {
    let Token { access_token: token, expires_in } = token;
    let life = expires_in.and_then(|life| life.as_i64()).filter(|life| *life > 0);
    let life = life.ok_or_else(|| service.unreadable())?;
    let expiry = i64::try_from(now()).unwrap_or(i64::MAX).saturating_add(life);
    Ok(Access { token, expiry })
}
