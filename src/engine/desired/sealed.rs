//! A Secret in memory, between the API server and us.

use std::fmt;
use std::ops::{Deref, DerefMut};

use k8s_openapi::api::core::v1::Secret;
use latchkey_provider::SecretBytes;

/// A Secret with values: it cannot be printed, and its values are overwritten when it goes.
///
/// At this border the values stand in `ByteString`s, as the API's types want them. What serialises them into the request
/// leaves copies that nobody overwrites; they are short-lived.
#[derive(Default, PartialEq)]
pub struct Sealed(Secret);

impl Sealed {
    /// Takes the Secret over.
    pub fn new(secret: Secret) -> Self {
        Self(secret)
    }
}

impl Deref for Sealed {
    type Target = Secret;

    fn deref(&self) -> &Secret {
        &self.0
    }
}

impl DerefMut for Sealed {
    fn deref_mut(&mut self) -> &mut Secret {
        &mut self.0
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        for value in self.0.data.iter_mut().flat_map(|data| data.values_mut()) {
            drop(SecretBytes::new(std::mem::take(&mut value.0)));
        }
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret {:?} [redacted]", self.0.metadata.name.as_deref().unwrap_or_default())
    }
}
