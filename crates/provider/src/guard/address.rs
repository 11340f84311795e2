//! Addresses that no store can mean.

use std::fmt;
use std::iter::once;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// `169.254.0.0/16`, `fe80::/10`.
    LinkLocal,
    /// Where a cloud answers about its machines, outside of the link-local addresses.
    Metadata,
    /// `0.0.0.0/8`, `::`: on most systems another name of this very machine.
    Unspecified,
    /// Many machines at once.
    Multicast,
    /// Where latchkey itself listens.
    Own,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LinkLocal => "a link-local address, where clouds keep their machines' credentials",
            Self::Metadata => "an address of a cloud's metadata, which holds its machines' credentials",
            Self::Unspecified => "no address of a server",
            Self::Multicast => "an address of many machines at once",
            Self::Own => "an address of latchkey's own",
        })
    }
}

/// Alibaba, Azure, Oracle (its older cloud).
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(168, 63, 129, 16), Ipv4Addr::new(192, 0, 0, 192)];

/// Google, Scaleway, Oracle. AWS has a whole network: the instance's metadata, the Pod's identity, and more.
const METADATA_V6: [Ipv6Addr; 3] = [
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

/// Names of metadata services and the address that they stand for. A proxy would resolve them, not we.
const METADATA_NAMES: [&str; 5] = [
    "metadata.google.internal",
    "metadata.goog",
    "instance-data.ec2.internal",
    "metadata.tencentyun.com",
    "api.metadata.cloud.ibm.com",
];

/// The address that a name of a metadata service stands for.
pub fn of_metadata(name: &str) -> Option<IpAddr> {
    METADATA_NAMES.contains(&name).then_some(IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)))
}

/// The address, and the one that it may turn into on its way: IPv4 inside of IPv6 (mapped, compatible, NAT64, 6to4).
pub fn faces(ip: IpAddr) -> impl Iterator<Item = IpAddr> {
    let canonical = ip.to_canonical();
    let inside = match canonical {
        IpAddr::V4(_) => None,
        IpAddr::V6(ip) => inside(ip).map(IpAddr::V4),
    };
    once(canonical).chain(inside)
}

fn inside(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None, // no IPv4 address, but `::` and the loopback
        [0, 0, 0, 0, 0, 0, high, low] => of(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => of(high, low),
        [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

/// Why an address is not called, whoever listens there.
pub fn why(ip: IpAddr) -> Option<Why> {
    match ip {
        IpAddr::V4(ip) if ip.is_link_local() => Some(Why::LinkLocal),
        IpAddr::V4(ip) if METADATA_V4.contains(&ip) => Some(Why::Metadata),
        IpAddr::V4(ip) if ip.octets()[0] == 0 => Some(Why::Unspecified),
        IpAddr::V4(ip) if ip.is_multicast() || ip.is_broadcast() => Some(Why::Multicast),
        IpAddr::V6(ip) if ip.is_unicast_link_local() => Some(Why::LinkLocal),
        IpAddr::V6(ip) if is_aws(ip) || METADATA_V6.contains(&ip) => Some(Why::Metadata),
        IpAddr::V6(ip) if ip.is_unspecified() => Some(Why::Unspecified),
        IpAddr::V6(ip) if ip.is_multicast() => Some(Why::Multicast),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}

fn is_aws(ip: Ipv6Addr) -> bool {
    matches!(ip.segments(), [0xfd00, 0xec2, ..])
}
