//! The key of latchkey's digests.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::{hmac, rand};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use kube::Client;

use super::Error;
use super::secrets::{OwnSecret, Write};

/// The Secret that all replicas share, and its one key.
const SECRET: &str = "latchkey-digest-key";
const KEY: &str = "key";

/// Length of the key in bytes.
const KEY_LENGTH: usize = 32;

/// Hexadecimal digits of a digest: 128 bits tell values apart, and that is all that they are for.
const DIGITS: usize = 32;

/// Makes digests of values that may be shown: who does not have the key cannot try out which value it was.
#[derive(Clone)]
pub struct DigestKey(hmac::Key);

impl DigestKey {
    /// A key of these bytes.
    pub fn new(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The key of all replicas, made if this one is the first.
    ///
    /// # Errors
    /// The Secret can be neither read nor made, or is not what it should be.
    pub async fn load(client: Client, namespace: &str) -> Result<Self, Error> {
        let secret = OwnSecret::new(client, namespace, SECRET);
        loop {
            if let Some(stored) = secret.read().await? {
                return key_of(&stored).ok_or_else(|| secret.malformed(KEY));
            }
            let mut key = [0; KEY_LENGTH];
            rand::fill(&mut key).map_err(|_| Error::Random)?;
            let data = BTreeMap::from([(KEY.to_owned(), ByteString(key.to_vec()))]);
            match secret.write(None, data).await? {
                Write::Done => return Ok(Self::new(&key)),
                Write::Lost => {}
            }
        }
    }

    /// HMAC-SHA256 of the text, in 32 hexadecimal digits.
    pub fn digest(&self, text: &[u8]) -> String {
        let tag = hmac::sign(&self.0, text);
        tag.as_ref().iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey([redacted])")
    }
}

fn key_of(secret: &Secret) -> Option<DigestKey> {
    let key = secret.data.as_ref()?.get(KEY)?;
    (key.0.len() >= KEY_LENGTH).then(|| DigestKey::new(&key.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_hmac_sha256_cut_to_half() {
        // RFC 4231, test case 2.
        let digest = DigestKey::new(b"Jefe").digest(b"what do ya want for nothing?");
        assert_eq!(digest, "5bdcc146bf60754e6a042426089575c7");
    }

    #[test]
    fn is_not_shown() {
        assert_eq!(format!("{:?}", DigestKey::new(b"Jefe")), "DigestKey([redacted])");
    }

    #[test]
    fn a_short_key_is_none() {
        let of = |length| Secret {
            data: Some([(KEY.to_owned(), ByteString(vec![7; length]))].into()),
            ..Secret::default()
        };
        assert!(key_of(&of(KEY_LENGTH)).is_some());
        assert!(key_of(&of(KEY_LENGTH - 1)).is_none());
        assert!(key_of(&Secret::default()).is_none());
    }
}
