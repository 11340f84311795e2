//! The guard as the HTTP clients take it: in the place of their resolver of names.
//!
//! They resolve what is no address. An address in a URL is checked where the URL is read.

#[cfg(feature = "vault")]
use std::collections::BTreeSet;
#[cfg(feature = "vault")]
use std::net::SocketAddr;
#[cfg(feature = "vault")]
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(feature = "aws")]
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
#[cfg(feature = "vault")]
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::Guard;

/// To how many ports one client may be sent.
#[cfg(feature = "vault")]
const MOST: usize = 16;

/// The ports that a client may connect to: the resolver is not told which.
#[cfg(feature = "vault")]
#[derive(Debug, Clone, Default)]
pub struct Ports(Arc<Mutex<BTreeSet<u16>>>);

#[cfg(feature = "vault")]
impl Ports {
    /// The one port that the client begins with.
    pub fn new(first: u16) -> Self {
        Self(Arc::new(Mutex::new(BTreeSet::from([first]))))
    }

    /// One more, unless there are too many.
    pub fn add(&self, port: u16) -> bool {
        let mut ports = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ports.contains(&port) || (ports.len() < MOST && ports.insert(port))
    }

    fn all(&self) -> BTreeSet<u16> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Names for reqwest. A name is resolved if its addresses may be connected to at every port of the client.
#[cfg(feature = "vault")]
#[derive(Debug, Clone)]
pub struct Resolver {
    /// The rules.
    pub guard: Guard,
    /// The client's ports.
    pub ports: Ports,
}

#[cfg(feature = "vault")]
impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { guard, ports } = self.clone();
        Box::pin(async move {
            let mut found: Vec<SocketAddr> = Vec::new();
            for port in ports.all() {
                found = guard.resolve(name.as_str(), port).await?;
            }
            found.iter_mut().for_each(|at| at.set_port(0)); // the URL's
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Names for AWS's SDK, which it makes of a store's region.
#[cfg(feature = "aws")]
#[derive(Debug, Clone)]
pub struct Names(pub Guard);

#[cfg(feature = "aws")]
impl ResolveDns for Names {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = self.0.resolve(name, 443).await.map_err(ResolveDnsError::new)?;
            Ok(found.into_iter().map(|at| at.ip()).collect())
        })
    }
}
