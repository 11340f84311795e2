//! Tokens of Cloudsmith, in exchange for those of a ServiceAccount that it trusts by OIDC.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use latchkey_api::generator::CloudsmithSpec;
use serde_json::json;

use super::http::{Ask, Http, TIMEOUT, address};
use super::parts::{Fields, ask_token, below, body, given, pair, segment, service_account_token};
use super::{Made, World, jwt, unreadable};
use crate::tls::Tls;
use crate::{Error, SecretBytes};

const SERVER: &str = "https://api.cloudsmith.io";

/// The user name that goes with any token.
const USER: &str = "token";

const FIELDS: Fields = Fields {
    address: "apiUrl",
    credentials: "serviceAccountRef, orgSlug, serviceSlug",
    unknown: "apiUrl, orgSlug",
    request: "orgSlug, serviceSlug, serviceAccountRef",
};

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &CloudsmithSpec, world: &World<'_>) -> Result<Made, Error> {
    let CloudsmithSpec { api_url, org_slug, service_slug, service_account_ref } = spec;
    let server = address(FIELDS.address, given(api_url).unwrap_or(SERVER))?;
    let organization = segment("orgSlug", org_slug)?;
    let http = Http::new(world, ("Cloudsmith", "Cloudsmith"), &server, &Tls::default(), TIMEOUT)
        .map_err(|error| FIELDS.blame(error))?;
    let login = service_account_token(world, service_account_ref).await?;
    let wanted = json!({ "oidc_token": login.expose_str(), "service_slug": service_slug });
    let ask = Ask {
        call: "OpenIDCreate",
        doing: "cannot exchange the ServiceAccount's token",
        method: Method::POST,
        url: below(&server, &["openid", organization, ""]),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]),
        body: body(&wanted),
    };
    let token = ask_token(&http, ask, FIELDS).await?;
    let expiry = jwt::expiry(&token).ok_or_else(|| unreadable(http.place()))?;
    Ok(Made::of([("auth", pair(USER, &token)), ("expiry", SecretBytes::from(expiry))]))
}
