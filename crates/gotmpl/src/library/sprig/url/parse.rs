//! Reads URLs as Go's `url.Parse` does.

use std::net::Ipv6Addr;

use super::escape::{Part, unescape};

/// A URL in parts, none of which is escaped any more but the query.
#[derive(Default)]
pub(super) struct Url {
    pub(super) scheme: Vec<u8>,
    pub(super) opaque: Vec<u8>,
    pub(super) user: Option<User>,
    pub(super) host: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) query: Vec<u8>,
    pub(super) fragment: Vec<u8>,
}

/// Who the URL is for.
pub(super) struct User {
    pub(super) name: Vec<u8>,
    pub(super) password: Option<Vec<u8>>,
}

/// The text before and behind the first of these bytes.
fn cut(bytes: &[u8], byte: u8) -> (&[u8], Option<&[u8]>) {
    let position = bytes.iter().position(|found| *found == byte);
    let parts = position.and_then(|at| Some((bytes.get(..at)?, bytes.get(at + 1..)?)));
    parts.map_or((bytes, None), |(before, after)| (before, Some(after)))
}

impl Url {
    /// The URL that the text is.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (rest, fragment) = cut(bytes, b'#');
        let fragment = unescape(fragment.unwrap_or_default(), Part::Fragment)?;
        if rest.iter().any(|byte| byte.is_ascii_control()) {
            return None;
        }
        if rest == b"*" {
            return Some(Self { path: rest.to_vec(), fragment, ..Self::default() });
        }
        let (scheme, rest) = scheme(rest)?;
        let (rest, query) = cut(rest, b'?');
        let url = Self { query: query.unwrap_or_default().to_vec(), scheme, fragment, ..Self::default() };
        url.with_hierarchy(rest)
    }

    fn with_hierarchy(mut self, rest: &[u8]) -> Option<Self> {
        let absolute = !self.scheme.is_empty();
        if !rest.starts_with(b"/") {
            if absolute {
                self.opaque = rest.to_vec();
                return Some(self);
            }
            if cut(rest, b'/').0.contains(&b':') {
                return None;
            }
        }
        let mut path = rest;
        if let Some(authority) = rest.strip_prefix(b"//").filter(|_| absolute || !rest.starts_with(b"///")) {
            let end = authority.iter().position(|byte| *byte == b'/').unwrap_or(authority.len());
            let (authority, behind) = authority.split_at_checked(end)?;
            (self.user, self.host) = parse_authority(&self.scheme, authority)?;
            path = behind;
        }
        self.path = unescape(path, Part::Path)?;
        Some(self)
    }

    /// The host without its port, and without brackets.
    pub(super) fn hostname(&self) -> &[u8] {
        let mut name = &*self.host;
        let port = name.iter().rposition(|byte| *byte == b':');
        if let Some((before, port)) = port.and_then(|at| name.split_at_checked(at))
            && is_port(port)
        {
            name = before;
        }
        name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")).unwrap_or(name)
    }
}

/// What stands before the first colon, if it looks like a scheme, in small letters; and the rest.
fn scheme(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' if at == 0 => return None,
            b':' => return Some((bytes.get(..at)?.to_ascii_lowercase(), bytes.get(at + 1..)?)),
            _ => break,
        }
    }
    Some((Vec::new(), bytes))
}

fn parse_authority(scheme: &[u8], authority: &[u8]) -> Option<(Option<User>, Vec<u8>)> {
    let Some(at) = authority.iter().rposition(|byte| *byte == b'@') else {
        return Some((None, parse_host(scheme, authority)?));
    };
    let (userinfo, host) = (authority.get(..at)?, authority.get(at + 1..)?);
    let host = parse_host(scheme, host)?;
    if !userinfo.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte)) {
        return None;
    }
    let (name, password) = cut(userinfo, b':');
    let password = match password {
        Some(password) => Some(unescape(password, Part::User)?),
        None => None,
    };
    Some((Some(User { name: unescape(name, Part::User)?, password }), host))
}

/// Nothing, or a colon and digits.
fn is_port(port: &[u8]) -> bool {
    port.is_empty() || port.strip_prefix(b":").is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
}

fn parse_host(scheme: &[u8], host: &[u8]) -> Option<Vec<u8>> {
    match host.iter().rposition(|byte| *byte == b'[') {
        Some(0) => return parse_literal(host),
        Some(_) => return None,
        None => {}
    }
    let first = host.iter().position(|byte| *byte == b':');
    let last = host.iter().rposition(|byte| *byte == b':');
    // Only where the scheme is one of the web's, all behind the first colon must be a port.
    let colon = if matches!(scheme, b"http" | b"https") { first } else { last };
    if colon.is_some_and(|colon| !is_port(host.get(colon..).unwrap_or_default())) {
        return None;
    }
    unescape(host, Part::Host)
}

/// An address in brackets.
fn parse_literal(host: &[u8]) -> Option<Vec<u8>> {
    let close = host.iter().rposition(|byte| *byte == b']')?;
    let (inside, port) = (host.get(1..close)?, host.get(close + 1..)?);
    if !is_port(port) {
        return None;
    }
    let zone = inside.windows(3).position(|window| window == b"%25").unwrap_or(inside.len());
    let (address, zone) = inside.split_at_checked(zone)?;
    let (address, zone) = (unescape(address, Part::Host)?, unescape(zone, Part::Zone)?);
    std::str::from_utf8(&address).ok()?.parse::<Ipv6Addr>().ok()?;
    // A zone is a percent sign and a name.
    if zone.len() == 1 {
        return None;
    }
    Some([b"[", &*address, &zone, b"]", port].concat())
}
