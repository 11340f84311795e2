//! Whatever an HTTP server answers: a JSON object, or what a JSONPath finds in the answer.
//!
//! Address, headers and body are templates, which may take what Secrets hold that are meant for it: those with the label
//! `external-secrets.io/type: webhook`, as External Secrets Operator has it.

mod template;

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use latchkey_api::duration::GoDuration;
use latchkey_api::generator::WebhookSpec;
use serde_json::Value;
use serde_json_path::JsonPath;
use url::Url;

use self::template::Secrets;
use super::http::{Ask, Http, TIMEOUT, address};
use super::{Made, World, invalid};
use crate::property::{self, Numbers};
use crate::tls::Tls;
use crate::{Error, ErrorKind, SecretBytes, credentials};

/// The provider's name in metrics, and that of its call: ESO's.
const NAME: &str = "Webhook";
const CALL: &str = "HTTPRequest";

const DOING: &str = "cannot get an answer";

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &WebhookSpec, world: &World<'_>) -> Result<Made, Error> {
    if spec.auth.as_ref().is_some_and(|auth| auth.ntlm.is_some()) {
        let why = "auth.ntlm is not supported by this version; log in by headers[\"Authorization\"], if the server takes that";
        return Err(Error::new(ErrorKind::Unsupported, why));
    }
    let secrets = template::secrets(spec, world).await?;
    let url = template::executed("url", &spec.url, &secrets.plain())?;
    let url = address("url", url.expose_str().unwrap_or_default())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("url holds a user name or a password; send them in headers[\"Authorization\"]"));
    }
    let made = ask(spec, world, &secrets, url.clone()).await;
    made.map_err(|error| {
        if spec.url.starts_with(&url.origin().ascii_serialization()) { error } else { hidden(error, &url) }
    })
}

/// The error without the server's address, which comes out of a Secret.
fn hidden(error: Error, url: &Url) -> Error {
    let message = match error.kind {
        ErrorKind::EndpointRefused => {
            "the webhook's address is one that latchkey calls for no store, see --allow-endpoints".to_owned()
        }
        ErrorKind::NotFound
        | ErrorKind::PropertyNotFound
        | ErrorKind::Forbidden
        | ErrorKind::Unauthenticated
        | ErrorKind::Credentials
        | ErrorKind::Referent
        | ErrorKind::InvalidConfig
        | ErrorKind::InvalidRequest
        | ErrorKind::InvalidValue
        | ErrorKind::RateLimited
        | ErrorKind::Unavailable
        | ErrorKind::ClusterApi
        | ErrorKind::NotManaged
        | ErrorKind::Unsupported => {
            let text = error.message.replace(&url.origin().ascii_serialization(), "its address");
            text.replace(url.host_str().unwrap_or_default(), "its host")
        }
    };
    Error { message, ..error }
}

async fn ask(spec: &WebhookSpec, world: &World<'_>, secrets: &Secrets, url: Url) -> Result<Made, Error> {
    let bundle = spec.ca_bundle.as_ref().map(|bundle| bundle.0.as_slice());
    let ca = credentials::ca(world.cluster.as_ref(), &world.scope, bundle, spec.ca_provider.as_ref()).await?;
    let tls = Tls { ca, client: None };
    let http = Http::new(world, ("the webhook", NAME), &url, &tls, timeout(spec)?)?;
    let body = match &spec.body {
        Some(body) => template::executed("body", body, &secrets.plain())?,
        None => SecretBytes::default(),
    };
    let (method, headers) = (method(spec)?, headers(spec, secrets)?);
    let answer = http.send(Ask { call: CALL, doing: DOING, method, url, headers, body }).await?;
    if !answer.status.is_success() {
        return Err(http.refused(DOING, &answer));
    }
    let path = match spec.result.json_path.as_deref().filter(|path| !path.is_empty()) {
        Some(path) => Some(template::executed("result.jsonPath", path, &secrets.plain())?),
        None => None,
    };
    let data = members(&answer.body, path.as_ref(), http.place())?;
    Ok(Made { data, state: None })
}

fn timeout(spec: &WebhookSpec) -> Result<Duration, Error> {
    let Some(text) = spec.timeout.as_deref().filter(|text| !text.is_empty()) else { return Ok(TIMEOUT) };
    let parsed = GoDuration::parse(text).ok().and_then(|parsed| parsed.to_std());
    let parsed = parsed.ok_or_else(|| invalid("timeout is no duration such as 10s"))?;
    Ok(if parsed.is_zero() { TIMEOUT } else { parsed.min(WebhookSpec::LONGEST) })
}

fn method(spec: &WebhookSpec) -> Result<Method, Error> {
    match spec.method.as_deref().filter(|method| !method.is_empty()) {
        Some(method) => Method::from_bytes(method.as_bytes()).map_err(|_| invalid("method is none of HTTP")),
        None => Ok(Method::GET),
    }
}

fn headers(spec: &WebhookSpec, secrets: &Secrets) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, text) in &spec.headers {
        let at = format!("headers[{name:?}]");
        let value = template::executed(&at, text, &secrets.plain())?;
        let bad = || invalid(format!("{at} is no header that HTTP can carry"));
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_bytes(value.expose().trim_ascii()).map_err(|_| bad())?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

/// Keys and values of the object that is answered, or found in the answer. What is found as text is read as JSON once more, as
/// ESO does.
fn members(
    body: &SecretBytes,
    path: Option<&SecretBytes>,
    place: &str,
) -> Result<BTreeMap<String, SecretBytes>, Error> {
    let wrong = |what: &str| Error::new(ErrorKind::InvalidValue, format!("{place} answers with {what}"));
    let text = body.expose_str().ok_or_else(|| wrong("what is no JSON"))?;
    let object = match path {
        Some(path) => found(text, path, &wrong)?,
        None => text.to_owned(),
    };
    let object = match serde_json::from_str::<Value>(&object) {
        Ok(Value::String(inner)) => inner,
        Ok(Value::Object(_)) => object,
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => {
            return Err(wrong("what is no JSON object; result.jsonPath may find one in it"));
        }
        Err(_) => return Err(wrong("what is no JSON")),
    };
    property::any_map(&object, Numbers::Float64).ok_or_else(|| wrong("text that is no JSON object"))
}

/// Whether a path may select so much, or compare so often, that an answer of a few bytes keeps a thread for ever: each `..` and
/// each union multiplies what is selected, and a path within a filter is followed for every element.
fn is_costly(path: &str) -> bool {
    let count = |part: &str| path.matches(part).count();
    path.len() > 512
        || count("..") > 1
        || count(",") > 8
        || count("?") > 1
        || count("@") > 2
        || count("$") > 1
        || count("(") > 1
}

/// The one thing that the path finds, or a list of all where it may find several.
fn found(text: &str, path: &SecretBytes, wrong: &impl Fn(&str) -> Error) -> Result<String, Error> {
    let path = path.expose_str().unwrap_or_default();
    if is_costly(path) {
        let why = "result.jsonPath asks for too much: it may have one .., one filter, few unions, and no functions or other paths in it";
        return Err(invalid(why));
    }
    let path = JsonPath::parse(path).map_err(|_| invalid("result.jsonPath is no JSONPath such as $.data"))?;
    let document: Value = serde_json::from_str(text).map_err(|_| wrong("what is no JSON"))?;
    let found = path.query(&document).all();
    match found.as_slice() {
        [] => Err(wrong("nothing where result.jsonPath looks")),
        [one] => Ok(one.to_string()),
        several => Ok(Value::Array(several.iter().map(|one| (*one).clone()).collect()).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str, path: Option<&str>) -> Result<Vec<(String, String)>, Error> {
        let path = path.map(SecretBytes::from);
        let read = members(&SecretBytes::from(body), path.as_ref(), "the webhook")?;
        let text = |value: SecretBytes| value.expose_str().map(str::to_owned).expect("text");
        Ok(read.into_iter().map(|(key, value)| (key, text(value))).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_answer_or_what_is_found_in_it_is_an_object() {
        let all = read(r#"{"a":"1","n":2.0,"l":[1,"x"],"o":{"b":true}}"#, None).expect("an object");
        assert_eq!(all, pairs(&[("a", "1"), ("l", r#"[1,"x"]"#), ("n", "2"), ("o", r#"{"b":true}"#)]));
        let nested = r#"{"data":[{"user":"u"},{"user":"v"}],"text":"{\"x\":\"y\"}"}"#;
        assert_eq!(read(nested, Some("$.data[1]")).expect("found"), pairs(&[("user", "v")]));
        assert_eq!(read(nested, Some("$.text")).expect("JSON in text"), pairs(&[("x", "y")]));
    }

    #[test]
    fn what_is_none_is_refused_without_being_shown() {
        for (body, path) in [
            ("<html>c4n4ry</html>", None),
            (r#"["c4n4ry"]"#, None),
            (r#""c4n4ry""#, None),
            (r#"{"a":"c4n4ry"}"#, Some("$.b")),
            (r#"{"a":"c4n4ry"}"#, Some("$.a")),
            (r#"{"a":"c4n4ry"}"#, Some("a[c4n4ry")),
            (r#"[[[["c4n4ry"]]]]"#, Some("$..*..*..*..*")),
            (r#"["c4n4ry"]"#, Some("$[?count($[*])>0]")),
            (r#"["c4n4ry"]"#, Some("$[0,0][0,0][0,0][0,0][0,0][0,0][0,0][0,0][0,0]")),
        ] {
            let error = read(body, path).expect_err("refused");
            assert!(!error.to_string().contains("c4n4ry"), "{error}");
        }
    }
}
