//! Tokens by OAuth 2.0 (RFC 6749), as the clouds give them.

use std::time::{SystemTime, UNIX_EPOCH};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::http::{Answer, Ask, Http, TIMEOUT};
use super::parts::at;
use super::{World, unreadable};
use crate::tls::Tls;
use crate::{Error, ErrorKind, SecretBytes};

/// The `error` of a refusal that is about whoever asks. Words of the standard: nothing of what was sent is in them.
const UNACCEPTED: [&str; 3] = ["invalid_client", "invalid_grant", "unauthorized_client"];

/// Those that are about what is asked, with those of RFC 8693.
const UNFIT: [&str; 4] = ["invalid_request", "invalid_scope", "invalid_target", "unsupported_grant_type"];

/// A server that gives tokens.
pub struct Service<'a> {
    http: Http<'a>,
    world: &'a World<'a>,
    /// The field below `spec` that its refusals are about.
    field: &'a str,
}

/// A token, and for how many seconds from now it is good.
#[derive(Deserialize)]
pub struct Token {
    /// The token itself.
    #[serde(deserialize_with = "filled")]
    pub access_token: SecretBytes,
    /// Seconds; Google says so.
    #[serde(default)]
    pub expires_in: Option<Value>,
}

impl<'a> Service<'a> {
    /// The server of this address, see [`Http::new`].
    ///
    /// # Errors
    /// Those of [`Http::new`], with the field.
    pub fn new(
        world: &'a World<'a>,
        names: (&str, &'static str),
        field: &'a str,
        server: &Url,
    ) -> Result<Self, Error> {
        let http = Http::new(world, names, server, &Tls::default(), TIMEOUT);
        http.map(|http| Self { http, world, field }).map_err(|error| at(field, error))
    }

    /// Asks with a form.
    ///
    /// # Errors
    /// Those of [`Service::ask`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        (call, doing): (&'static str, &str),
        url: Url,
        form: &[(&str, &str)],
    ) -> Result<T, Error> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, kind)]);
        self.ask(Ask { call, doing, method: Method::POST, url, headers, body: body.into() }).await
    }

    /// Asks for something that is answered in JSON.
    ///
    /// # Errors
    /// Those of [`Http::send`] and of a refusal, with the field; the answer is not of that form.
    pub async fn ask<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<T, Error> {
        let answer = self.text(ask).await?;
        serde_json::from_slice(answer.expose()).map_err(|_| unreadable(self.http.place()))
    }

    /// Asks for something that is answered in any form.
    ///
    /// # Errors
    /// Those of [`Http::send`] and of a refusal, with the field.
    pub async fn text(&self, ask: Ask<'_>) -> Result<SecretBytes, Error> {
        let doing = ask.doing.to_owned();
        let answer = self.http.send(ask).await.map_err(|error| self.blame(error))?;
        match answer.status.is_success() {
            true => Ok(answer.body),
            false => Err(self.blame(self.refused(&doing, &answer))),
        }
    }

    /// An answer of which this is not to be had.
    pub fn unreadable(&self) -> Error {
        unreadable(self.http.place())
    }

    /// What passes by itself is about no field.
    fn blame(&self, error: Error) -> Error {
        if error.kind.is_transient() { error } else { at(self.field, error) }
    }

    fn refused(&self, doing: &str, answer: &Answer) -> Error {
        let error = self.http.refused(doing, answer);
        let Some(word) = word(answer) else { return error };
        let code = format!("HTTP {} {word}", answer.status.as_u16());
        if !UNACCEPTED.contains(&word) {
            return error.with_code(code);
        }
        if let (400, Some(namespace)) = (answer.status.as_u16(), self.world.scope.namespace.as_deref()) {
            self.world.cluster.forget(namespace); // for 401 it is done already
        }
        let message = format!("{doing}: {} does not accept the credentials", self.http.place());
        Error::new(ErrorKind::Unauthenticated, message).with_code(code)
    }
}

/// Why it is refused, in a word of the standard.
fn word(answer: &Answer) -> Option<&'static str> {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
    }
    if !matches!(answer.status.as_u16(), 400 | 401) {
        return None;
    }
    let Refusal { error } = serde_json::from_slice(answer.body.expose()).ok()?;
    UNACCEPTED.into_iter().chain(UNFIT).find(|word| *word == error)
}

/// Reads a token: a text that is not empty.
///
/// # Errors
/// It is none.
pub fn filled<'de, D: Deserializer<'de>>(from: D) -> Result<SecretBytes, D::Error> {
    let text = String::deserialize(from)?;
    if text.is_empty() { Err(D::Error::custom("empty")) } else { Ok(text.into()) }
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
