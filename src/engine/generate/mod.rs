//! What generators make, by their specification alone: pure but for randomness, which comes from the crypto library.
//!
//! `Generator → Data`. Who asks, for which ExternalSecret and how often, is not known here.

mod password;
mod random;
mod ssh;
mod totp;

use std::fmt;

use jiff::Timestamp;
use latchkey_api::generator::Generator;
use latchkey_provider::SecretBytes;

use super::convert::Data;

/// Why a generator makes nothing: what to change in it. It holds no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The field to change, below `spec`; none if no field is at fault.
    pub field: Option<&'static str>,
    /// What is wrong with it.
    pub why: String,
}

impl Refused {
    fn at(field: &'static str, why: impl Into<String>) -> Self {
        Self { field: Some(field), why: why.into() }
    }

    fn random() -> Self {
        Self { field: None, why: "the operating system gives no random bytes".to_owned() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// Makes the values of one generator. `seed` is what its Secret holds, for the kinds that name one; `now` the time.
///
/// # Errors
/// The specification cannot be met; [`Refused`] says which field of it.
pub fn make(generator: &Generator, seed: Option<&SecretBytes>, now: Timestamp) -> Result<Data, Refused> {
    match generator {
        Generator::Fake(fake) => {
            Ok(fake.data.iter().map(|(key, value)| (key.clone(), SecretBytes::from(value.clone()))).collect())
        }
        Generator::Mfa(mfa) => totp::make(mfa, seed, now),
        Generator::Password(password) => password::make(password),
        Generator::SshKey(key) => ssh::make(key),
        Generator::Remote(_) => {
            Err(Refused { field: None, why: "it asks a service, which is not done here".to_owned() })
        }
        Generator::Uuid(_) => Ok(Data::from([("uuid".to_owned(), SecretBytes::from(random::uuid()?))])),
    }
}

#[cfg(test)]
mod tests;
