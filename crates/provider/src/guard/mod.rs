//! Which addresses a store may have latchkey call.
//!
//! Whoever may write a store chooses where latchkey sends requests from inside the cluster. Addresses that answer to
//! whoever asks from there (those of the cloud's metadata, link-local ones) and latchkey's own are therefore called for
//! no store, unless the operator allows it. What counts is the very address that is connected to, after the name has
//! been resolved; what a URL shows without that is refused sooner.

mod address;
mod allowed;
#[cfg(feature = "kubernetes")]
mod dial;
mod own;
#[cfg(any(feature = "aws", feature = "vault"))]
mod resolve;

use std::error::Error as StdError;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::{fmt, io};

use url::{Host, Url};

use crate::{Error, ErrorKind};

pub use self::address::Why;
pub use self::allowed::{Allowed, InvalidAllowed};
#[cfg(feature = "kubernetes")]
pub use self::dial::Dialer;
pub use self::own::Own;
#[cfg(feature = "aws")]
pub use self::resolve::Names;
#[cfg(feature = "vault")]
pub use self::resolve::{Ports, Resolver};

/// The rules. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Guard(Arc<Rules>);

#[derive(Debug, Default)]
struct Rules {
    allowed: Vec<Allowed>,
    own: Own,
}

/// An address that is not called, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is {why}; latchkey calls it for a store only with --allow-endpoints={rule}")]
pub struct Refused {
    host: String,
    why: Why,
    rule: String,
}

impl Refused {
    fn new(at: SocketAddr, why: Why) -> Self {
        let ip = at.ip();
        let (host, rule) = match at.port() {
            0 => (ip.to_string(), ip.to_string()),
            port => (ip.to_string(), SocketAddr::new(ip, port).to_string()),
        };
        let host = if why == Why::Own { rule.clone() } else { host };
        Self { host, why, rule }
    }

    fn named(self, name: &str) -> Self {
        if name == self.host { self } else { Self { host: format!("{name} ({})", self.host), ..self } }
    }

    /// Whether it is this host that is refused, by the name that a URL gives it.
    pub fn is_of(&self, host: &str) -> bool {
        self.host.strip_prefix(host).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
    }

    /// The refusal among an error's causes, if there is one.
    pub fn among<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<Self>() {
                return Some(refused);
            }
            // An I/O error that wraps another one has that one inside, not as its source.
            let inside = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            cause = match inside {
                Some(inside) => Some(inside),
                None => error.source(),
            };
        }
        None
    }

    /// As the error of a store; `place` is what was to be reached, such as `vault at http://vault:8200`.
    pub fn error(&self, place: &str) -> Error {
        Error::new(ErrorKind::EndpointRefused, format!("{place} is not called: {self}"))
    }
}

impl Guard {
    /// The rules of an installation that allows these and listens there.
    pub fn new(allowed: Vec<Allowed>, own: Own) -> Self {
        Self(Arc::new(Rules { allowed, own }))
    }

    /// Whether this may be connected to.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self, at: SocketAddr) -> Result<(), Refused> {
        let forbidden = address::faces(at.ip()).find_map(|ip| Some((ip, self.why(ip, at.port())?)));
        match forbidden {
            Some((ip, why)) if !self.allows(ip, at.port()) => {
                Err(Refused::new(SocketAddr::new(ip, at.port()), why))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn why(&self, ip: IpAddr, port: u16) -> Option<Why> {
        address::why(ip).or_else(|| self.0.own.is(ip, port).then_some(Why::Own))
    }

    fn allows(&self, ip: IpAddr, port: u16) -> bool {
        self.0.allowed.iter().any(|rule| rule.covers(ip, port))
    }

    /// What can be told of a name without resolving it: it is that of a cloud's metadata, or latchkey's own Service.
    ///
    /// # Errors
    /// It stands for what may not be connected to.
    pub fn check_name(&self, name: &str, port: u16) -> Result<(), Refused> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let metadata = address::of_metadata(&name);
        metadata.map_or(Ok(()), |ip| self.check(SocketAddr::new(ip, port)).map_err(|it| it.named(&name)))?;
        match self.0.own.service().filter(|_| self.0.own.is_named(&name)) {
            Some(ip) => self.check(SocketAddr::new(ip, port)).map_err(|refused| refused.named(&name)),
            None => Ok(()),
        }
    }

    /// What a URL shows without its host being resolved. Addresses may be written as anything that URLs allow.
    ///
    /// # Errors
    /// It leads to what may not be connected to.
    pub fn check_url(&self, url: &Url) -> Result<(), Refused> {
        let port = url.port_or_known_default().unwrap_or_default();
        match url.host() {
            Some(Host::Ipv4(ip)) => self.check((ip, port).into()),
            Some(Host::Ipv6(ip)) => self.check((ip, port).into()),
            Some(Host::Domain(name)) => self.check_name(name, port),
            None => Ok(()),
        }
    }

    /// The addresses of a host, all of which may be connected to.
    ///
    /// # Errors
    /// It has none; or one may not be connected to, and then the cause is a [`Refused`].
    pub async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        self.check_name(host, port).map_err(io::Error::other)?;
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
        for at in &found {
            self.check(*at).map_err(|refused| io::Error::other(refused.named(host)))?;
        }
        Ok(found)
    }
}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<String> = self.0.allowed.iter().map(ToString::to_string).collect();
        f.write_str(&rules.join(","))
    }
}

#[cfg(test)]
mod tests;
