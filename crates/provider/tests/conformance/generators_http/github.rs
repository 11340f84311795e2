//! GitHub, by <https://docs.github.com/en/rest/apps/apps#create-an-installation-access-token-for-an-app> and its page on the
//! tokens of Apps.

use latchkey_api::generator::RemoteKind;
use latchkey_provider::ErrorKind;
use serde_json::{Value, json};
use wiremock::{MockServer, Request};

use super::{Answer, Generator, asked, header, login, segments, serve, texts};
use crate::rs256::{KEY, Key, OTHER, now};

const TOKEN: &str = "ghs_c4n4ry";

/// One App, `12`, with one installation, `34`, which has two repositories and may read contents and write packages.
fn github(request: &Request) -> Answer {
    if header(request, "user-agent").is_none_or(str::is_empty) {
        return Err((403, "Request forbidden by administrative rules"));
    }
    let path = segments(request);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let ["api", "v3", "app", "installations", installation, "access_tokens"] = path.as_slice() else {
        return Err((404, "Not Found"));
    };
    if request.method.as_str() != "POST" {
        return Err((404, "Not Found"));
    }
    if header(request, "accept").is_none_or(|accept| !accept.starts_with("application/vnd.github")) {
        return Err((415, "Must accept 'application/vnd.github+json'"));
    }
    let token = header(request, "authorization").and_then(|value| value.strip_prefix("Bearer "));
    app(token.unwrap_or_default(), now()).map_err(|why| (401, why))?;
    if *installation != "34" {
        return Err((404, "Not Found"));
    }
    let wanted = request.body_json().map_err(|_| (400, "Problems parsing JSON"))?;
    granted(&wanted).map_err(|why| (422, why))?;
    Ok((201, json!({ "token": TOKEN, "expires_at": "2026-01-01T00:00:00Z", "wanted": wanted })))
}

/// Whether this is a token of the App: GitHub's rules for its times.
fn app(token: &str, now: u64) -> Result<(), &'static str> {
    let claims = KEY.verified(token).ok_or("A JSON web token could not be decoded")?;
    let iat = claims["iat"].as_u64().filter(|iat| *iat <= now).ok_or("'Issued at' claim ('iat')")?;
    let exp = claims["exp"].as_u64().filter(|exp| *exp > now).ok_or("'Expiration time' claim ('exp')")?;
    match exp {
        _ if exp > now + 600 || exp > iat + 600 => {
            Err("'Expiration time' claim ('exp') is too far in the future")
        }
        _ if claims["iss"] != "12" && claims["iss"] != 12 => Err("Integration not found"),
        _ => Ok(()),
    }
}

fn granted(wanted: &Value) -> Result<(), &'static str> {
    let fields = wanted.as_object().ok_or("Invalid request")?;
    for (field, value) in fields {
        let is_granted = match field.as_str() {
            "repositories" => value.as_array().is_some_and(|names| {
                !names.is_empty() && names.iter().all(|name| name == "shop" || name == "infra")
            }),
            "permissions" => value.as_object().is_some_and(|permissions| {
                let may = |(what, how): (&String, &Value)| match what.as_str() {
                    "contents" => how == "read",
                    "packages" => how == "read" || how == "write",
                    _ => false,
                };
                !permissions.is_empty() && permissions.iter().all(may)
            }),
            _ => return Err("Invalid request"),
        };
        if !is_granted {
            return Err("not granted to this installation");
        }
    }
    Ok(())
}

fn spec(server: &MockServer) -> Value {
    json!({
        "url": format!("{}/api/v3", server.uri()), "appID": "12", "installID": "34",
        "auth": { "privateKey": { "secretRef": { "name": "login", "key": "pem" } } },
    })
}

fn generator(spec: &Value, key: &Key) -> Generator {
    Generator::new(RemoteKind::Github, spec, login(&[("pem", &key.pem()), ("other", "c4n4ry")]))
}

#[tokio::test]
async fn makes_a_token_of_an_installation() {
    let server = serve(github).await;
    let made = generator(&spec(&server), &KEY).make().await.unwrap();
    assert_eq!(texts(&made), [("token", TOKEN)].into());
    assert_eq!(made.state, None);
    let sent = server.received_requests().await.unwrap().remove(0);
    assert_eq!(sent.body_json::<Value>().unwrap(), json!({}), "what is not restricted is not spoken of");
}

#[tokio::test]
async fn restricts_the_token_as_asked() {
    let server = serve(github).await;
    let mut spec = spec(&server);
    spec["url"] = format!("{}/api/v3/", server.uri()).into();
    spec["repositories"] = json!(["shop"]);
    spec["permissions"] = json!({ "contents": "read" });
    generator(&spec, &KEY).make().await.unwrap();
    let sent = server.received_requests().await.unwrap().remove(0);
    let wanted = json!({ "repositories": ["shop"], "permissions": { "contents": "read" } });
    assert_eq!(sent.body_json::<Value>().unwrap(), wanted);
}

#[tokio::test]
async fn says_which_field_github_refuses() {
    let server = serve(github).await;
    for (field, value, kind, begin) in [
        ("appID", json!("13"), ErrorKind::Unauthenticated, "appID, auth.privateKey: "),
        ("installID", json!("35"), ErrorKind::InvalidRequest, "installID: "),
        ("installID", json!("34/access_tokens?"), ErrorKind::InvalidRequest, "installID: "),
        ("repositories", json!(["vault"]), ErrorKind::InvalidRequest, "repositories, permissions: "),
        (
            "permissions",
            json!({ "contents": "write" }),
            ErrorKind::InvalidRequest,
            "repositories, permissions: ",
        ),
    ] {
        let mut spec = spec(&server);
        spec[field] = value;
        let error = generator(&spec, &KEY).refuses(kind, begin).await;
        assert!(error.message.contains(&format!("GitHub at {}", server.uri())), "{error}");
    }
    let error = generator(&spec(&server), &OTHER).refuses(ErrorKind::Unauthenticated, "appID, ").await;
    assert_eq!(error.code.as_deref(), Some("HTTP 401"));
}

#[tokio::test]
async fn asks_nothing_with_what_cannot_be_right() {
    let server = serve(github).await;
    let secret =
        |name: &str, key: &str| json!({ "privateKey": { "secretRef": { "name": name, "key": key } } });
    for (field, value, kind, begin) in [
        (
            "auth",
            secret("login", "other"),
            ErrorKind::Credentials,
            "auth.privateKey.secretRef: the private key",
        ),
        ("auth", secret("login", "none"), ErrorKind::Credentials, "auth.privateKey.secretRef: "),
        ("auth", secret("none", "pem"), ErrorKind::Credentials, "auth.privateKey.secretRef: "),
        ("installID", json!(".."), ErrorKind::InvalidConfig, "installID "),
        ("installID", json!(""), ErrorKind::InvalidConfig, "installID "),
        ("url", json!("api.github.com"), ErrorKind::InvalidConfig, "url is no address"),
        ("url", json!("http://169.254.169.254"), ErrorKind::EndpointRefused, "url: GitHub at "),
    ] {
        let mut spec = spec(&server);
        spec[field] = value;
        generator(&spec, &KEY).refuses(kind, begin).await;
    }
    assert_eq!(asked(&server).await, 0);
}

#[tokio::test]
async fn an_answer_without_a_token_is_none() {
    for body in [json!({}), json!({ "token": "" }), json!({ "token": 1 }), json!("c4n4ry")] {
        let server = serve(move |_| Ok((201, body.clone()))).await;
        generator(&spec(&server), &KEY).refuses(ErrorKind::InvalidValue, "GitHub at ").await;
    }
}

#[test]
fn the_double_takes_no_token_that_github_would_not() {
    let now = now();
    let rs256 = json!({ "alg": "RS256" });
    let claims = |iat: u64, exp: u64, iss: &str| json!({ "iat": iat, "exp": exp, "iss": iss });
    assert_eq!(app(&KEY.sign(&rs256, &claims(now - 60, now + 300, "12")), now), Ok(()));
    for (key, header, claims) in [
        (&OTHER, &rs256, claims(now - 60, now + 300, "12")),
        (&KEY, &json!({ "alg": "none" }), claims(now - 60, now + 300, "12")),
        (&KEY, &rs256, claims(now + 1, now + 300, "12")),
        (&KEY, &rs256, claims(now - 600, now - 1, "12")),
        (&KEY, &rs256, claims(now, now + 601, "12")),
        (&KEY, &rs256, claims(now, now + 300, "13")),
        (&KEY, &rs256, json!({ "iss": "12" })),
    ] {
        assert!(app(&key.sign(header, &claims), now).is_err(), "{header} {claims}");
    }
}
