//! Logins for Amazon's registries, by `GetAuthorizationToken` of the Elastic Container Registry.
//!
//! It is the one call that is asked of these two services, so it is signed and sent here rather than by a client of the SDK.

use std::time::SystemTime;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use latchkey_api::generator::EcrSpec;
use serde::Deserialize;
use url::Url;

use super::http::{Answer, Ask, Http, TIMEOUT, address};
use super::{Made, World, invalid, unreadable};
use crate::aws::entry::Entered;
use crate::aws::failure;
use crate::tls::Tls;
use crate::{Error, ErrorKind, SecretBytes};

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const DOING: &str = "cannot get an authorization token";

/// One of the two services.
struct Service {
    /// Its name where requests are signed, and in its host's name.
    name: &'static str,
    /// What is asked of it.
    target: &'static str,
    /// Where it is.
    region: String,
    /// Its URL.
    url: Url,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Token {
    authorization_token: String,
    expires_at: f64,
    #[serde(default)]
    proxy_endpoint: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Tokens {
    Private(Vec<Token>),
    Public(Token),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authorization {
    authorization_data: Tokens,
}

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &EcrSpec, world: &World<'_>) -> Result<Made, Error> {
    let service = service(spec, world)?;
    let place = (spec.region.as_str(), spec.auth.as_ref(), spec.role.as_ref());
    let entered = Entered::new(place, &world.scope, world.cluster, world.observer, world.aws).await?;
    let what = format!("AWS {}", service.name);
    let http = Http::new(world, (&what, "AWS/ECR"), &service.url, &Tls::default(), TIMEOUT)?;
    world.trial.may_send()?; // for a role's credentials
    let headers = signed(&service, &entered).await?;
    let sent: Vec<HeaderValue> = headers.values().filter(|value| value.is_sensitive()).cloned().collect();
    let (url, body) = (service.url.clone(), SecretBytes::from("{}"));
    let ask = Ask { call: "GetAuthorizationToken", doing: DOING, method: Method::POST, url, headers, body };
    let answer = http.send(ask).await?;
    match answer.status.is_success() {
        true => made(&answer, http.place()),
        false => Err(entered.noted(refusal(&answer, &sent, http.place()), &world.scope)),
    }
}

/// Which service `scope` means. The public one is in one region alone.
fn service(spec: &EcrSpec, world: &World<'_>) -> Result<Service, Error> {
    let endpoints = &world.aws.endpoints;
    let public = match spec.scope.as_deref().unwrap_or_default() {
        "" | "private" => false,
        "public" => true,
        _ => return Err(invalid("scope is neither private nor public")),
    };
    let (name, target, region, at) = match public {
        true => ("ecr-public", "SpencerFrontendService", "us-east-1".to_owned(), &endpoints.ecr_public),
        false => {
            ("ecr", "AmazonEC2ContainerRegistry_V20150921", crate::aws::region(&spec.region)?, &endpoints.ecr)
        }
    };
    let china = if region.starts_with("cn-") { ".cn" } else { "" };
    let host = format!("https://api.{name}.{region}.amazonaws.com{china}");
    let url = address("region", at.as_deref().unwrap_or(&host))?;
    Ok(Service { name, target, region, url })
}

/// The headers of the request, signed (AWS Signature Version 4).
async fn signed(service: &Service, entered: &Entered) -> Result<HeaderMap, Error> {
    let unsigned =
        |_| Error::new(ErrorKind::Credentials, "no request can be signed with the credentials for AWS");
    let target = format!("{}.GetAuthorizationToken", service.target);
    let identity = entered.credentials().await?.into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(&service.region)
        .name(service.name)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build();
    let params = params.map_err(|_| unsigned(()))?.into();
    let headers = [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", target.as_str())];
    let request =
        SignableRequest::new("POST", service.url.as_str(), headers.into_iter(), SignableBody::Bytes(b"{}"));
    let request = request.map_err(|_| unsigned(()))?;
    let (instructions, _) = sign(request, &params).map_err(|_| unsigned(()))?.into_parts();
    let mut all = HeaderMap::from_iter([(CONTENT_TYPE, JSON)]);
    let target = HeaderValue::from_str(&target).map_err(|_| unsigned(()))?;
    all.insert(HeaderName::from_static("x-amz-target"), target);
    for (name, value) in instructions.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unsigned(()))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| unsigned(()))?;
        value.set_sensitive(true);
        all.insert(name, value);
    }
    Ok(all)
}

fn made(answer: &Answer, place: &str) -> Result<Made, Error> {
    let read: Authorization = serde_json::from_slice(answer.body.expose()).map_err(|_| unreadable(place))?;
    let (token, is_private) = match read.authorization_data {
        Tokens::Private(tokens) => (tokens.into_iter().next().ok_or_else(|| unreadable(place))?, true),
        Tokens::Public(token) => (token, false),
    };
    let decoded = BASE64_STANDARD.decode(&token.authorization_token).map_err(|_| unreadable(place))?;
    let decoded = SecretBytes::from(decoded);
    let login = decoded.expose_str().and_then(|login| login.split_once(':'));
    let (username, password) = login.ok_or_else(|| unreadable(place))?;
    let mut made = Made::of([
        ("username", username.into()),
        ("password", password.into()),
        ("expires_at", format!("{:.0}", token.expires_at.floor()).into_bytes().into()),
    ]);
    if is_private {
        let endpoint = token.proxy_endpoint.unwrap_or_default();
        made.data.insert("proxy_endpoint".to_owned(), endpoint.into_bytes().into());
    }
    Ok(made)
}

/// By AWS's own code, which stands in the body; the message is spelt in two ways. One that repeats what was `sent` to log in is
/// not told.
fn refusal(answer: &Answer, sent: &[HeaderValue], place: &str) -> Error {
    let said: serde_json::Value = serde_json::from_slice(answer.body.expose()).unwrap_or_default();
    let code = said["__type"].as_str().map(|kind| kind.rsplit('#').next().unwrap_or(kind));
    let message = said["message"].as_str().or(said["Message"].as_str());
    let repeats = |message: &&str| sent.iter().any(|value| holds(message.as_bytes(), value.as_bytes()));
    let message = message.filter(|message| !repeats(message));
    let error = failure::of_code(code, message, answer.status.as_u16(), DOING, place);
    Error { retry_after: answer.retry_after, ..error }
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len().max(1)).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::*;

    fn refused(status: StatusCode, body: &str) -> Error {
        let retry_after = Some(Duration::from_secs(3));
        let answer = Answer { status, body: body.into(), retry_after };
        let sent = [
            HeaderValue::from_static("AWS4-HMAC-SHA256 Credential=A, Signature=c4n4ry"),
            "c4n4ry-token".parse().unwrap(),
        ];
        refusal(&answer, &sent, "AWS ecr")
    }

    #[test]
    fn a_refusal_is_told_in_aws_s_words_unless_they_repeat_what_was_sent() {
        let error = refused(
            StatusCode::BAD_REQUEST,
            r#"{"__type":"com.amazon#AccessDeniedException","message":"User: u is not authorized"}"#,
        );
        assert_eq!(
            error.to_string(),
            "cannot get an authorization token: AWS ecr says: User: u is not authorized (AccessDeniedException)"
        );
        assert_eq!((error.kind, error.retry_after), (ErrorKind::Forbidden, Some(Duration::from_secs(3))));
        for (name, said) in [("message", "bad: c4n4ry-token"), ("Message", "c4n4ry-token is expired")] {
            let body = serde_json::json!({ "__type": "ExpiredTokenException", name: said }).to_string();
            let error = refused(StatusCode::FORBIDDEN, &body);
            assert_eq!(error.kind, ErrorKind::Unauthenticated);
            assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
        }
        let error = refused(StatusCode::BAD_GATEWAY, "<html>c4n4ry-token</html>");
        assert_eq!((error.kind, error.code.as_deref()), (ErrorKind::Unavailable, Some("HTTP 502")));
        assert!(!format!("{error:?}").contains("c4n4ry"), "{error}");
    }
}
