//! `GCRAccessToken`: access tokens of Google Cloud, as its registries take them.

use crate::patterns::{DATA_KEY, LABEL, SUBDOMAIN};
use crate::provider::ServiceAccountSelector;
use crate::provider::vault_auth::{VaultGcpSecretRef, VaultGcpWorkloadIdentity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In which project, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GcrSpec {
    /// How to log in to Google Cloud.
    pub auth: GcrAuth,

    /// The project.
    #[serde(rename = "projectID")]
    pub project_id: String,
}

/// How to log in to Google Cloud.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GcrAuth {
    /// A service account's key, kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<VaultGcpSecretRef>,

    /// A ServiceAccount that stands for one of Google Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<VaultGcpWorkloadIdentity>,

    /// An identity of another cloud or cluster that Google Cloud trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity_federation: Option<GcrFederation>,
}

/// An identity of another cloud or cluster that Google Cloud trusts: exactly one of credConfig, serviceAccountRef and awsSecurityCredentials.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GcrFederation {
    /// The pool and provider of identities, such as //iam.googleapis.com/projects/1234/locations/global/workloadIdentityPools/pool/providers/provider. Default: what credConfig says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,

    /// A ServiceAccount of this cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,

    /// The configuration of an external account, kept in a ConfigMap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cred_config: Option<GcrFederationConfig>,

    /// Credentials for AWS. Not supported yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aws_security_credentials: Option<GcrFederationAws>,

    /// Where the token is fetched that Google exchanges; the same address as credential_source.url in credConfig.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_token_endpoint: Option<String>,

    /// The service account of Google Cloud to impersonate. Default: that of the ServiceAccount's annotation iam.gke.io/gcp-service-account, or of credConfig.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcp_service_account_email: Option<String>,
}

/// One key of a ConfigMap with the configuration of an external account, as JSON.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GcrFederationConfig {
    /// Name of the ConfigMap.
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: String,

    /// Key in the ConfigMap.
    #[schemars(regex(pattern = DATA_KEY), length(min = 1, max = 253))]
    pub key: String,

    /// Namespace of the ConfigMap: that of the ExternalSecret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = LABEL), length(min = 1, max = 63))]
    pub namespace: Option<String>,
}

/// Credentials for AWS. Not supported yet.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GcrFederationAws {
    /// The region.
    #[schemars(length(min = 1, max = 50))]
    pub region: String,

    /// The Secret with the keys aws_access_key_id, aws_secret_access_key and aws_session_token.
    pub aws_credentials_secret_ref: GcrFederationSecret,
}

/// A Secret.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GcrFederationSecret {
    /// Name of the Secret.
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: String,

    /// Namespace of the Secret: that of the ExternalSecret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = LABEL), length(min = 1, max = 63))]
    pub namespace: Option<String>,
}
