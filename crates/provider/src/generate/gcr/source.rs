//! The configuration of an external account (<https://google.aip.dev/auth/4117>), as far as it may have latchkey do something:
//! a token is fetched from an address that the generator names too. Files of latchkey's and programs are nobody's.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use latchkey_api::generator::GcrFederationConfig;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::google::{LIFE, Target};
use crate::generate::http::{Ask, address};
use crate::generate::oauth::Service;
use crate::generate::parts::{given, sensitive};
use crate::generate::{World, invalid};
use crate::{Error, ErrorKind, SecretBytes};

/// Where tokens are exchanged; a configuration may say so, and nothing else.
const TOKEN_URL: &str = "https://sts.googleapis.com/v1/token";

/// Where a service account is impersonated, around its name.
const IMPERSONATION: (&str, &str) =
    ("https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/", ":generateAccessToken");

/// The configuration.
#[derive(Deserialize)]
pub struct External {
    #[serde(rename = "type")]
    kind: String,
    /// The pool and provider of identities.
    pub audience: Option<String>,
    /// The type of the token that is exchanged.
    pub subject_token_type: Option<String>,
    token_url: Option<String>,
    client_id: Option<String>,
    service_account_impersonation_url: Option<String>,
    #[serde(default)]
    service_account_impersonation: Lifetime,
    credential_source: Option<CredentialSource>,
}

#[derive(Default, Deserialize)]
struct Lifetime {
    token_lifetime_seconds: Option<u64>,
}

#[derive(Deserialize)]
struct CredentialSource {
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    format: Format,
    file: Option<Value>,
    executable: Option<Value>,
    certificate: Option<Value>,
    environment_id: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Format {
    #[serde(rename = "type")]
    kind: Option<String>,
    subject_token_field_name: Option<String>,
}

/// Where the token is fetched.
pub struct Source<'a> {
    url: Url,
    headers: &'a BTreeMap<String, String>,
    /// The field of a JSON object that has it; none is the whole answer.
    key: Option<&'a str>,
}

impl External {
    /// Reads the ConfigMap and checks what can be checked at once.
    ///
    /// # Errors
    /// It is not there, is no such configuration, or asks for another service than Google's.
    pub async fn read(reference: &GcrFederationConfig, world: &World<'_>) -> Result<Self, Error> {
        let GcrFederationConfig { name, key, namespace } = reference;
        let namespace = world.scope.credentials_namespace(namespace.as_deref())?;
        let data = world.cluster.config_map(namespace, name).await?;
        let json = data.get(key).ok_or_else(|| {
            Error::new(ErrorKind::Credentials, format!("config map {name:?} has no key {key:?}"))
        })?;
        let external: Self =
            serde_json::from_str(json).map_err(|_| unfit("is not the JSON of an external account"))?;
        external.check().map(|()| external)
    }

    fn check(&self) -> Result<(), Error> {
        if self.kind != "external_account" {
            return Err(unfit("is of another \"type\" than \"external_account\""));
        }
        if given(&self.token_url).is_some_and(|url| url != TOKEN_URL) {
            return Err(unfit(&format!("has another \"token_url\" than {TOKEN_URL}")));
        }
        if given(&self.client_id).is_some() {
            return Err(unfit("has a \"client_id\", which is not supported by this version"));
        }
        Ok(())
    }

    /// The service account that it names.
    ///
    /// # Errors
    /// The address is not that of Google's service.
    pub fn target(&self) -> Result<Option<Target>, Error> {
        let Some(url) = given(&self.service_account_impersonation_url) else { return Ok(None) };
        let email = url.strip_prefix(IMPERSONATION.0).and_then(|rest| rest.strip_suffix(IMPERSONATION.1));
        let other = || unfit("has a \"service_account_impersonation_url\" that is not Google's");
        let target = Target::new("", email.ok_or_else(other)?).map_err(|_| other())?;
        let life = self.service_account_impersonation.token_lifetime_seconds.unwrap_or(LIFE);
        Ok(Some(Target { life, ..target }))
    }

    /// Where it has its token fetched: an address that `endpoint` of the generator repeats, as with ESO.
    ///
    /// # Errors
    /// It is none, another one, or not an address.
    pub fn source(&self, endpoint: Option<&str>) -> Result<Source<'_>, Error> {
        let source = self.credential_source.as_ref().ok_or_else(|| unfit("has no \"credential_source\""))?;
        if let Some(other) = source.other() {
            let why =
                format!("has a \"credential_source\" with {other:?}, which is not supported; \"url\" is");
            return Err(unfit(&why));
        }
        let url = given(&source.url).ok_or_else(|| unfit("has no \"url\" in its \"credential_source\""))?;
        if endpoint != Some(url) {
            return Err(unfit("has another \"url\" in its \"credential_source\" than externalTokenEndpoint"));
        }
        let key = source.format.key()?;
        Ok(Source { url: address("its \"url\"", url)?, headers: &source.headers, key })
    }
}

impl CredentialSource {
    fn other(&self) -> Option<&'static str> {
        let Self { url: _, headers: _, format: _, file, executable, certificate, environment_id } = self;
        let others = [
            ("file", file),
            ("executable", executable),
            ("certificate", certificate),
            ("environment_id", environment_id),
        ];
        others.into_iter().find_map(|(name, value)| value.as_ref().map(|_| name))
    }
}

impl Format {
    fn key(&self) -> Result<Option<&str>, Error> {
        match (self.kind.as_deref().unwrap_or("text"), given(&self.subject_token_field_name)) {
            ("text", _) => Ok(None),
            ("json", Some(key)) => Ok(Some(key)),
            ("json", None) => Err(unfit("has no \"subject_token_field_name\" for the format \"json\"")),
            _ => Err(unfit("has a format other than \"text\" and \"json\"")),
        }
    }
}

impl Source<'_> {
    /// Fetches it.
    ///
    /// # Errors
    /// The server does not answer, refuses, or answers in another form.
    pub async fn token(&self, world: &World<'_>, field: &str) -> Result<SecretBytes, Error> {
        let service = Service::new(world, ("the source of tokens", "ExternalAccount"), field, &self.url)?;
        let ask = Ask {
            call: "GetSubjectToken",
            doing: "cannot get the token to exchange",
            method: Method::GET,
            url: self.url.clone(),
            headers: headers(self.headers, field)?,
            body: SecretBytes::default(),
        };
        let answer = service.text(ask).await?;
        self.of(&answer).filter(|token| !token.is_empty()).map(Into::into).ok_or_else(|| service.unreadable())
    }

    fn of(&self, answer: &SecretBytes) -> Option<String> {
        let Some(key) = self.key else { return answer.expose_str().map(|text| text.trim().to_owned()) };
        let mut object: BTreeMap<String, Value> = serde_json::from_slice(answer.expose()).ok()?;
        match object.remove(key)? {
            Value::String(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

fn headers(texts: &BTreeMap<String, String>, field: &str) -> Result<HeaderMap, Error> {
    let header = |(name, value): (&String, &String)| {
        let name =
            HeaderName::try_from(name).map_err(|_| invalid(format!("{field}: a header has no name")))?;
        let value: HeaderValue = sensitive(field, value.as_bytes())?;
        Ok((name, value))
    };
    texts.iter().map(header).collect()
}

fn unfit(why: &str) -> Error {
    Error::new(ErrorKind::Credentials, format!("the configuration {why}"))
}
