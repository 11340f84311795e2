//! `provider.vault.auth`: the ways to log in to Vault. If several are given, the first in the order of the fields wins.

pub use super::vault_cloud::{
    VaultGcpAuth, VaultGcpSecretRef, VaultGcpWorkloadIdentity, VaultIamAuth, VaultIamJwt,
};
use super::{SecretKeySelector, ServiceAccountSelector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to log in to Vault; exactly one method.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultAuth {
    /// Namespace of Vault in which to log in. Default: the store's namespace of Vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,

    /// A token, kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_secret_ref: Option<SecretKeySelector>,

    /// Log in by AppRole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_role: Option<VaultAppRole>,

    /// Log in by the token of a ServiceAccount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes: Option<VaultKubernetesAuth>,

    /// Log in by name and password of LDAP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ldap: Option<VaultLdapAuth>,

    /// Log in by name and password of Vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_pass: Option<VaultUserPassAuth>,

    /// Log in by a JWT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<VaultJwtAuth>,

    /// Log in by a client certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<VaultCertAuth>,

    /// Log in by an identity of AWS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam: Option<VaultIamAuth>,

    /// Log in by an identity of Google Cloud.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gcp: Option<VaultGcpAuth>,
}

/// Log in by AppRole.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultAppRole {
    /// Where the method is mounted. Default: approle.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "approle"))]
    pub path: Option<String>,

    /// The role id, in clear.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_id: Option<String>,

    /// The role id, kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_ref: Option<SecretKeySelector>,

    /// The secret id.
    pub secret_ref: SecretKeySelector,
}

/// Log in by the token of a ServiceAccount.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultKubernetesAuth {
    /// Where the method is mounted. Default: kubernetes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "kubernetes"))]
    pub mount_path: Option<String>,

    /// The role of Vault.
    pub role: String,

    /// The ServiceAccount for which a token is requested; it lasts 600 seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,

    /// A token, kept in a Secret; its key defaults to token. Default: the token of the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,
}

/// Log in by name and password of LDAP.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultLdapAuth {
    /// Where the method is mounted. Default: ldap.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "ldap"))]
    pub path: Option<String>,

    /// The name.
    pub username: String,

    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,
}

/// Log in by name and password of Vault.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultUserPassAuth {
    /// Where the method is mounted. Default: userpass.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "userpass"))]
    pub path: Option<String>,

    /// The name.
    pub username: String,

    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,
}

/// Log in by a JWT.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultJwtAuth {
    /// Where the method is mounted. Default: jwt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "jwt"))]
    pub path: Option<String>,

    /// The role of Vault. Default: that of the mount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,

    /// A JWT, kept in a Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,

    /// A ServiceAccount for which a token is requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kubernetes_service_account_token: Option<VaultServiceAccountToken>,
}

/// A ServiceAccount for which a token is requested.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultServiceAccountToken {
    /// The ServiceAccount.
    pub service_account_ref: ServiceAccountSelector,

    /// Audiences of the token, besides those of serviceAccountRef. Default: vault.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audiences: Option<Vec<String>>,

    /// How long the token lasts, in seconds. Default: 600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiration_seconds: Option<i64>,
}

/// Log in by a client certificate.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultCertAuth {
    /// Where the method is mounted. Default: cert.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "cert"))]
    pub path: Option<String>,

    /// The role of Vault. Default: any whose certificate matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vault_role: Option<String>,

    /// The certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_cert: Option<SecretKeySelector>,

    /// The private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretKeySelector>,
}
