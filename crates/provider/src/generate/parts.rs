//! What the kinds have in common: their credentials, the headers and addresses made of them, and which fields a refusal is
//! about.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use latchkey_api::provider::{SecretKeySelector, ServiceAccountSelector};
use serde::Deserialize;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::http::{Ask, Http};
use super::{World, invalid, unreadable};
use crate::{Error, ErrorKind, SecretBytes, credentials};

pub use crate::credentials::TOKEN_LIFE;

/// Which fields below `spec` an error is about, for its message.
#[derive(Debug, Clone, Copy)]
pub struct Fields {
    /// The address.
    pub address: &'static str,
    /// Whoever asks.
    pub credentials: &'static str,
    /// What the service does not know.
    pub unknown: &'static str,
    /// What else is asked for.
    pub request: &'static str,
}

impl Fields {
    /// An error of [`Http`], with the fields in front.
    pub fn blame(&self, error: Error) -> Error {
        match error.kind {
            ErrorKind::InvalidConfig | ErrorKind::EndpointRefused => at(self.address, error),
            ErrorKind::Unauthenticated | ErrorKind::Forbidden => at(self.credentials, error),
            ErrorKind::InvalidRequest if error.code.as_deref() == Some("HTTP 404") => at(self.unknown, error),
            ErrorKind::InvalidRequest => at(self.request, error),
            ErrorKind::NotFound
            | ErrorKind::PropertyNotFound
            | ErrorKind::Credentials
            | ErrorKind::Referent
            | ErrorKind::InvalidValue
            | ErrorKind::RateLimited
            | ErrorKind::Unavailable
            | ErrorKind::ClusterApi
            | ErrorKind::NotManaged
            | ErrorKind::Unsupported => error,
        }
    }
}

/// An error with the field below `spec` that it is about in front.
pub fn at(field: &str, error: Error) -> Error {
    Error { message: format!("{field}: {}", error.message), ..error }
}

/// What was given, unless it is nothing: an empty text means the default, as with ESO.
pub fn given(text: &Option<String>) -> Option<&str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// A token or password, see [`credentials::token`]; `field` is where the selector is.
///
/// # Errors
/// Those of [`credentials::token`].
pub async fn token(
    world: &World<'_>,
    field: &str,
    selector: &SecretKeySelector,
) -> Result<SecretBytes, Error> {
    let read = credentials::token(world.cluster.as_ref(), &world.scope, selector, None).await;
    read.map_err(|error| at(field, error))
}

/// A token of the ServiceAccount that `serviceAccountRef` names, for its audiences alone: ESO asks for no others.
///
/// # Errors
/// Those of [`crate::Cluster::service_account_token`].
pub async fn service_account_token(
    world: &World<'_>,
    selector: &ServiceAccountSelector,
) -> Result<SecretBytes, Error> {
    let ServiceAccountSelector { name, namespace, audiences } = selector;
    let in_field = |error| at("serviceAccountRef", error);
    let namespace = world.scope.credentials_namespace(namespace.as_deref()).map_err(in_field)?;
    if world.trial.is_on() {
        world.cluster.service_account(namespace, name).await.map_err(in_field)?;
        world.trial.may_send()?;
    }
    let made = world.cluster.service_account_token(namespace, name, audiences, TOKEN_LIFE).await;
    made.map_err(in_field)
}

/// A header with credentials from `field`.
///
/// # Errors
/// [`ErrorKind::Credentials`] if no header can hold them.
pub fn sensitive(field: &str, bytes: &[u8]) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_bytes(bytes).map_err(|_| {
        Error::new(ErrorKind::Credentials, format!("{field}: it holds characters that no header can hold"))
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// `Authorization: Bearer` with a token from `field`.
///
/// # Errors
/// Those of [`sensitive`].
pub fn bearer(field: &str, token: &SecretBytes) -> Result<HeaderValue, Error> {
    sensitive(field, &Zeroizing::new([b"Bearer ", token.expose()].concat()))
}

/// `Authorization: Basic`.
///
/// # Errors
/// None: base64 fits into any header.
pub fn basic(user: &str, password: &SecretBytes) -> Result<HeaderValue, Error> {
    let pair = pair(user, password);
    sensitive("", &Zeroizing::new([b"Basic ", pair.expose()].concat()))
}

/// User and password as registries and HTTP take them: base64 of both, with a colon in between.
pub fn pair(user: &str, password: &SecretBytes) -> SecretBytes {
    let plain = Zeroizing::new([user.as_bytes(), b":", password.expose()].concat());
    STANDARD.encode(plain.as_slice()).into()
}

/// The body of a request.
pub fn body(value: &Value) -> SecretBytes {
    value.to_string().into()
}

/// The address below another one.
pub fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

/// A text from `field` that is to be one segment of an address; what is special in it gets escaped.
///
/// # Errors
/// It would be another address.
pub fn segment<'a>(field: &str, text: &'a str) -> Result<&'a str, Error> {
    let fits = !matches!(text, "" | "." | "..") && !text.chars().any(char::is_control);
    fits.then_some(text)
        .ok_or_else(|| invalid(format!("{field} is empty, dots alone, or has control characters in it")))
}

/// Asks for something that answers with a `token`.
///
/// # Errors
/// Those of [`Http::json`], with the fields that they are about; there is no token in the answer.
pub async fn ask_token(http: &Http<'_>, ask: Ask<'_>, fields: Fields) -> Result<SecretBytes, Error> {
    #[derive(Deserialize)]
    struct Body {
        token: String,
    }
    let Body { token } = http.json(ask).await.map_err(|error| fields.blame(error))?;
    if token.is_empty() {
        return Err(unreadable(http.place()));
    }
    Ok(token.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_path_and_escape_what_is_below() {
        for (base, address) in [
            ("https://a.example", "https://a.example/x/b%2Fc%25%3F%23/y"),
            ("https://a.example/", "https://a.example/x/b%2Fc%25%3F%23/y"),
            ("https://a.example/api/v3", "https://a.example/api/v3/x/b%2Fc%25%3F%23/y"),
            ("https://a.example/api/v3/?q=1#f", "https://a.example/api/v3/x/b%2Fc%25%3F%23/y"),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(below(&base, &["x", "b/c%?#", "y"]).as_str(), address);
        }
    }

    #[test]
    fn no_segment_leads_elsewhere() {
        for text in ["", ".", "..", ".\t.", "a\nb", "\u{7f}"] {
            let error = segment("projectID", text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidConfig);
            assert!(error.message.starts_with("projectID "), "{error}");
        }
        for text in ["a", "7", "a/b", "a/../b", "%2e%2e", "..."] {
            assert_eq!(segment("projectID", text), Ok(text));
            let base = Url::parse("https://a.example/api").unwrap();
            let path = below(&base, &["v4", text, "end"]).path().to_owned();
            assert!(path.starts_with("/api/v4/") && path.ends_with("/end"), "{path}");
            assert_eq!(path.split('/').count(), 5, "{path}");
        }
    }

    #[test]
    fn headers_with_credentials_do_not_show_them() {
        let token = SecretBytes::from("c4n4ry");
        let header = bearer("auth", &token).unwrap();
        assert_eq!(header, "Bearer c4n4ry");
        assert!(!format!("{header:?}").contains("c4n4ry"));
        assert_eq!(basic("user", &token).unwrap(), "Basic dXNlcjpjNG40cnk=");
        let error = bearer("auth.token", &"c4n4ry\nx".into()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Credentials);
        assert!(error.message.starts_with("auth.token: ") && !error.message.contains("c4n4ry"), "{error}");
    }
}
