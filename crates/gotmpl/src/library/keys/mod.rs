//! The functions that External Secrets Operator adds to sprig's: PKCS#12, PEM, JWK, RSA, YAML.
//!
//! What differs from it, beside words that would show data or the insides of Go's libraries:
//!
//! - Where Go dies of a text without a PEM block, the error says so.
//! - Certificates are read with less severity: what Go refuses for what it says, not for its form, is accepted.
//! - Keys of the curve P-224, and RSA keys of more than two primes or more than 16384 bits, are not read.
//! - `rsaDecrypt` takes keys of 2048 to 8192 bits, as aws-lc-rs does; Go takes them from 1024 bits on.
//! - A JSON Web Key whose parts do not belong together, or that something follows, is refused.
//! - Each round of a derivation of a key takes from the budget, so that a store may ask for too many of them.

#[cfg(feature = "keys")]
mod certificate;
#[cfg(feature = "keys")]
mod chain;
#[cfg(feature = "keys")]
mod der;
#[cfg(feature = "keys")]
mod jwk;
#[cfg(feature = "keys")]
mod pem;
#[cfg(feature = "keys")]
mod pkcs12;
#[cfg(feature = "keys")]
mod private_key;
#[cfg(feature = "keys")]
mod rsa;
#[cfg(feature = "keys")]
mod rsa_numbers;
#[cfg(feature = "keys")]
mod subject;
#[cfg(feature = "yaml")]
mod yaml;

use crate::Functions;

/// Adds them.
pub(super) fn add(functions: &mut Functions) {
    #[cfg(feature = "keys")]
    {
        chain::add(functions);
        pkcs12::add(functions);
        jwk::add(functions);
        rsa::add(functions);
    }
    #[cfg(feature = "yaml")]
    yaml::add(functions);
    let _ = functions;
}
