//! `decodingStrategy` and `nullBytePolicy`.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use latchkey_api::external_secret::{DecodingStrategy, NullBytePolicy};
use latchkey_provider::SecretBytes;

/// As Go's: padded, and lenient about the bits that the padding leaves over.
const AS_GO: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::RequireCanonical)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, AS_GO);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, AS_GO);

/// Why a value cannot be used as asked. It knows nothing of the value itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// It is not in the encoding that the strategy names.
    NotEncoded(DecodingStrategy),
    /// It holds a NUL byte, and `nullBytePolicy` is Fail.
    NullByte,
}

/// The value decoded by the strategy and looked through for NUL bytes.
///
/// # Errors
/// It is not in that encoding, or holds a NUL byte where it must not.
pub fn decode(
    strategy: DecodingStrategy,
    null_bytes: NullBytePolicy,
    value: &SecretBytes,
) -> Result<SecretBytes, DecodeError> {
    let decoded = by_strategy(strategy, value).ok_or(DecodeError::NotEncoded(strategy))?;
    match null_bytes {
        NullBytePolicy::Fail if decoded.expose().contains(&0) => Err(DecodeError::NullByte),
        NullBytePolicy::Fail | NullBytePolicy::Ignore => Ok(decoded),
    }
}

/// `Auto` takes plain text that happens to be base64 for base64, as ESO does.
pub fn by_strategy(strategy: DecodingStrategy, value: &SecretBytes) -> Option<SecretBytes> {
    match strategy {
        DecodingStrategy::None => Some(value.clone()),
        DecodingStrategy::Base64 => base64(&STANDARD, value),
        DecodingStrategy::Base64URL => base64(&URL_SAFE, value),
        DecodingStrategy::Auto => {
            base64(&STANDARD, value).or_else(|| base64(&URL_SAFE, value)).or_else(|| Some(value.clone()))
        }
    }
}

/// Line breaks are passed over wherever they are, as in Go.
fn base64(engine: &GeneralPurpose, value: &SecretBytes) -> Option<SecretBytes> {
    let is_break = |byte: &u8| matches!(byte, b'\n' | b'\r');
    if !value.expose().iter().any(is_break) {
        return engine.decode(value.expose()).ok().map(SecretBytes::new);
    }
    let joined: Vec<u8> = value.expose().iter().copied().filter(|byte| !is_break(byte)).collect();
    let joined = SecretBytes::new(joined); // so that it is overwritten too
    engine.decode(joined.expose()).ok().map(SecretBytes::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decoded(strategy: DecodingStrategy, text: &str) -> Option<String> {
        let value = by_strategy(strategy, &text.into())?;
        Some(String::from_utf8_lossy(value.expose()).into_owned())
    }

    #[test]
    fn each_strategy_decodes_what_go_decodes() {
        use DecodingStrategy::{Auto, Base64, Base64URL, None as Raw};
        for (strategy, text, want) in [
            (Raw, "Zm9v", Some("Zm9v")),
            (Base64, "Zm9v", Some("foo")),
            (Base64, "Zm8=", Some("fo")),
            (Base64, "Zm8", None),
            (Base64, "Zm9=", Some("fo")), // left-over bits are not looked at
            (Base64, "Zm\r\n9v\n", Some("foo")),
            (Base64, "Zm9v ", None),
            (Base64, "", Some("")),
            (Base64, "Pz8/", Some("???")),
            (Base64, "Pz8_", None),
            (Base64URL, "Pz8_", Some("???")),
            (Base64URL, "Pz8/", None),
            (Auto, "Pz8/", Some("???")),
            (Auto, "Pz8_", Some("???")),
            (Auto, "abcd", Some("i\u{fffd}\u{1d}")), // plain text, decoded all the same
            (Auto, "hunter2", Some("hunter2")),
        ] {
            assert_eq!(decoded(strategy, text).as_deref(), want, "{strategy:?} {text}");
        }
    }

    #[test]
    fn null_bytes_are_looked_for_after_decoding() {
        let encoded = SecretBytes::from("AAE=");
        let policy = NullBytePolicy::Fail;
        assert!(decode(DecodingStrategy::None, policy, &encoded).is_ok());
        assert_eq!(decode(DecodingStrategy::Base64, policy, &encoded), Err(DecodeError::NullByte));
        assert!(decode(DecodingStrategy::Base64, NullBytePolicy::Ignore, &encoded).is_ok());
    }

    proptest! {
        #[test]
        fn what_was_encoded_comes_back(bytes: Vec<u8>) {
            let value = SecretBytes::from(STANDARD.encode(&bytes));
            let back = by_strategy(DecodingStrategy::Base64, &value).expect("it was encoded");
            prop_assert_eq!(back.expose(), bytes.as_slice());
        }

        #[test]
        fn auto_takes_anything(bytes: Vec<u8>) {
            prop_assert!(by_strategy(DecodingStrategy::Auto, &SecretBytes::new(bytes)).is_some());
        }
    }
}
