//! Makes certificates.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyUsagePurpose, SanType, SerialNumber, date_time_ymd,
};

use super::key::{Key, written};
use super::{Outcome, refuse};
use crate::library::sprig::crypto::random;
use crate::{List, Value};

/// What a certificate is to say.
#[derive(Default)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) names: Vec<String>,
    pub(super) days: i64,
    pub(super) authority: bool,
}

/// The IP addresses of a list of strings.
pub(super) fn addresses(list: &List) -> Outcome<Vec<IpAddr>> {
    let address = |value: &Value| {
        let Value::Str(text) = value else { return None };
        std::str::from_utf8(text).ok()?.parse::<IpAddr>().ok().map(|address| address.to_canonical())
    };
    list.values()
        .iter()
        .map(|value| address(value).map_or_else(|| refuse("invalid IP address"), Ok))
        .collect()
}

/// The DNS names of a list of strings.
pub(super) fn names(list: &List) -> Outcome<Vec<String>> {
    let name = |value: &Value| {
        let Value::Str(text) = value else { return None };
        String::from_utf8(text.to_vec()).ok()
    };
    list.values().iter().map(|value| name(value).map_or_else(|| refuse("invalid DNS input"), Ok)).collect()
}

const DAY: i64 = 86_400;
/// The last second of the year 9999: no certificate tells a later one.
const LAST: i64 = 253_402_300_799;

impl Request {
    /// For this common name, and valid until now.
    pub(super) fn named(name: &[u8]) -> Self {
        Self { name: String::from_utf8_lossy(name).into_owned(), ..Self::default() }
    }

    /// A certificate that its own key signs.
    pub(super) fn self_signed(self, key: &Key) -> Outcome<String> {
        match self.params()?.self_signed(key.pair()) {
            Ok(certificate) => Ok(written("CERTIFICATE", certificate.der())),
            Err(_) => refuse("error creating certificate"),
        }
    }

    /// A certificate that the key of another one signs.
    pub(super) fn signed(self, key: &Key, issuer: &[u8], signer: Key) -> Outcome<String> {
        let issuer = std::str::from_utf8(issuer)
            .ok()
            .and_then(|pem| Issuer::from_ca_cert_pem(pem, signer.into_pair()).ok());
        let mut params = self.params()?;
        params.use_authority_key_identifier_extension = true;
        match issuer.and_then(|issuer| params.signed_by(key.pair(), &issuer).ok()) {
            Some(certificate) => Ok(written("CERTIFICATE", certificate.der())),
            None => refuse("error creating certificate"),
        }
    }

    fn params(self) -> Outcome<CertificateParams> {
        let Self { name, addresses, names, days, authority } = self;
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        for name in names {
            let Ok(name) = name.try_into() else {
                return refuse("error creating certificate: a DNS name is not ASCII");
            };
            params.subject_alt_names.push(SanType::DnsName(name));
        }
        params.subject_alt_names.extend(addresses.into_iter().map(SanType::IpAddress));
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
            .min(LAST.unsigned_abs());
        let end = now.cast_signed().saturating_add(days.saturating_mul(DAY)).clamp(0, LAST);
        let moment = |seconds: u64| date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds);
        (params.not_before, params.not_after) = (moment(now), moment(end.unsigned_abs()));
        let mut serial = [0; 16];
        random::fill(&mut serial)?;
        params.serial_number = Some(SerialNumber::from(serial.to_vec()));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        if authority {
            params.key_usages.push(KeyUsagePurpose::KeyCertSign);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        Ok(params)
    }
}
