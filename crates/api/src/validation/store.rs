//! What is wrong with a store, and what may be meant otherwise.

use super::vault::vault;
use crate::duration::{DurationError, GoDuration};
use crate::provider::aws::{AwsAuth, AwsSecretsManager};
use crate::provider::{
    Aws, CaProvider, Fake, Kubernetes, ProviderCount, ProviderRef, SecretKeySelector, ServiceAccountSelector,
};
use crate::store::{SecretStoreSpec, StoreKind};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::fmt;

/// One thing that is wrong with a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStore {
    /// It has no provider, or several.
    #[error(transparent)]
    Provider(#[from] ProviderCount),
    /// Its refresh interval is no duration.
    #[error("invalid refreshInterval {text:?}: {source}")]
    RefreshInterval {
        /// What it is.
        text: String,
        /// Why it is no duration.
        source: DurationError,
    },
    /// Its refresh interval is less than zero.
    #[error("invalid refreshInterval {0:?}: must not be negative")]
    NegativeRefreshInterval(String),
    /// A reference to a Secret or a ServiceAccount names a namespace that it must not, or none.
    #[error("{}{reason}", prefix(.field))]
    Selector {
        /// Which one, or nothing where the operator does not say.
        field: &'static str,
        /// Why.
        reason: SelectorError,
    },
    /// The settings of a provider do not fit together.
    #[error("{0}")]
    Settings(String),
}

/// Why a reference is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectorError {
    /// A store of one namespace names another one.
    #[error(
        "namespace should either be empty or match the namespace of the SecretStore for a namespaced SecretStore"
    )]
    OtherNamespace,
    /// A store of the cluster names none.
    #[error("cluster scope requires namespace")]
    NoNamespace,
}

fn prefix(field: &str) -> String {
    if field.is_empty() { String::new() } else { format!("invalid {field}: ") }
}

/// Something about a store that whoever applies it should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreWarning {
    /// The provider is there for trying things out.
    Unmaintained,
    /// The server's certificate is checked against those of the system.
    SystemRoots,
    /// The provider is known by its key but not read: nothing that uses this store will be synced.
    Unsupported(&'static str),
}

impl StoreWarning {
    /// The warning, about the store of this name.
    pub fn message(&self, store: &str) -> impl fmt::Display {
        match self {
            StoreWarning::Unmaintained => {
                format!("store {store} isn't currently maintained. Please plan and prepare accordingly.")
            }
            StoreWarning::SystemRoots => {
                "No caBundle or caProvider specified; TLS connections will use system certificate roots."
                    .into()
            }
            StoreWarning::Unsupported(key) => {
                format!(
                    "store {store} uses the provider {key:?}, which is not supported: nothing that uses it is synced"
                )
            }
        }
    }
}

/// What is wrong with a store, and what should be known about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreValidation {
    /// What is wrong.
    pub errors: Vec<InvalidStore>,
    /// What should be known.
    pub warnings: Vec<StoreWarning>,
}

/// Everything that is wrong with a store of this kind in this namespace. Regular expressions of its conditions are
/// compiled by the caller.
pub fn validate_store(kind: StoreKind, namespace: Option<&str>, spec: &SecretStoreSpec) -> StoreValidation {
    let mut errors = Vec::from_iter(refresh_interval(spec));
    let scope = Scope { kind, namespace };
    let mut warnings = Vec::new();
    match spec.provider.kind() {
        Ok(ProviderRef::Aws(block)) => errors.extend(aws(scope, block).err()),
        Ok(ProviderRef::Vault(block)) => errors.extend(vault(scope, block).err()),
        Ok(ProviderRef::Kubernetes(block)) => {
            let settings = block.server.as_ref();
            if block.auth_ref.is_none()
                && settings.is_none_or(|server| server.ca_bundle.is_none() && server.ca_provider.is_none())
            {
                warnings.push(StoreWarning::SystemRoots);
            }
            errors.extend(kubernetes(scope, block).err());
        }
        Ok(ProviderRef::Fake(block)) => {
            warnings.push(StoreWarning::Unmaintained);
            errors.extend(fake(block).err());
        }
        Ok(ProviderRef::Unsupported(key)) => warnings.push(StoreWarning::Unsupported(key)),
        Err(count) => errors.push(count.into()),
    }
    StoreValidation { errors, warnings }
}

fn refresh_interval(spec: &SecretStoreSpec) -> Option<InvalidStore> {
    match spec.refresh_interval.as_ref()? {
        IntOrString::Int(seconds) => {
            (*seconds < 0).then(|| InvalidStore::NegativeRefreshInterval(seconds.to_string()))
        }
        IntOrString::String(text) if text.is_empty() => None,
        IntOrString::String(text) => match GoDuration::parse(text) {
            Ok(interval) => {
                interval.is_negative().then(|| InvalidStore::NegativeRefreshInterval(text.clone()))
            }
            Err(source) => Some(InvalidStore::RefreshInterval { text: text.clone(), source }),
        },
    }
}

/// Where a store lives, which says what namespaces it may name.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    kind: StoreKind,
    namespace: Option<&'a str>,
}

impl Scope<'_> {
    /// A reference that, in a store of the cluster, may leave the namespace to the ExternalSecret.
    pub(super) fn referent(self, field: &'static str, namespace: Option<&str>) -> Result<(), InvalidStore> {
        let foreign = namespace.is_some() && namespace != self.namespace;
        if self.kind == StoreKind::SecretStore && foreign {
            return Err(InvalidStore::Selector { field, reason: SelectorError::OtherNamespace });
        }
        Ok(())
    }

    /// A reference that, in a store of the cluster, must name a namespace.
    fn absolute(self, field: &'static str, namespace: Option<&str>) -> Result<(), InvalidStore> {
        if self.kind == StoreKind::ClusterSecretStore && namespace.is_none() {
            return Err(InvalidStore::Selector { field, reason: SelectorError::NoNamespace });
        }
        self.referent(field, namespace)
    }

    /// The same for a reference to a Secret that may be absent.
    pub(super) fn secret(
        self,
        field: &'static str,
        selector: Option<&SecretKeySelector>,
    ) -> Result<(), InvalidStore> {
        self.referent(field, selector.and_then(|selector| selector.namespace.as_deref()))
    }

    /// The same for a reference to a ServiceAccount that may be absent.
    pub(super) fn service_account(
        self,
        field: &'static str,
        selector: Option<&ServiceAccountSelector>,
    ) -> Result<(), InvalidStore> {
        self.referent(field, selector.and_then(|selector| selector.namespace.as_deref()))
    }
}

pub(super) fn settings(message: impl Into<String>) -> InvalidStore {
    InvalidStore::Settings(message.into())
}

fn aws(scope: Scope<'_>, block: &Aws) -> Result<(), InvalidStore> {
    if !is_host_label(&block.region) {
        return Err(settings(format!("region not found: {}", block.region)));
    }
    block.secrets_manager.as_ref().map_or(Ok(()), secrets_manager)?;
    let Some(AwsAuth { secret_ref, jwt }) = &block.auth else { return Ok(()) };
    if let Some(keys) = secret_ref {
        scope.secret("Auth.SecretRef.AccessKeyID", keys.access_key_id_secret_ref.as_ref())?;
        scope.secret("Auth.SecretRef.SecretAccessKey", keys.secret_access_key_secret_ref.as_ref())?;
        scope.secret("Auth.SecretRef.SessionToken", keys.session_token_secret_ref.as_ref())?;
    }
    let account = jwt.as_ref().and_then(|jwt| jwt.service_account_ref.as_ref());
    scope.service_account("Auth.JWT.ServiceAccountRef", account)
}

/// A region becomes part of a host name, and may be nothing else.
fn is_host_label(region: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&region.len()) && region.bytes().all(known) && !region.starts_with('-')
}

fn secrets_manager(block: &AwsSecretsManager) -> Result<(), InvalidStore> {
    let reason =
        match (block.recovery_window_in_days.unwrap_or_default(), block.force_delete_without_recovery) {
            (0, _) => return Ok(()),
            (7..=30, Some(true)) => "ForceDeleteWithoutRecovery conflicts with RecoveryWindowInDays",
            (7..=30, _) => return Ok(()),
            _ => "RecoveryWindowInDays must be between 7 and 30 days",
        };
    Err(settings(format!("invalid DeleteSecretInput: {reason}")))
}

fn kubernetes(scope: Scope<'_>, block: &Kubernetes) -> Result<(), InvalidStore> {
    let authority = block.server.as_ref().and_then(|server| server.ca_provider.as_ref());
    authority.map_or(Ok(()), |authority| certificate_authority(scope, authority))?;
    let Some(auth) = &block.auth else { return Ok(()) };
    if let Some(cert) = &auth.cert {
        complete("ClientCert", cert.client_cert.as_ref())?;
        scope.absolute("", cert.client_cert.as_ref().and_then(|cert| cert.namespace.as_deref()))?;
    }
    if let Some(token) = &auth.token {
        complete("BearerToken", token.bearer_token.as_ref())?;
        scope.absolute("", token.bearer_token.as_ref().and_then(|token| token.namespace.as_deref()))?;
    }
    scope.service_account("", auth.service_account.as_ref())
}

fn certificate_authority(scope: Scope<'_>, authority: &CaProvider) -> Result<(), InvalidStore> {
    match (scope.kind, &authority.namespace) {
        (StoreKind::ClusterSecretStore, None) => {
            Err(settings("CAProvider.namespace must not be empty with ClusterSecretStore"))
        }
        (StoreKind::SecretStore, Some(_)) => {
            Err(settings("CAProvider.namespace must be empty with SecretStore"))
        }
        (StoreKind::ClusterSecretStore, Some(_)) | (StoreKind::SecretStore, None) => Ok(()),
    }
}

fn complete(field: &str, selector: Option<&SecretKeySelector>) -> Result<(), InvalidStore> {
    let given = |part: fn(&SecretKeySelector) -> &Option<String>| {
        selector.and_then(|selector| part(selector).as_deref()).is_some_and(|text| !text.is_empty())
    };
    if !given(|selector| &selector.name) {
        return Err(settings(format!("{field}.Name cannot be empty")));
    }
    if !given(|selector| &selector.key) {
        return Err(settings(format!("{field}.Key cannot be empty")));
    }
    Ok(())
}

fn fake(block: &Fake) -> Result<(), InvalidStore> {
    for (position, data) in block.data.iter().enumerate() {
        if data.key.is_empty() {
            return Err(settings(format!("key must be set in data {position}")));
        }
        if data.value.is_empty() {
            return Err(settings(format!("at least one value must be set in data {position}")));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
