//! Whether a Secret still is what an ExternalSecret wrote.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;

use super::super::desired::ownership::{DATA_HASH, is_managed};
use super::super::error::Error;
use super::super::hash;
use super::super::outcome::SecretState;
use super::{Attempt, SecretWriter, state};

impl SecretWriter {
    /// The Secret as it is, if it is there and its data is what was written last: External Secrets Operator's
    /// `isSecretValid`. Type, labels and annotations have no part in that.
    ///
    /// # Errors
    /// The API server cannot be asked, or does not let us.
    pub async fn verify(&self, namespace: &str, name: &str) -> Result<Option<SecretState>, Error> {
        let read = self.secrets.get(namespace, name).await;
        let secret = read.map_err(|failure| Attempt { verb: "get", namespace, name }.failed(failure))?;
        Ok(secret.filter(|secret| is_valid(secret)).map(|secret| state(&secret.metadata)))
    }
}

fn is_valid(secret: &Secret) -> bool {
    let annotations = secret.metadata.annotations.as_ref();
    let written = annotations.and_then(|annotations| annotations.get(DATA_HASH));
    let none = BTreeMap::new();
    is_managed(&secret.metadata) && written == Some(&hash::data_hash(secret.data.as_ref().unwrap_or(&none)))
}
