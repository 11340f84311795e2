//! Whatever a path of Vault makes.
//!
//! By a login of its own, as External Secrets Operator does: what was made lives as long as the token that it was made by, so
//! that token is not revoked, and shared only while it is fresh.

use std::collections::BTreeMap;

use http::Method;
use latchkey_api::generator::{VaultDynamicSecretSpec, VaultResult};
use serde_json::{Map, Value};

use super::{Made, World, invalid};
use crate::property::{self, Numbers};
use crate::vault::http::Answer;
use crate::vault::request::Request;
use crate::{Error, ErrorKind, SecretBytes, vault};

/// What a token has in ESO's client, and what it is where Vault does not say.
const AUTH: [(&str, Value); 11] = [
    ("accessor", Value::Null),
    ("client_token", Value::Null),
    ("entity_id", Value::Null),
    ("identity_policies", Value::Null),
    ("lease_duration", Value::Null),
    ("metadata", Value::Null),
    ("mfa_requirement", Value::Null),
    ("orphan", Value::Bool(false)),
    ("policies", Value::Null),
    ("renewable", Value::Bool(false)),
    ("token_policies", Value::Null),
];

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &VaultDynamicSecretSpec, world: &World<'_>) -> Result<Made, Error> {
    let (reads, request) = request(spec)?;
    let resolving = vault::resolve(&spec.provider, &world.scope, world.cluster, world.observer, world.guard);
    let resolved = resolving.await?;
    let identity = resolved.identity();
    let fresh = resolved.asker()?; // nothing is sent by that
    world.trial.may_send()?;
    let asker = world.logins.get(identity, || fresh);
    match asker.ask(reads, &request).await? {
        Answer::Found(body) if !body.is_empty() => Ok(Made { data: data(spec, &body)?, state: None }),
        Answer::Found(_) | Answer::Missing if spec.allow_empty_response => Ok(Made::default()),
        Answer::Found(_) | Answer::Missing => {
            let text =
                format!("unable to get dynamic secret: empty response from Vault at path {:?}", spec.path);
            Err(Error::new(ErrorKind::InvalidValue, text))
        }
    }
}

/// The request, and whether it reads.
fn request(spec: &VaultDynamicSecretSpec) -> Result<(bool, Request), Error> {
    let path = &spec.path;
    match spec.method.as_deref().unwrap_or_default() {
        "" | "GET" => Ok((true, Request::new(Method::GET, path, query(&spec.get_parameters), Vec::new())?)),
        "LIST" => Ok((true, Request::new(Method::GET, path, Some("list=true".to_owned()), Vec::new())?)),
        "DELETE" => Ok((false, Request::new(Method::DELETE, path, None, Vec::new())?)),
        _ => Ok((false, Request::new(Method::PUT, path, None, body(spec.parameters.as_ref())?)?)),
    }
}

fn query(parameters: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let pairs = parameters.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    (!query.is_empty()).then_some(query)
}

fn body(parameters: Option<&Value>) -> Result<Vec<u8>, Error> {
    let empty = Value::Object(Map::new());
    match parameters.unwrap_or(&empty) {
        parameters @ Value::Object(_) => {
            serde_json::to_vec(parameters).map_err(|_| invalid("parameters cannot be written as JSON"))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(invalid("parameters is no object"))
        }
    }
}

/// The part that is asked for. Numbers of `data` stay as Vault wrote them; those of the rest are ESO's, which reads them as
/// floating-point numbers.
fn data(spec: &VaultDynamicSecretSpec, body: &SecretBytes) -> Result<BTreeMap<String, SecretBytes>, Error> {
    let odd = || {
        Error::new(
            ErrorKind::InvalidValue,
            format!("what vault answers at path {:?} cannot be read", spec.path),
        )
    };
    let text = body.expose_str().ok_or_else(odd)?;
    let result = spec.result_type.unwrap_or_default();
    let (json, numbers) = match result {
        VaultResult::Data => (part(text, "data").ok_or_else(odd)?, Numbers::Verbatim),
        VaultResult::Auth => (auth(text).ok_or_else(odd)?, Numbers::Float64),
        VaultResult::Raw => (raw(text).ok_or_else(odd)?, Numbers::Float64),
    };
    match json.expose_str() {
        Some("null") => Ok(BTreeMap::new()),
        Some(json) => property::any_map(json, numbers).ok_or_else(odd),
        None => Err(odd()),
    }
}

type Members<'a> = BTreeMap<String, &'a serde_json::value::RawValue>;

/// A part of the answer as it was written; null if it has none.
fn part(text: &str, name: &str) -> Option<SecretBytes> {
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    Some(members.get(name).map_or("null", |raw| raw.get()).into())
}

/// The token and what belongs to it: what ESO's client knows of, with Go's zero for what is not there.
fn auth(text: &str) -> Option<SecretBytes> {
    let part = part(text, "auth")?;
    let text = part.expose_str()?;
    if text == "null" {
        return Some(part);
    }
    let given: Members<'_> = serde_json::from_str(text).ok()?;
    let members = AUTH.iter().map(|(name, zero)| {
        let value = given.get(*name).map_or_else(|| zero.to_string(), |raw| raw.get().to_owned());
        format!("{name:?}:{value}")
    });
    Some(format!("{{{}}}", members.collect::<Vec<_>>().join(",")).into_bytes().into())
}

/// All of it but what is nothing and ESO's client leaves out then.
fn raw(text: &str) -> Option<SecretBytes> {
    let mut members: Members<'_> = serde_json::from_str(text).ok()?;
    members.retain(|name, value| match name.as_str() {
        "auth" | "wrap_info" => value.get() != "null",
        "mount_type" => !matches!(value.get(), "null" | r#""""#),
        _ => true,
    });
    serde_json::to_vec(&members).ok().map(SecretBytes::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(change: Value) -> VaultDynamicSecretSpec {
        let mut spec = json!({ "path": "database/creds/app", "provider": { "server": "https://vault" } });
        let change = change.as_object().cloned().unwrap_or_default();
        spec.as_object_mut().expect("an object").extend(change);
        serde_json::from_value(spec).expect("a specification")
    }

    fn sent(change: Value) -> (bool, String, String, String) {
        let (reads, request) = request(&spec(change)).expect("a request");
        let url = request.url(&"https://vault".parse().expect("a URL")).expect("a URL");
        let body = String::from_utf8_lossy(&request.body).into_owned();
        (reads, request.method.to_string(), url.to_string(), body)
    }

    #[test]
    fn the_method_is_esos_and_any_other_writes() {
        let at = "https://vault/v1/database/creds/app";
        let get = |query: &str| (true, "GET".to_owned(), format!("{at}{query}"), String::new());
        assert_eq!(sent(json!({})), get(""));
        assert_eq!(sent(json!({ "getParameters": { "ttl": ["1h", "2 h"] } })), get("?ttl=1h&ttl=2+h"));
        assert_eq!(sent(json!({ "method": "LIST" })), get("?list=true"));
        assert_eq!(sent(json!({ "method": "DELETE" })), (false, "DELETE".into(), at.into(), String::new()));
        let written = (false, "PUT".into(), at.into(), r#"{"common_name":"a"}"#.into());
        assert_eq!(sent(json!({ "method": "POST", "parameters": { "common_name": "a" } })), written);
        assert!(request(&spec(json!({ "method": "POST", "parameters": [1] }))).is_err());
        assert!(request(&spec(json!({ "path": "a/../sys" }))).is_err());
    }

    fn read(result: &str, answer: &Value) -> BTreeMap<String, String> {
        let spec = spec(json!({ "resultType": result }));
        let read = data(&spec, &answer.to_string().into_bytes().into()).expect("data");
        let text = |value: SecretBytes| value.expose_str().map(str::to_owned).expect("text");
        read.into_iter().map(|(key, value)| (key, text(value))).collect()
    }

    #[test]
    fn each_result_is_a_part_of_the_answer() {
        let answer = json!({
            "request_id": "r", "lease_id": "l", "lease_duration": 3600, "renewable": true, "warnings": null,
            "data": { "username": "u", "port": 5432, "tags": ["a"], "none": null }, "auth": null, "wrap_info": null,
            "mount_type": "database",
        });
        let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let data = [("none", ""), ("port", "5432"), ("tags", r#"["a"]"#), ("username", "u")];
        assert_eq!(read("Data", &answer), of(&data));
        assert_eq!(read("Auth", &answer), of(&[]));
        let raw = read("Raw", &answer);
        assert_eq!(
            raw.keys().collect::<Vec<_>>(),
            ["data", "lease_duration", "lease_id", "mount_type", "renewable", "request_id", "warnings"]
        );
        assert_eq!(raw["mount_type"], "database");
        for none in [json!({ "mount_type": "" }), json!({ "mount_type": null }), json!({ "auth": null })] {
            assert_eq!(read("Raw", &none), of(&[]), "{none}");
        }
        let token = json!({ "auth": {
            "client_token": "hvs.x", "accessor": "a", "policies": ["p"], "lease_duration": 60, "renewable": true,
            "token_type": "service",
        } });
        let auth = read("Auth", &token);
        assert_eq!(
            (auth.len(), auth["client_token"].as_str(), auth["lease_duration"].as_str()),
            (11, "hvs.x", "60")
        );
        assert_eq!(read("Data", &token), of(&[]));
    }
}
