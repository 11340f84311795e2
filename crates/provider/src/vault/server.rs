//! The address of a store's Vault, and where it may send its callers.

use std::net::{IpAddr, Ipv6Addr};

use reqwest::redirect;
use url::{Host, Url};

use crate::{Error, ErrorKind};

/// Where EC2 answers about an instance over IPv6; over IPv4, as in other clouds, the address is link-local.
const METADATA: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The server's URL, with any path (a Vault behind a prefix) and without query and fragment.
///
/// # Errors
/// [`ErrorKind::InvalidConfig`] for anything else than such a URL, and for an address where no Vault can be meant.
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
    if is_link_local(&url) {
        return Err(invalid("a link-local address, where clouds keep their machines' credentials"));
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

/// Whether the host is written as a link-local address or that of a cloud's metadata. Names are not resolved.
fn is_link_local(url: &Url) -> bool {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).to_canonical(),
        Some(Host::Domain(_)) | None => return false,
    };
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local() || address == METADATA,
    }
}

/// A standby that does not forward sends its callers to the active node: one step, never from https to http, as Vault's
/// own client does; nor to where no Vault can be meant.
pub fn redirects() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let downgrade = attempt
            .previous()
            .last()
            .is_some_and(|url| url.scheme() == "https" && attempt.url().scheme() != "https");
        if attempt.previous().len() > 1 || downgrade || is_link_local(attempt.url()) {
            attempt.error("not followed")
        } else {
            attempt.follow()
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
            ("http://169.254.169.254", "link-local"),
            ("http://0xa9fea9fe/", "link-local"),
            ("http://[::ffff:169.254.169.254]", "link-local"),
            ("http://[fe80::1]:8200", "link-local"),
            ("http://[fd00:ec2::254]", "link-local"),
        ] {
            let error = url(text).expect_err(text);
            assert_eq!(error.kind, ErrorKind::InvalidConfig);
            assert!(error.message.contains(says) && !error.message.contains("user:"), "{error}");
        }
    }
}
