//! `provider.vault`: HashiCorp Vault's key-value engines.

use super::vault_auth::VaultAuth;
use super::{CaProvider, SecretKeySelector};
use k8s_openapi::ByteString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A store in Vault.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Vault {
    /// Address of the server, such as https://vault.example.com:8200.
    pub server: String,

    /// How to log in; exactly one method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<VaultAuth>,

    /// Where the key-value engine is mounted, such as secret. Default: the first segment of each key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,

    /// Version of the key-value engine. Default: v2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "v2"))]
    pub version: Option<VaultKvVersion>,

    /// Namespace of Vault (Enterprise, OpenBao) in which values are read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,

    /// PEM certificates, base64-encoded, that the server's must be signed by. Default: those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::overrides::Base64>")]
    pub ca_bundle: Option<ByteString>,

    /// PEM certificates in a Secret or ConfigMap that the server's must be signed by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,

    /// A client certificate, if the server asks for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<VaultClientTls>,

    /// Sends the replication state of earlier answers along, so that reads see earlier writes. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read_your_writes: Option<bool>,

    /// Lets a node that lags behind forward requests to the active one. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_inconsistent: Option<bool>,

    /// Headers of every request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,

    /// Check-and-set, for pushed secrets only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_and_set: Option<VaultCheckAndSet>,
}

impl Vault {
    /// The version of the engine that is meant: an absent one is v2.
    pub fn version(&self) -> VaultKvVersion {
        self.version.unwrap_or_default()
    }
}

/// Version of the key-value engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VaultKvVersion {
    /// Without versions of values.
    V1,
    /// With versions of values.
    #[default]
    V2,
}

/// A client certificate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultClientTls {
    /// The certificate; its key defaults to tls.crt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_secret_ref: Option<SecretKeySelector>,

    /// The private key; its key defaults to tls.key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_secret_ref: Option<SecretKeySelector>,
}

/// Check-and-set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultCheckAndSet {
    /// Whether every write names the version that it replaces. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<bool>,
}
