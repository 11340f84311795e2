//! Pairs of SSH keys. The keys are the crypto library's; only the two text formats of OpenSSH are written here, which is
//! less than a second crypto library in the tree.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, EcPrivateKeyBin, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use latchkey_api::generator::{KeyType, SshKeySpec};
use latchkey_provider::SecretBytes;
use zeroize::Zeroizing;

use super::{Refused, random};
use crate::engine::convert::Data;

mod format;

use format::{Blob, private_key, public_key};

/// A pair of keys as OpenSSH writes it: which kind, the public numbers, and all numbers.
struct Pair {
    kind: &'static str,
    public: Blob,
    private: Blob,
}

/// Makes a pair and writes both halves.
pub(super) fn make(spec: &SshKeySpec) -> Result<Data, Refused> {
    let comment = spec.comment.as_deref().unwrap_or_default();
    if comment.contains(['\n', '\r']) {
        return Err(Refused::at("comment", "comment has more than one line"));
    }
    let pair = match spec.key_type.unwrap_or_default() {
        KeyType::Rsa => rsa(spec.key_size.unwrap_or(2048))?,
        KeyType::Ecdsa => ecdsa(spec.key_size.unwrap_or(256))?,
        KeyType::Ed25519 => ed25519()?,
    };
    let mut check = [0; 4];
    random::fill(&mut check)?;
    let private = private_key(&pair.public, &pair.private, check, comment);
    Ok(Data::from([
        ("privateKey".to_owned(), SecretBytes::new(private.as_bytes())),
        ("publicKey".to_owned(), SecretBytes::from(public_key(pair.kind, &pair.public, comment))),
    ]))
}

fn failed() -> Refused {
    Refused { field: None, why: "the crypto library makes no such key".to_owned() }
}

fn ed25519() -> Result<Pair, Refused> {
    let mut seed = Zeroizing::new([0; 32]);
    random::fill(seed.as_mut())?;
    let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(|_| failed())?;
    let public = pair.public_key().as_ref();
    let kind = "ssh-ed25519";
    let both = Zeroizing::new([seed.as_ref(), public].concat());
    Ok(Pair {
        kind,
        public: Blob::new().text(kind).bytes(public),
        private: Blob::new().text(kind).bytes(public).bytes(&both),
    })
}

/// A key on the curve of that many bits; on that of 256 for any other number, as External Secrets Operator does.
fn ecdsa(bits: i64) -> Result<Pair, Refused> {
    let (kind, curve, algorithm): (_, _, &'static EcdsaSigningAlgorithm) = match bits {
        384 => ("ecdsa-sha2-nistp384", "nistp384", &ECDSA_P384_SHA384_ASN1_SIGNING),
        521 => ("ecdsa-sha2-nistp521", "nistp521", &ECDSA_P521_SHA512_ASN1_SIGNING),
        _ => ("ecdsa-sha2-nistp256", "nistp256", &ECDSA_P256_SHA256_ASN1_SIGNING),
    };
    let pair = EcdsaKeyPair::generate(algorithm).map_err(|_| failed())?;
    let number: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(|_| failed())?;
    let public = || Blob::new().text(kind).text(curve).bytes(pair.public_key().as_ref());
    Ok(Pair { kind, public: public(), private: public().number(number.as_ref()) })
}

fn rsa(bits: i64) -> Result<Pair, Refused> {
    let size = match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        8192 => KeySize::Rsa8192,
        _ => {
            return Err(Refused::at("keySize", "keySize of an RSA key is none of 2048, 3072, 4096 and 8192"));
        }
    };
    let pair = RsaPair::generate(size).map_err(|_| failed())?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| failed())?;
    let numbers = format::rsa_numbers(der.as_ref()).ok_or_else(failed)?;
    let [n, e, d, p, q, _, _, coefficient] = numbers;
    let kind = "ssh-rsa";
    let private = [n, e, d, coefficient, p, q].into_iter().fold(Blob::new().text(kind), Blob::number);
    Ok(Pair { kind, public: Blob::new().text(kind).number(e).number(n), private })
}
