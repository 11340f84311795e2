//! A double of Google Cloud: token_uri of keys ("Using OAuth 2.0 for server to server applications"), the Security Token Service
//! (v1 token), service accounts' credentials (generateAccessToken), and the metadata of its machines.

use std::collections::BTreeMap;

use latchkey_provider::generate::Endpoints;
use serde_json::{Value, json};
use wiremock::{MockServer, Request};

use super::{Answer, form, header, need, serve};
use crate::accounts::is_subjects;
use crate::rs256::{KEY, now};

pub const EMAIL: &str = "shop@project.iam.gserviceaccount.com";
pub const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// The pool of a cluster of GKE.
pub const POOL: &str = "project.svc.id.goog";

/// A provider of another pool, as STS calls it.
pub const PROVIDER: &str =
    "//iam.googleapis.com/projects/1234/locations/global/workloadIdentityPools/pool/providers/cluster";

/// A provider whose tokens come from some server.
pub const OTHER_PROVIDER: &str =
    "//iam.googleapis.com/projects/1234/locations/global/workloadIdentityPools/pool/providers/other";

/// What the impersonated service account's token says of its end.
pub const EXPIRES: (&str, &str) = ("2030-01-01T00:00:00.123456789Z", "1893456000");

const FEDERATED: &str = "sts-c4n4ry";

type Form = BTreeMap<String, String>;

/// All of it at one address.
pub async fn start() -> (MockServer, Endpoints) {
    let server = serve(answer).await;
    let uri = Some(server.uri());
    let endpoints = Endpoints {
        google_sts: uri.clone(),
        google_iam_credentials: uri,
        google_metadata: Some(server.address().to_string()),
        ..Endpoints::default()
    };
    (server, endpoints)
}

fn answer(request: &Request) -> Answer {
    match request.url.path() {
        "/token" => by_key(&form(request)?, header(request, "host").unwrap_or_default()),
        "/v1/token" => exchange(&form(request)?),
        "/subject/text" => subject(request).map(Value::String),
        "/subject/json" => subject(request).map(|token| json!({ "id": { "a": 1 }, "value": token })),
        path => match path.strip_prefix("/computeMetadata/v1/instance/attributes/") {
            Some(key) => metadata(request, key),
            None => impersonate(path, request),
        },
    }
}

fn is(form: &Form, key: &str, value: &str) -> bool {
    form.get(key).is_some_and(|given| given == value)
}

fn by_key(form: &Form, host: &str) -> Answer {
    let grant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
    need(is(form, "grant_type", grant), 400, "unsupported_grant_type")?;
    let (header, claims) =
        form.get("assertion").and_then(|token| KEY.opened(token)).ok_or((400, "invalid_grant"))?;
    let time = |claim: &str| claims[claim].as_u64().unwrap_or_default();
    need(header["kid"] == "key-1" && claims["iss"] == EMAIL, 400, "invalid_grant")?;
    need(claims["aud"] == format!("http://{host}/token"), 400, "invalid_grant")?;
    need(
        time("iat") <= now() && now() < time("exp") && time("exp") - time("iat") <= 3600,
        400,
        "invalid_grant",
    )?;
    need(claims["scope"] == SCOPE, 400, "invalid_scope")?;
    Ok(json!({ "access_token": "key-c4n4ry", "expires_in": 3599, "token_type": "Bearer" }))
}

fn exchange(form: &Form) -> Answer {
    let grant = "urn:ietf:params:oauth:grant-type:token-exchange";
    need(is(form, "grant_type", grant), 400, "unsupported_grant_type")?;
    let access = "urn:ietf:params:oauth:token-type:access_token";
    need(is(form, "requested_token_type", access), 400, "invalid_request")?;
    need(is(form, "subject_token_type", "urn:ietf:params:oauth:token-type:jwt"), 400, "invalid_request")?;
    need(is(form, "scope", SCOPE), 400, "invalid_scope")?;
    let token = form.get("subject_token").ok_or((400, "invalid_request"))?;
    let taken = match form.get("audience").map(String::as_str) {
        Some(PROVIDER) => is_subjects(token, PROVIDER) || is_subjects(token, "own-audience"),
        Some(OTHER_PROVIDER) => token == "subject-c4n4ry",
        Some(audience) => gke(audience) && is_subjects(token, POOL),
        None => false,
    };
    need(taken, 400, "invalid_grant")?;
    let kind = "urn:ietf:params:oauth:token-type:access_token";
    Ok(
        json!({ "access_token": FEDERATED, "issued_token_type": kind, "token_type": "Bearer", "expires_in": 3600 }),
    )
}

fn gke(audience: &str) -> bool {
    let cluster = "https://container.googleapis.com/v1/projects/project/locations/europe-west1/clusters/shop";
    audience == format!("identitynamespace:{POOL}:{cluster}")
}

fn impersonate(path: &str, request: &Request) -> Answer {
    need(header(request, "authorization") == Some(&format!("Bearer {FEDERATED}")), 401, "UNAUTHENTICATED")?;
    need(path == format!("/v1/projects/-/serviceAccounts/{EMAIL}:generateAccessToken"), 403, "IAM")?;
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| (400, "INVALID_ARGUMENT"))?;
    need(request.method.as_str() == "POST" && body["scope"] == json!([SCOPE]), 400, "INVALID_ARGUMENT")?;
    let seconds = body["lifetime"].as_str().and_then(|life| life.strip_suffix('s')?.parse::<u64>().ok());
    need(seconds.is_some_and(|life| (1..=3600).contains(&life)), 400, "INVALID_ARGUMENT")?;
    Ok(json!({ "accessToken": format!("{}-c4n4ry", seconds.unwrap_or_default()), "expireTime": EXPIRES.0 }))
}

fn metadata(request: &Request, key: &str) -> Answer {
    need(header(request, "metadata-flavor") == Some("Google"), 403, "flavor")?;
    match key {
        "cluster-location" => Ok(json!("europe-west1")),
        "cluster-name" => Ok(json!("shop")),
        _ => Err((404, "unknown")),
    }
}

/// The server that a configuration of an external account names.
fn subject(request: &Request) -> Result<String, (u16, &'static str)> {
    need(request.method.as_str() == "GET" && header(request, "x-key") == Some("header-c4n4ry"), 403, "key")?;
    Ok("subject-c4n4ry".to_owned())
}
