//! Cloudsmith, by <https://docs.cloudsmith.com/api/openid/create>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_api::generator::RemoteKind;
use latchkey_provider::ErrorKind;
use serde_json::{Value, json};
use wiremock::{MockServer, Request};

use super::{Answer, Generator, asked, header, segments, serve, texts};
use crate::accounts::{Accounts, trusted};
use crate::rs256::{KEY, now};

const AUDIENCE: &str = "https://api.cloudsmith.io";

/// One organization, `acme`, with one service, `puller`, for the ServiceAccount `builder`.
fn cloudsmith(request: &Request) -> Answer {
    let path = segments(request);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let ["openid", organization, ""] = path.as_slice() else { return Err((404, "Not found.")) };
    if request.method.as_str() != "POST" {
        return Err((405, "Method not allowed."));
    }
    if header(request, "content-type") != Some("application/json") {
        return Err((415, "Unsupported media type in request."));
    }
    let body: Value = request.body_json().map_err(|_| (400, "JSON parse error"))?;
    let text = |field: &str| body[field].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(token), Some(service)) = (text("oidc_token"), text("service_slug")) else {
        return Err((422, "Missing or invalid parameters (see detail)."));
    };
    let claims = trusted(&token, AUDIENCE).map_err(|why| (401, why))?;
    if claims["sub"] != "system:serviceaccount:team:builder" || service != "puller" || *organization != "acme"
    {
        return Err((401, "OIDC token cannot be authenticated."));
    }
    Ok((201, json!({ "token": access() })))
}

fn access() -> String {
    KEY.sign(&json!({ "alg": "RS256" }), &json!({ "iss": "cloudsmith", "exp": 1_800_000_000_u64 }))
}

fn spec(server: &MockServer) -> Value {
    json!({
        "apiUrl": format!("{}/", server.uri()), "orgSlug": "acme", "serviceSlug": "puller",
        "serviceAccountRef": { "name": "builder", "audiences": [AUDIENCE] },
    })
}

fn good(spec: &Value) -> Generator {
    Generator::new(RemoteKind::Cloudsmith, spec, Accounts::good())
}

#[tokio::test]
async fn exchanges_a_service_accounts_token() {
    let server = serve(cloudsmith).await;
    let made = good(&spec(&server)).make().await.unwrap();
    let texts = texts(&made);
    assert_eq!(texts["expiry"], "1800000000");
    let auth = String::from_utf8(STANDARD.decode(texts["auth"]).unwrap()).unwrap();
    let (user, token) = auth.split_once(':').unwrap();
    assert_eq!((user, &KEY.verified(token).unwrap()["iss"]), ("token", &json!("cloudsmith")));
    assert_eq!((texts.len(), &made.state), (2, &None));
}

#[tokio::test]
async fn says_which_field_cloudsmith_refuses() {
    let server = serve(cloudsmith).await;
    let credentials = "serviceAccountRef, orgSlug, serviceSlug: ";
    for (field, value, kind, begin) in [
        ("orgSlug", json!("other"), ErrorKind::Unauthenticated, credentials),
        ("orgSlug", json!("acme/x"), ErrorKind::Unauthenticated, credentials),
        ("serviceSlug", json!("pusher"), ErrorKind::Unauthenticated, credentials),
        ("serviceSlug", json!(""), ErrorKind::InvalidRequest, "orgSlug, serviceSlug, serviceAccountRef: "),
        ("serviceAccountRef", json!({ "name": "builder" }), ErrorKind::Unauthenticated, credentials),
        ("apiUrl", json!(format!("{}/v1", server.uri())), ErrorKind::InvalidRequest, "apiUrl, orgSlug: "),
    ] {
        let mut spec = spec(&server);
        spec[field] = value;
        good(&spec).refuses(kind, begin).await;
    }
    let expired = Accounts::claiming_to(json!({ "exp": now() - 1 }));
    let generator = Generator::new(RemoteKind::Cloudsmith, &spec(&server), expired);
    generator.refuses(ErrorKind::Unauthenticated, credentials).await;
}

#[tokio::test]
async fn asks_nothing_with_what_cannot_be_right() {
    let server = serve(cloudsmith).await;
    for (field, value, kind, begin) in [
        ("orgSlug", json!(".."), ErrorKind::InvalidConfig, "orgSlug "),
        ("orgSlug", json!(""), ErrorKind::InvalidConfig, "orgSlug "),
        ("apiUrl", json!("api.cloudsmith.io"), ErrorKind::InvalidConfig, "apiUrl is no address"),
        ("serviceAccountRef", json!({ "name": "nobody" }), ErrorKind::Credentials, "serviceAccountRef: "),
    ] {
        let mut spec = spec(&server);
        spec[field] = value;
        good(&spec).refuses(kind, begin).await;
    }
    assert_eq!(asked(&server).await, 0);
}

#[tokio::test]
async fn a_token_without_an_end_is_none() {
    let endless = KEY.sign(&json!({ "alg": "RS256" }), &json!({ "iss": "cloudsmith" }));
    for token in [endless, "c4n4ry".to_owned(), String::new()] {
        let server = serve(move |_| Ok((201, json!({ "token": token })))).await;
        good(&spec(&server)).refuses(ErrorKind::InvalidValue, "Cloudsmith at ").await;
    }
}
