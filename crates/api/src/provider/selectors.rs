//! References to Secrets, ServiceAccounts and certificates, as every provider block uses them.

use crate::patterns::{DATA_KEY, LABEL, SUBDOMAIN};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One key of a Secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub struct SecretKeySelector {
    /// Name of the Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: Option<String>,

    /// Key in the Secret. Some fields have a default for it, others need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = DATA_KEY), length(min = 1, max = 253))]
    pub key: Option<String>,

    /// Namespace of the Secret, in a ClusterSecretStore only. Default: that of the ExternalSecret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = LABEL), length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// A ServiceAccount for which a token is requested.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub struct ServiceAccountSelector {
    /// Name of the ServiceAccount.
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: String,

    /// Namespace of the ServiceAccount, in a ClusterSecretStore only. Default: that of the ExternalSecret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = LABEL), length(min = 1, max = 63))]
    pub namespace: Option<String>,

    /// Audiences of the token, besides those that annotations of the ServiceAccount ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub audiences: Vec<String>,
}

/// A PEM certificate authority in a Secret or a ConfigMap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub struct CaProvider {
    /// Secret or ConfigMap.
    #[serde(rename = "type")]
    pub type_: CaProviderType,

    /// Name of the Secret or ConfigMap.
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: String,

    /// Key in the Secret or ConfigMap.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = DATA_KEY), length(min = 1, max = 253))]
    pub key: Option<String>,

    /// Namespace of the Secret or ConfigMap, in a ClusterSecretStore only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = LABEL), length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// What holds a certificate authority.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
pub enum CaProviderType {
    /// A Secret.
    #[default]
    Secret,
    /// A ConfigMap.
    ConfigMap,
}
