//! What the operator allows all the same: `10.0.0.0/8`, `169.254.10.1:8200`, `[fe80::/10]:443`.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A network of addresses, at one port or at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowed {
    network: IpAddr,
    /// How many of the network's first bits count.
    prefix: u8,
    port: Option<u16>,
}

/// What cannot be read as [`Allowed`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network, and perhaps a port: 10.1.2.3, 10.0.0.0/8:8200, [fd00::/8]:8200")]
pub struct InvalidAllowed;

impl Allowed {
    /// Whether this address at this port is allowed.
    pub fn covers(&self, ip: IpAddr, port: u16) -> bool {
        let Self { network, prefix, port: only } = self;
        let same = match (network, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                (network.to_bits() ^ ip.to_bits()).leading_zeros() >= u32::from(*prefix)
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                (network.to_bits() ^ ip.to_bits()).leading_zeros() >= u32::from(*prefix)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        };
        same && only.is_none_or(|only| only == port)
    }
}

impl FromStr for Allowed {
    type Err = InvalidAllowed;

    fn from_str(text: &str) -> Result<Self, InvalidAllowed> {
        let text = text.trim();
        let (network, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (network, after) = rest.split_once(']').ok_or(InvalidAllowed)?;
                (network, after.strip_prefix(':').or((!after.is_empty()).then_some("none")))
            }
            None if text.matches(':').count() == 1 => {
                text.split_once(':').map(|(a, b)| (a, Some(b))).ok_or(InvalidAllowed)?
            }
            None => (text, None),
        };
        let port = port.map(|port| port.parse().map_err(|_| InvalidAllowed)).transpose()?;
        let (address, prefix) = match network.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix.parse().map_err(|_| InvalidAllowed)?)),
            None => (network, None),
        };
        let network: IpAddr = address.parse().map_err(|_| InvalidAllowed)?;
        let most = if network.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(most);
        if prefix > most {
            return Err(InvalidAllowed);
        }
        Ok(Self { network, prefix, port })
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { network, prefix, port } = self;
        match (port, network) {
            (None, _) => write!(f, "{network}/{prefix}"),
            (Some(port), IpAddr::V4(_)) => write!(f, "{network}/{prefix}:{port}"),
            (Some(port), IpAddr::V6(_)) => write!(f, "[{network}/{prefix}]:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(rule: &str, ip: &str, port: u16) -> bool {
        rule.parse::<Allowed>().expect(rule).covers(ip.parse().expect(ip), port)
    }

    #[test]
    fn covers_a_network_at_its_port() {
        assert!(covers("169.254.0.0/16", "169.254.10.1", 80));
        assert!(covers(" 169.254.10.1:8200", "169.254.10.1", 8200));
        assert!(covers("[fe80::/10]:8200", "fe80::1", 8200));
        assert!(
            covers("fe80::1", "fe80::1", 1) && covers("[::1]", "::1", 1) && covers("0.0.0.0/0", "1.2.3.4", 1)
        );
        for (rule, ip, port) in [
            ("169.254.0.0/16", "169.253.10.1", 80),
            ("169.254.10.1:8200", "169.254.10.1", 80),
            ("169.254.10.1", "169.254.10.2", 80),
            ("[fe80::/10]:8200", "fe80::1", 80),
            ("0.0.0.0/0", "fe80::1", 80),
        ] {
            assert!(!covers(rule, ip, port), "{rule} {ip}:{port}");
        }
    }

    #[test]
    fn is_shown_as_it_is_read() {
        for rule in ["10.0.0.0/8", "10.0.0.1/32:80", "fd00::/8", "[fd00::/8]:8200"] {
            assert_eq!(rule.parse::<Allowed>().map(|rule| rule.to_string()).as_deref(), Ok(rule));
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in [
            "",
            "vault",
            "10.0.0.0/33",
            "10.0.0.1:",
            "10.0.0.1:x",
            "[::1",
            "[::1]x",
            "::1/129",
            "10.0.0.1:70000",
        ] {
            assert_eq!(text.parse::<Allowed>(), Err(InvalidAllowed), "{text}");
        }
    }
}
