//! Fields that older manifests carry and that have no effect.

use crate::external_secret::ExternalSecretSpec;
use crate::store::SecretStoreSpec;

/// An object that may carry such fields.
pub trait Ignored {
    /// The paths of those that it carries.
    fn ignored_fields(&self) -> Vec<&'static str>;
}

/// The paths of fields that are set in this object and have no effect, for a warning to whoever applies it.
pub fn ignored_fields(object: &impl Ignored) -> Vec<&'static str> {
    object.ignored_fields()
}

impl Ignored for ExternalSecretSpec {
    fn ignored_fields(&self) -> Vec<&'static str> {
        let key = self.secret_store_ref.as_ref().and_then(|store| store.key.as_ref());
        key.map(|_| "spec.secretStoreRef.key").into_iter().collect()
    }
}

impl Ignored for SecretStoreSpec {
    fn ignored_fields(&self) -> Vec<&'static str> {
        let auth = self.provider.aws.as_ref().and_then(|aws| aws.auth.as_ref());
        let token =
            auth.and_then(|auth| auth.jwt.as_ref()).and_then(|jwt| jwt.service_account_token.as_ref());
        token.map(|_| "spec.provider.aws.auth.jwt.serviceAccountToken").into_iter().collect()
    }
}
