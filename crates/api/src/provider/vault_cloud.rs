//! `provider.vault.auth.iam` and `provider.vault.auth.gcp`: logging in to Vault by an identity of a cloud.

use super::aws::AwsSecretRef;
use super::{SecretKeySelector, ServiceAccountSelector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Log in by an identity of AWS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultIamAuth {
    /// Where the method is mounted. Default: aws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,

    /// Region of AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,

    /// ARN of a role of AWS that is assumed first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,

    /// The role of Vault.
    pub vault_role: String,

    /// External id that is given when role is assumed.
    #[serde(rename = "externalID", skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,

    /// Value of the header X-Vault-AWS-IAM-Server-ID, if the server asks for it.
    #[serde(rename = "vaultAwsIamServerID", skip_serializing_if = "Option::is_none")]
    pub vault_aws_iam_server_id: Option<String>,

    /// An access key, kept in Secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<AwsSecretRef>,

    /// The token of a ServiceAccount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<VaultIamJwt>,
}

/// The token of a ServiceAccount.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultIamJwt {
    /// The ServiceAccount; its annotation eks.amazonaws.com/role-arn names the role of AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
}

/// Log in by an identity of Google Cloud.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultGcpAuth {
    /// Where the method is mounted. Default: gcp.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "gcp"))]
    pub path: Option<String>,

    /// The role of Vault.
    pub role: String,

    /// The project.
    #[serde(rename = "projectID", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,

    /// The region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,

    /// A service account's key, kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<VaultGcpSecretRef>,

    /// A ServiceAccount that stands for one of Google Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_identity: Option<VaultGcpWorkloadIdentity>,

    /// A ServiceAccount that is impersonated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,
}

/// A service account's key, kept in a Secret.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultGcpSecretRef {
    /// The key, as JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_access_key_secret_ref: Option<SecretKeySelector>,
}

/// A ServiceAccount that stands for one of Google Cloud.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultGcpWorkloadIdentity {
    /// The ServiceAccount.
    pub service_account_ref: ServiceAccountSelector,

    /// Location of the cluster. Default: what the metadata server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_location: Option<String>,

    /// Name of the cluster. Default: what the metadata server says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster_name: Option<String>,

    /// Project of the cluster. Default: that of the store.
    #[serde(rename = "clusterProjectID", skip_serializing_if = "Option::is_none")]
    pub cluster_project_id: Option<String>,
}
