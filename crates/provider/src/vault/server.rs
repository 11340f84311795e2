//! The address of a store's Vault, and where it may send its callers.

use reqwest::redirect;
use url::Url;

use crate::guard::{Guard, Ports};
use crate::{Error, ErrorKind};

/// The server's URL, with any path (a Vault behind a prefix) and without query and fragment.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] for anything else than such a URL.
pub fn url(text: &str) -> Result<Url, Error> {
    let invalid = |why: &str| {
        Error::new(
            ErrorKind::InvalidConfig,
            format!("the vault store's server is {why}; it needs https://host:port"),
        )
    };
    let mut url = Url::parse(text.trim()).map_err(|_| invalid("not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(invalid("not an http or https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("a URL with credentials in it"));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// As it is shown.
pub fn shown(server: &Url) -> &str {
    server.as_str().trim_end_matches('/')
}

/// A standby that does not forward sends its callers to the active node: one step, never from https to http, as Vault's
/// own client does; nor to where a store may not have latchkey call.
pub fn redirects(guard: Guard, ports: Ports) -> redirect::Policy {
    redirect::Policy::custom(move |attempt| {
        let downgrade = attempt
            .previous()
            .last()
            .is_some_and(|url| url.scheme() == "https" && attempt.url().scheme() != "https");
        let port = attempt.url().port_or_known_default().unwrap_or_default();
        match guard.check_url(attempt.url()) {
            Err(refused) => attempt.error(refused),
            Ok(()) if attempt.previous().len() > 1 || downgrade || !ports.add(port) => {
                attempt.error("not followed")
            }
            Ok(()) => attempt.follow(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_a_vault_may_be_at() {
        for (text, want) in [
            (" https://vault:8200 ", "https://vault:8200/"),
            ("http://10.0.0.1:8200/prefix?a#b", "http://10.0.0.1:8200/prefix"),
            ("https://[fd00::1]", "https://[fd00::1]/"),
        ] {
            assert_eq!(url(text).map(String::from).as_deref(), Ok(want));
        }
    }

    #[test]
    fn refuses_the_rest_and_says_why() {
        for (text, says) in [
            ("vault", "not a URL"),
            ("ftp://vault", "not an http"),
            ("https://user:pass@vault", "credentials in it"),
        ] {
            let error = url(text).expect_err(text);
            assert_eq!(error.kind, ErrorKind::InvalidConfig);
            assert!(error.message.contains(says) && !error.message.contains("user:"), "{error}");
        }
    }
}
