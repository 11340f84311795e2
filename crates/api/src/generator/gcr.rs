//! `GCRAccessToken`: access tokens of Google Cloud, as its registries take them.

use crate::provider::Opaque;
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
    pub workload_identity_federation: Option<Opaque>,
}
