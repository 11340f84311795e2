//! Makes CAs and certificates: ECDSA on P-256.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    IsCa, Issuer, KeyPair, KeyUsagePurpose,
};

/// How long a CA is good.
const CA_LIFE: SignedDuration = SignedDuration::from_hours(10 * 365 * 24);

/// How long a certificate is good: short, so that its renewal is nothing rare.
const LEAF_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// How far a certificate's beginning lies before it is made, as clocks differ.
pub(super) const BACKDATED: SignedDuration = SignedDuration::from_mins(5);

/// More names than this are not carried along from one certificate to the next.
const MAX_NAMES: usize = 32;

/// The names and addresses that a certificate is good for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// Those of the Service, and the host of the URL where there is one.
    pub fn new(service: &str, namespace: &str, webhook_url: Option<&str>) -> Self {
        let host = webhook_url.and_then(|url| url.parse::<http::Uri>().ok()?.host().map(str::to_owned));
        let service =
            [format!("{service}.{namespace}.svc"), format!("{service}.{namespace}.svc.cluster.local")];
        service.into_iter().chain(host).map(|name| name.trim_matches(['[', ']']).to_lowercase()).collect()
    }

    /// Whether none of the others is missing.
    pub(super) fn cover(&self, others: &Self) -> bool {
        self.0.is_superset(&others.0)
    }

    /// These and the others: replicas that go by different names share one certificate. Of too many, these alone.
    pub(super) fn with(&self, others: &Self) -> Self {
        let all: BTreeSet<_> = self.0.union(&others.0).cloned().collect();
        if all.len() > MAX_NAMES { self.clone() } else { Self(all) }
    }
}

impl<T: Into<String>> FromIterator<T> for Names {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

/// A certificate and its key in PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Pair {
    fn new(certificate: &Certificate, key: &KeyPair) -> Self {
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

/// A new CA.
pub(super) fn authority(now: Timestamp) -> Result<Pair, rcgen::Error> {
    let mut params = params("latchkey CA", Names::default(), now, CA_LIFE)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    Ok(Pair::new(&params.self_signed(&key)?, &key))
}

/// A new certificate for a server of these names, signed by this CA.
pub(super) fn leaf(
    ca_certificate: &str,
    ca_key: &str,
    names: Names,
    now: Timestamp,
) -> Result<Pair, rcgen::Error> {
    let mut params = params("latchkey", names, now, LEAF_LIFE)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let issuer = Issuer::from_ca_cert_pem(ca_certificate, KeyPair::from_pem(ca_key)?)?;
    let key = KeyPair::generate()?;
    Ok(Pair::new(&params.signed_by(&key, &issuer)?, &key))
}

fn params(
    common_name: &str,
    names: Names,
    now: Timestamp,
    life: SignedDuration,
) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names.0.into_iter().collect::<Vec<_>>())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + (now - BACKDATED).duration_since(Timestamp::UNIX_EPOCH).unsigned_abs();
    params.not_after = epoch + (now + life).duration_since(Timestamp::UNIX_EPOCH).unsigned_abs();
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_services_and_the_urls() {
        let of = |url| Names::new("latchkey", "ns", url);
        let service = Names::from_iter(["latchkey.ns.svc", "latchkey.ns.svc.cluster.local"]);
        assert_eq!(of(None), service);
        for (url, host) in [
            ("https://127.0.0.1:10250", "127.0.0.1"),
            ("https://[::1]:10250/a", "::1"),
            ("https://Hooks.Example.com", "hooks.example.com"),
        ] {
            assert_eq!(of(Some(url)), Names::from_iter([host]).with(&service), "{url}");
        }
    }

    #[test]
    fn of_too_many_names_only_those_wanted_stay() {
        let old: Names = (0..MAX_NAMES).map(|n| format!("old-{n}")).collect();
        let wanted = Names::from_iter(["new"]);
        assert_eq!(wanted.with(&old), wanted);
        assert!(wanted.with(&Names::from_iter(["old"])).cover(&Names::from_iter(["old", "new"])));
    }
}
