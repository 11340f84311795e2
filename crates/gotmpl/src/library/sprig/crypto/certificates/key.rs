//! Private keys.

use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair,
};
use pem::{EncodeConfig, LineEnding, Pem};
use rcgen::{KeyPair, PublicKeyData as _};
use zeroize::Zeroizing;

use super::{Outcome, refuse};
use crate::{Budget, Bytes};

/// A key, and how it is written.
pub(super) struct Key {
    pair: KeyPair,
    tag: &'static str,
    der: Zeroizing<Vec<u8>>,
}

/// How large an RSA key is.
#[derive(Clone, Copy)]
pub(super) enum Size {
    Bits2048,
    Bits4096,
}

const RSA: &str = "RSA PRIVATE KEY";
const EC: &str = "EC PRIVATE KEY";
const PKCS8: &str = "PRIVATE KEY";

impl Key {
    /// A new RSA key. It takes about so long as the steps that are taken for it.
    pub(super) fn rsa(size: Size, budget: &Budget<'_>) -> Outcome<Self> {
        let (size, steps) = match size {
            Size::Bits2048 => (KeySize::Rsa2048, 100_000),
            Size::Bits4096 => (KeySize::Rsa4096, 400_000),
        };
        budget.steps(steps)?;
        made(RsaKeyPair::generate(size).ok().and_then(|pair| pkcs1(&pair)), RSA)
    }

    /// A new key of the curve P-256.
    pub(super) fn ecdsa() -> Outcome<Self> {
        made(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).ok().and_then(|pair| sec1(&pair)), EC)
    }

    /// A new Ed25519 key.
    pub(super) fn ed25519() -> Outcome<Self> {
        made(Ed25519KeyPair::generate().ok().and_then(|pair| pkcs8(&pair)), PKCS8)
    }

    /// The first block of a PEM text, which must be a key; or what is wrong, in words that quote nothing.
    pub(super) fn parse(text: &[u8]) -> Result<Self, &'static str> {
        let block = pem::parse(text).map_err(|_| "no PEM data in input")?;
        let reason = match block.tag() {
            PKCS8 => "decoding PEM as PKCS#8: it is no key that is known",
            RSA => "parsing RSA private key from PEM: it is no key that is known",
            EC => "parsing EC private key from PEM: it is no key that is known",
            tag if tag.ends_with(" PRIVATE KEY") => return Err("invalid private key type"),
            _ => return Err("no private key data in PEM block"),
        };
        read(block.tag(), block.contents()).and_then(|(tag, der)| Self::new(tag, der)).ok_or(reason)
    }

    fn new(tag: &'static str, der: Zeroizing<Vec<u8>>) -> Option<Self> {
        let text = Zeroizing::new(written(tag, &der));
        let pair = KeyPair::from_pem(&text).ok()?;
        Some(Self { pair, tag, der })
    }

    /// The key as PEM, in the form that Go writes its kind in.
    pub(super) fn pem(&self) -> Bytes {
        written(self.tag, &self.der).into()
    }

    /// The public half, as certificates have it.
    pub(super) fn public(&self) -> Vec<u8> {
        self.pair.subject_public_key_info()
    }

    pub(super) fn pair(&self) -> &KeyPair {
        &self.pair
    }

    pub(super) fn into_pair(self) -> KeyPair {
        self.pair
    }
}

fn made(der: Option<Zeroizing<Vec<u8>>>, tag: &'static str) -> Outcome<Key> {
    match der.and_then(|der| Key::new(tag, der)) {
        Some(key) => Ok(key),
        None => refuse("error generating key"),
    }
}

/// The key in the form of its kind.
fn read(tag: &str, der: &[u8]) -> Option<(&'static str, Zeroizing<Vec<u8>>)> {
    let rsa = match tag {
        PKCS8 => RsaKeyPair::from_pkcs8(der),
        _ => RsaKeyPair::from_der(der),
    };
    if tag != EC
        && let Some(der) = rsa.ok().and_then(|pair| pkcs1(&pair))
    {
        return Some((RSA, der));
    }
    let curves =
        [&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1_SIGNING];
    let ec = curves.into_iter().find_map(|curve| EcdsaKeyPair::from_private_key_der(curve, der).ok());
    if tag != RSA
        && let Some(der) = ec.and_then(|pair| sec1(&pair))
    {
        return Some((EC, der));
    }
    let ed = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().filter(|_| tag == PKCS8)?;
    Some((PKCS8, pkcs8(&ed)?))
}

fn sec1(pair: &EcdsaKeyPair) -> Option<Zeroizing<Vec<u8>>> {
    let der = AsDer::<EcPrivateKeyRfc5915Der<'_>>::as_der(&pair.private_key()).ok()?;
    Some(Zeroizing::new(der.as_ref().to_vec()))
}

fn pkcs8(pair: &Ed25519KeyPair) -> Option<Zeroizing<Vec<u8>>> {
    Some(Zeroizing::new(pair.to_pkcs8v1().ok()?.as_ref().to_vec()))
}

/// PKCS#8 is a number, an algorithm and, in a string of bytes, PKCS#1.
fn pkcs1(pair: &RsaKeyPair) -> Option<Zeroizing<Vec<u8>>> {
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(pair).ok()?;
    let (whole, _) = element(der.as_ref(), 0x30)?;
    let (_, rest) = element(whole, 0x02)?;
    let (_, rest) = element(rest, 0x30)?;
    let (inner, _) = element(rest, 0x04)?;
    Some(Zeroizing::new(inner.to_vec()))
}

/// The content of the DER element that the bytes begin with, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.strip_prefix(&[tag])?.split_first()?;
    if *length < 0x80 {
        return rest.split_at_checked(usize::from(*length));
    }
    let (length, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
    let length =
        length.iter().try_fold(0_usize, |sum, byte| sum.checked_mul(256)?.checked_add(usize::from(*byte)))?;
    rest.split_at_checked(length)
}

/// Lines of 64 characters, as Go's.
pub(super) fn written(tag: &str, der: &[u8]) -> String {
    pem::encode_config(&Pem::new(tag, der), EncodeConfig::new().set_line_ending(LineEnding::LF))
}
