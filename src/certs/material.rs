//! What the Secret holds, read into what can be judged, and what is made of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::ByteString;
use rcgen::{KeyPair, PublicKeyData as _};
use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer as _;

use super::issue::{self, Names};
pub(super) use super::plan::Validity;
use super::plan::{Leaf, Plan, Signer, Stored, is_good};
use crate::http::tls::certified_key;

/// CA, its predecessor while the two are exchanged, and certificate; all in PEM, empty where it is missing.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Material {
    pub(super) ca_certificate: String,
    pub(super) ca_key: String,
    pub(super) previous_ca: String,
    pub(super) certificate: String,
    pub(super) key: String,
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Material([redacted])")
    }
}

impl Material {
    /// From a Secret's data. What is no text is as good as missing.
    pub(super) fn from_data(data: &BTreeMap<String, ByteString>) -> Self {
        let text =
            |key| data.get(key).and_then(|value| String::from_utf8(value.0.clone()).ok()).unwrap_or_default();
        Self {
            ca_certificate: text("ca.crt"),
            ca_key: text("ca.key"),
            previous_ca: text("previous-ca.crt"),
            certificate: text("tls.crt"),
            key: text("tls.key"),
        }
    }

    /// As a Secret's data.
    pub(super) fn to_data(&self) -> BTreeMap<String, ByteString> {
        let Self { ca_certificate, ca_key, previous_ca, certificate, key } = self;
        [
            ("ca.crt", ca_certificate),
            ("ca.key", ca_key),
            ("previous-ca.crt", previous_ca),
            ("tls.crt", certificate),
            ("tls.key", key),
        ]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| (key.to_owned(), ByteString(text.clone().into_bytes())))
        .collect()
    }

    /// The CAs to register: the one that signs, and the one before it.
    pub(super) fn bundle(&self) -> String {
        let pems = [&self.ca_certificate, &self.previous_ca].into_iter().filter(|pem| !pem.is_empty());
        pems.map(|pem| format!("{}\n", pem.trim_end())).collect()
    }

    /// What can be used of it.
    pub(super) fn inspect(&self, now: Timestamp) -> Stored {
        Stored { authority: self.authority(), leaf: self.leaf(now) }
    }

    /// The CA, if its key is its own.
    fn authority(&self) -> Option<Validity> {
        let der = CertificateDer::from_pem_slice(self.ca_certificate.as_bytes()).ok()?;
        let (_, parsed) = X509Certificate::from_der(&der).ok()?;
        let key = KeyPair::from_pem(&self.ca_key).ok()?;
        (key.subject_public_key_info() == parsed.public_key().raw).then(|| validity(&parsed)).flatten()
    }

    /// The certificate, if its key is its own.
    fn leaf(&self, now: Timestamp) -> Option<Leaf> {
        let pair = certified_key(self.certificate.as_bytes(), self.key.as_bytes()).ok()?;
        let der = pair.end_entity_cert().ok()?;
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let signer = if is_signed_by(der, &self.ca_certificate, now) {
            Signer::Current
        } else if is_signed_by(der, &self.previous_ca, now) {
            Signer::Previous
        } else {
            Signer::Unknown
        };
        Some(Leaf { validity: validity(&parsed)?, names: names(&parsed), signer })
    }

    /// What the plan makes of it.
    pub(super) fn renewed(&self, plan: Plan, wanted: &Names, now: Timestamp) -> Result<Self, rcgen::Error> {
        match plan {
            Plan::Keep => Ok(self.clone()),
            Plan::RenewLeaf => self.with_new_leaf(wanted, now),
            Plan::RenewCa => self.with_new_authority(wanted, now),
        }
    }

    /// The CA before goes once its successor has signed the certificate before this one.
    fn with_new_leaf(&self, wanted: &Names, now: Timestamp) -> Result<Self, rcgen::Error> {
        let before = self.leaf(now);
        let names = wanted.with(&before.as_ref().map(|leaf| leaf.names.clone()).unwrap_or_default());
        let pair = issue::leaf(&self.ca_certificate, &self.ca_key, names, now)?;
        let needed = before.is_some_and(|leaf| leaf.signer == Signer::Previous);
        let previous_ca = if needed { self.previous_ca.clone() } else { String::new() };
        Ok(Self { certificate: pair.certificate, key: pair.key, previous_ca, ..self.clone() })
    }

    /// A certificate that can still be served stays for now, and so does the CA that signed it.
    fn with_new_authority(&self, wanted: &Names, now: Timestamp) -> Result<Self, rcgen::Error> {
        let pair = issue::authority(now)?;
        let renewed = Self { ca_certificate: pair.certificate, ca_key: pair.key, ..self.clone() };
        match self.leaf(now).filter(|leaf| is_good(leaf, now)).map(|leaf| leaf.signer) {
            Some(Signer::Current) => Ok(Self { previous_ca: self.ca_certificate.clone(), ..renewed }),
            Some(Signer::Previous) => Ok(renewed),
            Some(Signer::Unknown) | None => renewed.with_new_leaf(wanted, now),
        }
    }
}

fn validity(certificate: &X509Certificate<'_>) -> Option<Validity> {
    let validity = certificate.validity();
    let from = Timestamp::from_second(validity.not_before.timestamp()).ok()? + issue::BACKDATED;
    let until = Timestamp::from_second(validity.not_after.timestamp()).ok()?;
    Some(Validity { from, until })
}

/// From when until when the first certificate of a chain is valid.
pub(super) fn valid(chain: &[u8]) -> Option<Validity> {
    let der = CertificateDer::from_pem_slice(chain).ok()?;
    let (_, parsed) = X509Certificate::from_der(&der).ok()?;
    let from = Timestamp::from_second(parsed.validity().not_before.timestamp()).ok()?;
    let until = Timestamp::from_second(parsed.validity().not_after.timestamp()).ok()?;
    Some(Validity { from, until })
}

fn names(certificate: &X509Certificate<'_>) -> Names {
    let extension = certificate.subject_alternative_name().ok().flatten();
    extension.iter().flat_map(|names| &names.value.general_names).filter_map(name).collect()
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "a TLS server is called by DNS name or address, never otherwise"
)]
fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| Ipv4Addr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

/// Whether a client that trusts this CA alone would take the certificate, its names aside.
fn is_signed_by(leaf: &CertificateDer<'_>, ca: &str, now: Timestamp) -> bool {
    is_chained(leaf, &[], ca, now)
}

/// Whether a client that trusts these CAs alone would take the first certificate of a chain, its names aside. One that
/// signed itself is its own CA.
pub(super) fn is_trusted(chain: &[u8], cas: &str, now: Timestamp) -> bool {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(chain).flatten().collect();
    let Some((leaf, intermediates)) = chain.split_first() else { return false };
    let mut own = CertificateDer::pem_slice_iter(cas.as_bytes()).flatten();
    own.any(|ca| ca == *leaf) || is_chained(leaf, intermediates, cas, now)
}

fn is_chained(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    cas: &str,
    now: Timestamp,
) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(cas.as_bytes()).flatten());
    let Ok(leaf) = ParsedCertificate::try_from(leaf) else { return false };
    let now = Duration::from_secs(u64::try_from(now.as_second()).unwrap_or_default());
    let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms.all;
    let now = UnixTime::since_unix_epoch(now);
    verify_server_cert_signed_by_trust_anchor(&leaf, &roots, intermediates, now, algorithms).is_ok()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::certs::plan::plan;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn start() -> Timestamp {
        Timestamp::from_second(1_800_000_000).expect("a time")
    }

    fn wanted() -> Names {
        Names::new("latchkey", "ns", Some("https://127.0.0.1:1"))
    }

    /// What a replica makes of it that goes by these names.
    fn after(material: &Material, names: &Names, now: Timestamp) -> (Plan, Material) {
        let plan = plan(now, &material.inspect(now), names);
        (plan, material.renewed(plan, names, now).expect("certificates"))
    }

    fn first() -> Material {
        let (plan, material) = after(&Material::default(), &wanted(), start());
        assert_eq!(plan, Plan::RenewCa);
        material
    }

    fn signer(material: &Material, now: Timestamp) -> Signer {
        material.inspect(now).leaf.expect("a leaf").signer
    }

    #[test]
    fn what_is_made_is_kept() {
        let stored = first().inspect(start());
        let leaf = stored.leaf.clone().expect("a leaf");
        assert_eq!((leaf.names.clone(), leaf.signer), (wanted(), Signer::Current));
        assert_eq!(leaf.validity, Validity { from: start(), until: start() + DAY * 30 });
        assert_eq!(stored.authority, Some(Validity { from: start(), until: start() + DAY * 3650 }));
        assert_eq!(plan(start(), &stored, &wanted()), Plan::Keep);
    }

    #[test]
    fn data_comes_back_as_it_was() {
        let material = first();
        assert_eq!(Material::from_data(&material.to_data()), material);
        assert!(!material.to_data().contains_key("previous-ca.crt"));
    }

    #[test]
    fn a_new_ca_stands_beside_the_old_one_until_all_know_it() {
        let old = first();
        let day = start() + DAY * 2434;
        let (_, old) = after(&old, &wanted(), day - DAY);
        let (plan, rotating) = after(&old, &wanted(), day);
        assert_eq!(plan, Plan::RenewCa);
        assert_eq!((&rotating.certificate, signer(&rotating, day)), (&old.certificate, Signer::Previous));
        assert_eq!(rotating.bundle(), rotating.ca_certificate.clone() + &old.ca_certificate);

        let settled = day + SignedDuration::from_mins(10);
        let (plan, rotated) = after(&rotating, &wanted(), settled);
        assert_eq!((plan, signer(&rotated, settled)), (Plan::RenewLeaf, Signer::Current));
        assert_eq!(
            rotated.previous_ca, old.ca_certificate,
            "other replicas may still serve the certificate before"
        );

        let (plan, next) = after(&rotated, &wanted(), settled + DAY * 20);
        assert_eq!((plan, next.previous_ca.as_str()), (Plan::RenewLeaf, ""));
    }

    #[test]
    fn replicas_with_different_names_agree_on_one_certificate() {
        let other = Names::new("latchkey", "ns", Some("https://[::1]:2"));
        let (plan, both) = after(&first(), &other, start());
        assert_eq!(plan, Plan::RenewLeaf);
        for names in [wanted(), other] {
            assert_eq!(after(&both, &names, start()).0, Plan::Keep);
        }
    }

    #[test]
    fn what_was_tampered_with_is_made_again() {
        let (good, other) = (first(), first());
        for (broken, expected) in [
            (Material { ca_key: other.ca_key.clone(), ..good.clone() }, Plan::RenewCa),
            (Material { ca_certificate: "junk".into(), ..good.clone() }, Plan::RenewCa),
            (Material { key: other.key.clone(), ..good.clone() }, Plan::RenewLeaf),
            (Material { certificate: String::new(), ..good.clone() }, Plan::RenewLeaf),
            (
                Material { certificate: other.certificate.clone(), key: other.key.clone(), ..good.clone() },
                Plan::RenewLeaf,
            ),
        ] {
            let (plan, repaired) = after(&broken, &wanted(), start());
            assert_eq!(plan, expected);
            assert_eq!(after(&repaired, &wanted(), start()).0, Plan::Keep);
        }
    }
}
