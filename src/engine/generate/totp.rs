//! One-time passwords by time: RFC 6238, with the truncation of RFC 4226.

use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
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

/// The seed as people copy it: with spaces, in small letters, with or without padding.
fn decoded(seed: &SecretBytes) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let refused = || Refused::at("secret", "the seed in it is no Base32");
    let text = Zeroizing::new(seed.expose_str().ok_or_else(refused)?.to_ascii_uppercase());
    let bare: Zeroizing<String> =
        Zeroizing::new(text.chars().filter(|c| !c.is_whitespace() && *c != '=').collect());
    let seed = BASE32_NOPAD.decode(bare.as_bytes()).map_err(|_| refused())?;
    if seed.is_empty() { Err(refused()) } else { Ok(Zeroizing::new(seed)) }
}

fn code(algorithm: hmac::Algorithm, seed: &[u8], counter: u64) -> u64 {
    let digest = hmac::sign(&hmac::Key::new(algorithm, seed), &counter.to_be_bytes());
    let digest = digest.as_ref();
    let place = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
    let four = digest.get(place..place + 4).unwrap_or_default();
    four.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)) & 0x7fff_ffff
}
