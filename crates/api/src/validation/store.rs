//! What is wrong with a store, and what may be meant otherwise.

use super::aws::aws;
use super::fake::fake;
use super::kubernetes::{kubernetes, trusts_the_system};
use super::scope::Scope;
use super::vault::vault;
use crate::duration::{DurationError, GoDuration};
use crate::provider::aws::AwsService;
use crate::provider::vault_auth::VaultAuth;
use crate::provider::{ProviderCount, ProviderRef};
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
    /// The provider, or this use of it, is known but not read: nothing that uses this store will be synced.
    Unsupported(&'static str),
    /// This field of it is to be an address and has no scheme.
    NoScheme(&'static str),
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
            StoreWarning::NoScheme(field) => {
                format!("{field} is no address; write it with its scheme, as https://host:port")
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
        Ok(ProviderRef::Aws(block)) => {
            warnings.extend(unread_service(block.service));
            errors.extend(aws(scope, block).err());
        }
        Ok(ProviderRef::Vault(block)) => {
            warnings.extend(block.auth.as_ref().and_then(unread_login));
            warnings.extend(
                has_no_scheme(&block.server).then_some(StoreWarning::NoScheme("spec.provider.vault.server")),
            );
            errors.extend(vault(scope, block).err());
        }
        Ok(ProviderRef::Kubernetes(block)) => {
            if trusts_the_system(block) {
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

fn unread_service(service: AwsService) -> Option<StoreWarning> {
    match service {
        AwsService::SecretsManager => None,
        AwsService::ParameterStore => Some(StoreWarning::Unsupported("aws with the service ParameterStore")),
        AwsService::CertificateManager => {
            Some(StoreWarning::Unsupported("aws with the service CertificateManager"))
        }
    }
}

/// Whether an address does not say how to speak to the server; the operator tries, and cannot.
fn has_no_scheme(address: &str) -> bool {
    let begins = |scheme: &str| address.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
    !["https://", "http://"].into_iter().any(begins)
}

/// Of several logins the first counts, and `iam` and `gcp` come last.
fn unread_login(auth: &VaultAuth) -> Option<StoreWarning> {
    let VaultAuth {
        namespace: _,
        token_secret_ref,
        app_role,
        kubernetes,
        ldap,
        user_pass,
        jwt,
        cert,
        iam,
        gcp,
    } = auth;
    let reads = token_secret_ref.is_some()
        || app_role.is_some()
        || kubernetes.is_some()
        || ldap.is_some()
        || user_pass.is_some()
        || jwt.is_some()
        || cert.is_some();
    match (reads, iam, gcp) {
        (false, Some(_), _) => Some(StoreWarning::Unsupported("vault with a login by iam")),
        (false, None, Some(_)) => Some(StoreWarning::Unsupported("vault with a login by gcp")),
        (true, ..) | (false, None, None) => None,
    }
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

pub(super) fn settings(message: impl Into<String>) -> InvalidStore {
    InvalidStore::Settings(message.into())
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
