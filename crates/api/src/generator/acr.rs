//! `ACRAccessToken`: tokens for an Azure Container Registry.

use crate::provider::{SecretKeySelector, ServiceAccountSelector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which registry, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcrSpec {
    /// How to log in to Azure: by servicePrincipal, else by managedIdentity, else by workloadIdentity.
    pub auth: AcrAuth,

    /// Tenant of the service principal or of the workload identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,

    /// Host name of the registry, such as example.azurecr.io.
    pub registry: String,

    /// What the token is good for, such as repository:my-repository:pull,push. Default: a refresh token with all that the identity may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,

    /// Which cloud: PublicCloud, USGovernmentCloud, ChinaCloud, GermanCloud or AzureStackCloud. Default: PublicCloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "PublicCloud"))]
    pub environment_type: Option<AzureEnvironment>,
}

/// How to log in to Azure.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcrAuth {
    /// A service principal, kept in Secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_principal: Option<AcrServicePrincipal>,

    /// A managed identity of the machine that latchkey runs on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed_identity: Option<AcrManagedIdentity>,

    /// A ServiceAccount that is federated with an application of Azure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<AcrWorkloadIdentity>,
}

/// A service principal.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcrServicePrincipal {
    /// Where it is kept.
    pub secret_ref: AcrServicePrincipalRef,
}

/// Where a service principal is kept.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcrServicePrincipalRef {
    /// Its client id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<SecretKeySelector>,

    /// Its client secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<SecretKeySelector>,
}

/// A managed identity.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcrManagedIdentity {
    /// Its client id or resource id, where the machine has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity_id: Option<String>,
}

/// A ServiceAccount that is federated with an application of Azure.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcrWorkloadIdentity {
    /// The ServiceAccount; its annotations azure.workload.identity/client-id and /tenant-id say which application.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
}

/// A cloud of Azure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum AzureEnvironment {
    /// The public one.
    #[default]
    PublicCloud,
    /// That of the government of the United States.
    USGovernmentCloud,
    /// That of China.
    ChinaCloud,
    /// That of Germany.
    GermanCloud,
    /// An own one.
    AzureStackCloud,
}
