//! `ClusterGenerator`: a generator that ExternalSecrets of all namespaces may name.

use super::{
    AcrSpec, CloudsmithSpec, EcrSpec, FakeSpec, GcrSpec, GithubSpec, GitlabSpec, GrafanaSpec, MfaSpec,
    PasswordSpec, QuaySpec, SshKeySpec, StsSpec, UuidSpec, VaultDynamicSecretSpec, WebhookSpec,
};
use crate::external_secret::GENERATOR_KINDS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which generator it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct ClusterGeneratorSpec {
    /// Kind of the generator.
    #[schemars(extend("enum" = kinds()))]
    pub kind: String,

    /// Its specification, in the field of its kind.
    #[schemars(extend(
        "minProperties" = 1, "maxProperties" = 1, "x-kubernetes-preserve-unknown-fields" = true
    ))]
    pub generator: GeneratorSpecs,
}

/// The specification by kind. Those of kinds that are not served here are kept as they are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GeneratorSpecs {
    /// A Fake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fake_spec: Option<FakeSpec>,

    /// An MFA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_spec: Option<MfaSpec>,

    /// A Password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_spec: Option<PasswordSpec>,

    /// An SSHKey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_spec: Option<SshKeySpec>,

    /// A UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid_spec: Option<UuidSpec>,

    /// An ACRAccessToken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr_access_token_spec: Option<AcrSpec>,

    /// A CloudsmithAccessToken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cloudsmith_access_token_spec: Option<CloudsmithSpec>,

    /// An ECRAuthorizationToken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ecr_authorization_token_spec: Option<EcrSpec>,

    /// A GCRAccessToken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcr_access_token_spec: Option<GcrSpec>,

    /// A GithubAccessToken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github_access_token_spec: Option<GithubSpec>,

    /// A GitlabDeployToken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitlab_deploy_token_spec: Option<GitlabSpec>,

    /// A Grafana.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grafana_spec: Option<GrafanaSpec>,

    /// A QuayAccessToken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quay_access_token_spec: Option<QuaySpec>,

    /// A STSSessionToken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sts_session_token_spec: Option<StsSpec>,

    /// A VaultDynamicSecret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault_dynamic_secret_spec: Option<VaultDynamicSecretSpec>,

    /// A Webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_spec: Option<WebhookSpec>,
}

/// All kinds but its own.
fn kinds() -> Value {
    json!(GENERATOR_KINDS.iter().filter(|kind| **kind != "ClusterGenerator").collect::<Vec<_>>())
}
