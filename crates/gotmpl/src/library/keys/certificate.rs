//! X.509 certificates: their names and key identifiers. Nothing is verified.

use std::net::{Ipv4Addr, Ipv6Addr};

use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::der::{Reader, SEQUENCE};
use super::{pem, subject};
use crate::{Budget, Bytes, FuncError};

/// What is said of a certificate that is none.
pub(super) const MALFORMED: &str = "x509: malformed certificate";

/// A certificate, as far as templates ask.
pub(super) struct Certificate {
    /// The certificate itself.
    pub(super) der: Bytes,
    /// Its subject, as Go writes it.
    pub(super) subject: String,
    /// The identifier of its key.
    pub(super) key: Option<Vec<u8>>,
    /// The identifier of the key that signed it.
    pub(super) authority: Option<Vec<u8>>,
    /// Its alternative names: of hosts, addresses, mail, other URIs.
    pub(super) names: [Vec<String>; 4],
}

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// If it is none, in Go's words.
    #[expect(clippy::wildcard_enum_match_arm, reason = "of many extensions three count")]
    pub(super) fn parse(der: &[u8], budget: &Budget<'_>) -> Result<Self, FuncError> {
        budget.steps(1 + der.len() as u64 / 64)?;
        budget.memory(2 * der.len())?;
        form(der)?;
        let (_, parsed) = X509Certificate::from_der(der).map_err(|_| FuncError::failed(MALFORMED))?;
        let subject = subject::text(&parsed);
        let (mut key, mut authority, mut names) = (None, None, Default::default());
        for extension in parsed.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectKeyIdentifier(id) => key = Some(id.0.to_vec()),
                ParsedExtension::AuthorityKeyIdentifier(id) => {
                    authority = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                }
                ParsedExtension::SubjectAlternativeName(found) => names = alternatives(&found.general_names),
                _ => {}
            }
        }
        Ok(Self { der: der.into(), subject, key, authority, names })
    }

    /// Whether it signed itself, by what it says.
    pub(super) fn is_root(&self) -> bool {
        self.authority.is_none() || self.authority == self.key
    }
}

/// Whether it looks like a certificate at all.
fn form(der: &[u8]) -> Result<(), FuncError> {
    let mut outer = Reader::new(der);
    let mut inner = outer.inside(SEQUENCE).map_err(|_| FuncError::failed(MALFORMED))?;
    if !outer.is_empty() {
        return Err(FuncError::failed("x509: trailing data"));
    }
    inner.next(SEQUENCE).map_err(|_| FuncError::failed("x509: malformed tbs certificate"))?;
    Ok(())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "Go has no other names either")]
fn alternatives(names: &[GeneralName<'_>]) -> [Vec<String>; 4] {
    let mut found: [Vec<String>; 4] = Default::default();
    let [hosts, addresses, mail, uris] = &mut found;
    for name in names {
        match name {
            GeneralName::DNSName(name) => hosts.push((*name).to_owned()),
            GeneralName::RFC822Name(name) => mail.push((*name).to_owned()),
            GeneralName::URI(name) => uris.push((*name).to_owned()),
            GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
            _ => {}
        }
    }
    found
}

/// An address as Go writes it: one of version 4 in the clothes of version 6 is one of version 4.
fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    let address = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
    Some(address.to_ipv4_mapped().map_or_else(|| address.to_string(), |address| address.to_string()))
}

/// Reads the certificates of a text up to the first thing that is no block. Blocks are taken for certificates,
/// whatever they are called.
///
/// # Errors
/// If a block is no certificate.
pub(super) fn read_all<'a>(
    mut data: &'a [u8],
    budget: &Budget<'_>,
) -> Result<(Vec<Certificate>, &'a [u8]), FuncError> {
    let mut found = Vec::new();
    loop {
        let (Some(block), rest) = pem::decode(data, budget)? else { return Ok((found, data)) };
        found.push(Certificate::parse(&block.bytes, budget)?);
        data = rest;
    }
}
