//! `spec.provider`: which provider holds the values. Exactly one block is given.

pub mod aws;
pub mod fake;
pub mod kubernetes;
mod other;
mod selectors;
pub mod vault;
pub mod vault_auth;
mod vault_cloud;

pub use aws::Aws;
pub use fake::Fake;
pub use kubernetes::Kubernetes;
pub use other::Opaque;
pub use selectors::{CaProvider, CaProviderType, SecretKeySelector, ServiceAccountSelector};
pub use vault::Vault;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Makes [`Provider`] of one line per key, so that a key cannot be a field and yet be left out of `kind`.
macro_rules! provider {
    (
        read { $($typed:ident: $block:ident, $typed_doc:literal;)* }
        kept { $($field:ident = $key:literal, $doc:literal;)* }
    ) => {
        /// The provider and how to reach it; exactly one.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
        #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
        pub struct Provider {
            $(
                #[doc = $typed_doc]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $typed: Option<$block>,
            )*
            $(
                #[doc = $doc]
                #[serde(rename = $key, skip_serializing_if = "Option::is_none")]
                pub $field: Option<Opaque>,
            )*
        }

        impl Provider {
            fn given(&self) -> Vec<ProviderRef<'_>> {
                let Self { $($typed,)* $($field,)* } = self;
                let mut given = Vec::new();
                $(given.extend($typed.as_ref().map(ProviderRef::$block));)*
                $(given.extend($field.as_ref().map(|_| ProviderRef::Unsupported($key)));)*
                given
            }
        }

        /// Keys of `spec.provider` that are stored but not read.
        pub const UNSUPPORTED: &[&str] = &[$($key),*];
    };
}

provider! {
    read {
        aws: Aws, "AWS Secrets Manager, Parameter Store or Certificate Manager.";
        vault: Vault, "HashiCorp Vault.";
        kubernetes: Kubernetes, "Secrets of another namespace or cluster.";
        fake: Fake, "Values written into the store itself, for trying things out.";
    }
    kept {
        akeyless = "akeyless", "Akeyless.";
        azurekv = "azurekv", "Azure Key Vault.";
        barbican = "barbican", "OpenStack Barbican.";
        beyondtrust = "beyondtrust", "BeyondTrust Password Safe.";
        beyondtrust_workload_credentials = "beyondtrustworkloadcredentials", "BeyondTrust Workload Credentials.";
        bitwarden_secrets_manager = "bitwardensecretsmanager", "Bitwarden Secrets Manager.";
        chef = "chef", "Chef.";
        cloudru_sm = "cloudrusm", "Cloud.ru Secret Manager.";
        conjur = "conjur", "CyberArk Conjur.";
        crd = "crd", "Custom resources of a cluster.";
        delinea = "delinea", "Delinea DevOps Secrets Vault.";
        doppler = "doppler", "Doppler.";
        dvls = "dvls", "Devolutions Server.";
        fortanix = "fortanix", "Fortanix.";
        gcpsm = "gcpsm", "Google Cloud Secret Manager.";
        github = "github", "Secrets of GitHub Actions; they can only be written.";
        gitlab = "gitlab", "Variables of GitLab.";
        ibm = "ibm", "IBM Cloud Secrets Manager.";
        infisical = "infisical", "Infisical.";
        keeper_security = "keepersecurity", "Keeper Security.";
        nebius_mysterybox = "nebiusmysterybox", "Nebius MysteryBox.";
        ngrok = "ngrok", "ngrok; secrets can only be written.";
        onboardbase = "onboardbase", "Onboardbase.";
        onepassword = "onepassword", "1Password Connect.";
        onepassword_sdk = "onepasswordSDK", "1Password by its SDK.";
        openbao = "openBao", "OpenBao.";
        oracle = "oracle", "Oracle Vault.";
        ovh = "ovh", "OVHcloud.";
        passbolt = "passbolt", "Passbolt.";
        password_depot = "passworddepot", "Password Depot.";
        previder = "previder", "Previder.";
        pulumi = "pulumi", "Pulumi ESC.";
        scaleway = "scaleway", "Scaleway.";
        secret_server = "secretserver", "Delinea Secret Server.";
        senhasegura = "senhasegura", "Senhasegura DSM.";
        volcengine = "volcengine", "Volcengine.";
        webhook = "webhook", "Any service that answers HTTP requests with JSON.";
        yandex_certificate_manager = "yandexcertificatemanager", "Yandex Certificate Manager.";
        yandex_lockbox = "yandexlockbox", "Yandex Lockbox.";
    }
}

/// The one provider block of a store.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ProviderRef<'a> {
    /// AWS.
    Aws(&'a Aws),
    /// HashiCorp Vault.
    Vault(&'a Vault),
    /// Kubernetes.
    Kubernetes(&'a Kubernetes),
    /// Values in the store itself.
    Fake(&'a Fake),
    /// A provider that is known by its key but not read.
    Unsupported(&'static str),
}

impl ProviderRef<'_> {
    /// The key of the block in a manifest.
    pub fn key(&self) -> &'static str {
        match self {
            ProviderRef::Aws(_) => "aws",
            ProviderRef::Vault(_) => "vault",
            ProviderRef::Kubernetes(_) => "kubernetes",
            ProviderRef::Fake(_) => "fake",
            ProviderRef::Unsupported(key) => key,
        }
    }
}

/// A store that has no provider block, or more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderCount {
    /// How many blocks it has.
    pub found: usize,
}

impl fmt::Display for ProviderCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "secret stores must only have exactly one backend specified, found {}", self.found)
    }
}

impl std::error::Error for ProviderCount {}

impl Provider {
    /// The one block that is given.
    pub fn kind(&self) -> Result<ProviderRef<'_>, ProviderCount> {
        match self.given().as_slice() {
            [one] => Ok(*one),
            others => Err(ProviderCount { found: others.len() }),
        }
    }
}
