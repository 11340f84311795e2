//! Where latchkey itself listens.

use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Latchkey's own addresses: its listeners, and the Service in front of them.
#[derive(Debug, Clone, Default)]
pub struct Own {
    listeners: Vec<SocketAddr>,
    service: Option<IpAddr>,
    /// `latchkey.latchkey-system`
    name: Option<String>,
}

impl Own {
    /// What listens there.
    pub fn new(listeners: Vec<SocketAddr>) -> Self {
        Self { listeners, ..Self::default() }
    }

    /// The same behind this Service; its address where it is known.
    #[must_use]
    pub fn behind(self, service: &str, namespace: &str, ip: Option<IpAddr>) -> Self {
        Self { service: ip, name: Some(format!("{service}.{namespace}")), ..self }
    }

    /// The Service's address.
    pub fn service(&self) -> Option<IpAddr> {
        self.service
    }

    /// Whether latchkey answers at this address, which is in canonical form.
    pub fn is(&self, ip: IpAddr, port: u16) -> bool {
        self.service == Some(ip) || self.listeners.iter().any(|own| own.port() == port && is_at(own.ip(), ip))
    }

    /// Whether this is a name of the Service: `latchkey.latchkey-system.svc.cluster.local` and shorter.
    pub fn is_named(&self, name: &str) -> bool {
        let rest = self.name.as_deref().and_then(|own| name.strip_prefix(own));
        rest.is_some_and(|rest| rest.is_empty() || rest == ".svc" || rest.starts_with(".svc."))
    }
}

/// Who listens at no address in particular listens at all of this machine's.
fn is_at(listener: IpAddr, ip: IpAddr) -> bool {
    listener.to_canonical() == ip || (listener.is_unspecified() && is_local(ip))
}

/// A socket can be bound to this machine's own addresses only.
fn is_local(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}
