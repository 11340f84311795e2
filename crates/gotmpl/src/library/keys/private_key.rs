//! Private keys: read from PKCS#1, PKCS#8 and SEC 1, written as PKCS#8.

use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521};
use aws_lc_rs::encoding::{AsBigEndian, EcPrivateKeyBin};

use super::der::{BIT_STRING, Der, INTEGER, Malformed, NULL, OCTETS, OID, Reader, SEQUENCE, explicit, write};
use super::rsa_numbers::RsaKey;

pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];

/// A curve that Go has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// Its identifier.
    pub(super) fn oid(self) -> &'static [u8] {
        match self {
            Self::P256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
            Self::P384 => &[0x2b, 0x81, 4, 0, 0x22],
            Self::P521 => &[0x2b, 0x81, 4, 0, 0x23],
        }
    }

    /// How many bytes a coordinate has.
    pub(super) fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    pub(super) fn algorithm(self) -> &'static agreement::Algorithm {
        match self {
            Self::P256 => &ECDH_P256,
            Self::P384 => &ECDH_P384,
            Self::P521 => &ECDH_P521,
        }
    }

    fn of(oid: &[u8]) -> Result<Self, Malformed> {
        let curves = [Self::P256, Self::P384, Self::P521];
        curves.into_iter().find(|curve| curve.oid() == oid).ok_or(Malformed)
    }
}

/// A private key.
pub(super) enum PrivateKey {
    /// By its numbers.
    Rsa(RsaKey),
    /// By its number, as long as a coordinate, and its point.
    Ec(Curve, Der, Vec<u8>),
    /// By its seed, with the identifier of its kind.
    Edwards(&'static [u8], Der),
}

impl PrivateKey {
    /// Reads a key in any of the three forms.
    pub(super) fn parse(der: &[u8]) -> Result<Self, Malformed> {
        RsaKey::parse(der)
            .map(Self::Rsa)
            .or_else(|_| Self::parse_pkcs8(der))
            .or_else(|_| Self::parse_sec1(der, None))
    }

    /// Reads PKCS#8.
    pub(super) fn parse_pkcs8(der: &[u8]) -> Result<Self, Malformed> {
        let mut outer = Reader::new(der);
        let mut fields = outer.inside(SEQUENCE)?;
        outer.end()?;
        fields.number()?;
        let mut algorithm = fields.inside(SEQUENCE)?;
        let key = fields.next(OCTETS)?;
        match algorithm.next(OID)? {
            RSA => RsaKey::parse(key).map(Self::Rsa),
            EC => Self::parse_sec1(key, Some(Curve::of(algorithm.next(OID)?)?)),
            ED25519 => seed(key).map(|seed| Self::Edwards(ED25519, seed)),
            X25519 => seed(key).map(|seed| Self::Edwards(X25519, seed)),
            _ => Err(Malformed),
        }
    }

    /// Reads SEC 1. What is told of the curve beforehand counts most.
    fn parse_sec1(der: &[u8], curve: Option<Curve>) -> Result<Self, Malformed> {
        let mut outer = Reader::new(der);
        let mut fields = outer.inside(SEQUENCE)?;
        outer.end()?;
        if fields.number()? != 1 {
            return Err(Malformed);
        }
        let number = fields.next(OCTETS)?;
        let named =
            fields.optional(explicit(0))?.map(|content| Reader::new(content).next(OID).and_then(Curve::of));
        let curve = match curve {
            Some(curve) => curve,
            None => named.ok_or(Malformed)??,
        };
        Self::ec(curve, number)
    }

    /// A key of a curve by its number, which may be shorter than it should be, or longer by noughts.
    pub(super) fn ec(curve: Curve, number: &[u8]) -> Result<Self, Malformed> {
        let noughts = number.iter().take_while(|byte| **byte == 0).count();
        let digits = &number[noughts..];
        let missing = curve.size().checked_sub(digits.len()).ok_or(Malformed)?;
        let mut padded = Der::new(Vec::with_capacity(curve.size()));
        padded.resize(missing, 0);
        padded.extend_from_slice(digits);
        let key =
            agreement::PrivateKey::from_private_key(curve.algorithm(), &padded).map_err(|_| Malformed)?;
        let exact: EcPrivateKeyBin<'_> = key.as_be_bytes().map_err(|_| Malformed)?;
        let point = key.compute_public_key().map_err(|_| Malformed)?.as_ref().to_vec();
        Ok(Self::Ec(curve, Der::new(exact.as_ref().to_vec()), point))
    }

    /// The key, if its point is this one.
    pub(super) fn with_point(self, told: &[u8]) -> Result<Self, Malformed> {
        match &self {
            Self::Ec(_, _, point) if point == told => Ok(self),
            Self::Ec(..) | Self::Rsa(_) | Self::Edwards(..) => Err(Malformed),
        }
    }

    /// A key of Ed25519 by its seed.
    pub(super) fn ed25519(seed: &[u8]) -> Self {
        Self::Edwards(ED25519, Der::new(seed.to_vec()))
    }

    /// The key as PKCS#8.
    pub(super) fn to_pkcs8(&self) -> Der {
        let (algorithm, key) = match self {
            Self::Rsa(key) => (rsa_algorithm(), key.to_der()),
            Self::Ec(curve, number, point) => {
                let public = write(explicit(1), &[&write(BIT_STRING, &[&[0], point])]);
                let parts = [&write(INTEGER, &[&[1]])[..], &write(OCTETS, &[number]), &public];
                (ec_algorithm(*curve), write(SEQUENCE, &parts))
            }
            Self::Edwards(oid, seed) => (write(SEQUENCE, &[&write(OID, &[oid])]), write(OCTETS, &[seed])),
        };
        write(SEQUENCE, &[&write(INTEGER, &[&[0]]), &algorithm, &write(OCTETS, &[&key])])
    }
}

/// RSA, as keys name it.
pub(super) fn rsa_algorithm() -> Der {
    write(SEQUENCE, &[&write(OID, &[RSA]), &write(NULL, &[])])
}

/// A curve, as keys name it.
pub(super) fn ec_algorithm(curve: Curve) -> Der {
    write(SEQUENCE, &[&write(OID, &[EC]), &write(OID, &[curve.oid()])])
}

fn seed(key: &[u8]) -> Result<Der, Malformed> {
    let mut outer = Reader::new(key);
    let seed = outer.next(OCTETS)?;
    outer.end()?;
    if seed.len() == 32 { Ok(Der::new(seed.to_vec())) } else { Err(Malformed) }
}
