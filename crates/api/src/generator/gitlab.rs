//! `GitlabDeployToken`: deploy tokens of a project or a group. They are revoked when they are of no use any more.

use crate::provider::SecretKeySelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Of which project or group, and what for.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitlabSpec {
    /// Address of GitLab. Default: https://gitlab.com.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,

    /// Number or path of the project. Exactly one of projectID and groupID.
    #[serde(rename = "projectID", skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,

    /// Number or path of the group.
    #[serde(rename = "groupID", skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,

    /// Name of the token.
    pub name: String,

    /// What the token may do.
    #[schemars(length(min = 1))]
    pub scopes: Vec<GitlabScope>,

    /// When the token expires, as RFC 3339 has it. Default: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub expires_at: Option<String>,

    /// User name that goes with the token. Default: gitlab+deploy-token-{n}.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,

    /// How to log in to GitLab.
    pub auth: GitlabAuth,
}

/// How to log in to GitLab.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitlabAuth {
    /// An access token with the scope api, of a maintainer at least.
    pub token: GitlabToken,
}

/// An access token.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GitlabToken {
    /// Where it is kept.
    pub secret_ref: SecretKeySelector,
}

/// What a deploy token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GitlabScope {
    /// Read the repository.
    ReadRepository,
    /// Read the container registry.
    ReadRegistry,
    /// Write the container registry.
    WriteRegistry,
    /// Read the package registry.
    ReadPackageRegistry,
    /// Write the package registry.
    WritePackageRegistry,
    /// Read the virtual registry; projects only.
    ReadVirtualRegistry,
    /// Write the virtual registry; projects only.
    WriteVirtualRegistry,
}
