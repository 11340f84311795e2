//! One-time passwords by time: RFC 6238, with the truncation of RFC 4226.

use std::sync::LazyLock;

use aws_lc_rs::hmac;
use data_encoding::{BASE32_NOPAD, Encoding};
use jiff::Timestamp;
use latchkey_api::generator::MfaSpec;
use latchkey_provider::SecretBytes;
use zeroize::Zeroizing;

use super::Refused;
use crate::engine::convert::Data;

const DIGITS: i64 = 6;
/// A truncated digest has no more.
const MOST_DIGITS: i64 = 10;
const PERIOD: i64 = 30;

/// The password of the moment, and for how many seconds it is still good.
pub(super) fn make(spec: &MfaSpec, seed: Option<&SecretBytes>, now: Timestamp) -> Result<Data, Refused> {
    let digits = spec.length.filter(|length| *length > 0).unwrap_or(DIGITS);
    if digits > MOST_DIGITS {
        return Err(Refused::at("length", format!("length is more than {MOST_DIGITS}")));
    }
    let period = spec.time_period.filter(|period| *period > 0).unwrap_or(PERIOD);
    let at = when(spec, now)?;
    let counter = u64::try_from(at / period).unwrap_or_default();
    let seed = decoded(seed.ok_or_else(|| Refused::at("secret", "the seed is not there"))?)?;
    let code = code(algorithm(spec)?, &seed, counter) % 10_u64.pow(u32::try_from(digits).unwrap_or(6));
    let width = usize::try_from(digits).unwrap_or_default();
    let left = period - at % period;
    Ok(Data::from([
        ("token".to_owned(), SecretBytes::from(format!("{code:0width$}"))),
        ("timeLeft".to_owned(), SecretBytes::from(left.to_string())),
    ]))
}

/// The time in seconds for which it is made; none is before 1970.
fn when(spec: &MfaSpec, now: Timestamp) -> Result<i64, Refused> {
    let at = match spec.when.as_deref() {
        None => now,
        Some(text) => text.parse().map_err(|_| Refused::at("when", "when is no time of RFC 3339"))?,
    };
    Ok(at.as_second().max(0))
}

fn algorithm(spec: &MfaSpec) -> Result<hmac::Algorithm, Refused> {
    match spec.algorithm.as_deref().unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "sha1" => Ok(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        "sha256" => Ok(hmac::HMAC_SHA256),
        "sha512" => Ok(hmac::HMAC_SHA512),
        _ => Err(Refused::at("algorithm", "algorithm is none of sha1, sha256 and sha512")),
    }
}

/// Base32 as Go decodes it: bits that are left over at the end may be any.
static BASE32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut base32 = BASE32_NOPAD.specification();
    base32.check_trailing_bits = false;
    base32.encoding().ok()
});

/// The seed as people copy it: with spaces, in small letters, with or without padding.
///
/// Characters at the end that make no whole byte are left out, as in Go: of one, three or six after the last whole eight none counts.
fn decoded(seed: &SecretBytes) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let refused = || Refused::at("secret", "the seed in it is no Base32");
    let text = Zeroizing::new(seed.expose_str().ok_or_else(refused)?.to_ascii_uppercase());
    let bare: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !c.is_whitespace() && *c != '=').collect());
    let whole = match bare.len() % 8 {
        odd @ (1 | 3 | 6) => bare.len() - odd,
        _ => bare.len(),
    };
    let (whole, rest) = bare.as_bytes().split_at(whole);
    if rest.iter().any(|byte| !matches!(byte, b'A'..=b'Z' | b'2'..=b'7')) {
        return Err(refused());
    }
    let seed = BASE32.as_ref().and_then(|base32| base32.decode(whole).ok()).ok_or_else(refused)?;
    if seed.is_empty() { Err(refused()) } else { Ok(Zeroizing::new(seed)) }
}

fn code(algorithm: hmac::Algorithm, seed: &[u8], counter: u64) -> u64 {
    let digest = hmac::sign(&hmac::Key::new(algorithm, seed), &counter.to_be_bytes());
    let digest = digest.as_ref();
    let place = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
    let four = digest.get(place..place + 4).unwrap_or_default();
    four.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Go's `base32.StdEncoding.WithPadding(base32.NoPadding)` makes of the same.
    #[test]
    fn a_seed_is_decoded_as_go_does() {
        for (text, bytes) in [
            ("JBSWY3DPEHPK3PXP", &b"Hello!\xde\xad\xbe\xef"[..]),
            ("jbsw y3dp ehpk 3pxp", b"Hello!\xde\xad\xbe\xef"),
            ("JBSWY3DPEHPK3PXPA", b"Hello!\xde\xad\xbe\xef"),
            ("JBSWY3DPE", b"Hello"),
            ("JBSWY3DPEB", b"Hello "),
            ("JBSWY3DPEB3", b"Hello"),
            ("JBSW", b"He"),
            ("JBSWY", b"Hel"),
            ("JBSWY3D", b"Hell"),
            ("JBSWY3DPABCDEF", b"Hello"),
        ] {
            let seed = decoded(&SecretBytes::from(text)).expect(text);
            assert_eq!(seed.as_slice(), bytes, "{text}");
        }
        for text in ["", "J", "JBS", "JBSWY3DP1", "JBSWY3DPA1", "JBSWY3DPABCDE0", "J\u{e4}BSWY3DP"] {
            assert!(decoded(&SecretBytes::from(text)).is_err(), "{text}");
        }
    }
}
