//! Tokens of robot accounts of Quay, in exchange for those of a ServiceAccount that is federated with it.

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use latchkey_api::generator::QuaySpec;
use url::Url;

use super::http::{Ask, Http, TIMEOUT, address};
use super::parts::{Fields, ask_token, basic, below, given, pair, service_account_token};
use super::{Made, World, jwt, unreadable};
use crate::tls::Tls;
use crate::{Error, SecretBytes};

const HOST: &str = "quay.io";

const FIELDS: Fields = Fields {
    address: "url",
    credentials: "robotAccount, serviceAccountRef",
    unknown: "url",
    request: "robotAccount, serviceAccountRef",
};

/// Makes one.
///
/// # Errors
/// See [`Connector::generate`](crate::Connector::generate).
pub async fn make(spec: &QuaySpec, world: &World<'_>) -> Result<Made, Error> {
    let QuaySpec { url, robot_account, service_account_ref } = spec;
    let (registry, server) = registry(given(url).unwrap_or(HOST))?;
    let http = Http::new(world, ("Quay", "Quay"), &server, &Tls::default(), TIMEOUT)
        .map_err(|error| FIELDS.blame(error))?;
    let login = service_account_token(world, service_account_ref).await?;
    let ask = Ask {
        call: "ExchangeRobotToken",
        doing: "cannot exchange the ServiceAccount's token",
        method: Method::GET,
        url: below(&server, &["oauth2", "federation", "robot", "token"]),
        headers: HeaderMap::from_iter([(AUTHORIZATION, basic(robot_account, &login)?)]),
        body: SecretBytes::default(),
    };
    let token = ask_token(&http, ask, FIELDS).await?;
    let expiry = jwt::expiry(&token).ok_or_else(|| unreadable(http.place()))?;
    let auth = pair(robot_account, &token);
    Ok(Made::of([
        ("registry", SecretBytes::from(registry)),
        ("auth", auth),
        ("expiry", SecretBytes::from(expiry)),
    ]))
}

/// The registry's name, and its address: with TLS, unless the name comes with `http://`.
fn registry(text: &str) -> Result<(&str, Url), Error> {
    let (scheme, name) = match text.split_once("://") {
        Some((scheme, name)) => (scheme, name),
        None => ("https", text),
    };
    let name = name.trim_end_matches('/');
    Ok((name, address(FIELDS.address, &format!("{scheme}://{name}"))?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn a_registry_is_a_host_with_or_without_a_scheme() {
        for (text, name, url) in [
            ("quay.io", "quay.io", "https://quay.io/"),
            ("https://quay.io/", "quay.io", "https://quay.io/"),
            ("quay.example:8443", "quay.example:8443", "https://quay.example:8443/"),
            ("http://quay.example:8080", "quay.example:8080", "http://quay.example:8080/"),
            ("quay.example/sub", "quay.example/sub", "https://quay.example/sub"),
        ] {
            let (found, address) = registry(text).unwrap();
            assert_eq!((found, address.as_str()), (name, url));
        }
        for text in ["ftp://quay.io", "https://", "quay io", "/"] {
            let error = registry(text).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidConfig, "{text}");
            assert!(error.message.starts_with("url is no address"), "{error}");
        }
    }
}
