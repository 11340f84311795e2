//! `provider.aws`: Secrets Manager, Parameter Store, Certificate Manager.

use super::{SecretKeySelector, ServiceAccountSelector};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A store at AWS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Aws {
    /// Which of AWS's services holds the values.
    pub service: AwsService,

    /// Region of the service, such as eu-central-1.
    pub region: String,

    /// Credentials: secretRef or jwt. Default: what the environment of the controller offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AwsAuth>,

    /// ARN of a role that is assumed with these credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,

    /// ARNs of roles that are assumed one after the other before role is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub additional_roles: Vec<String>,

    /// External id that is given when role is assumed.
    #[serde(rename = "externalID", skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,

    /// Session tags that are given when role is assumed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub session_tags: Vec<AwsTag>,

    /// Keys of session tags that pass on to the roles assumed next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transitive_tag_keys: Vec<String>,

    /// Further session tags that say who asks. None: none. Simple: esoNamespace, esoStoreName and esoStoreKind. Custom:
    /// these and customSessionTags. Default: None.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "None"))]
    pub session_tags_policy: Option<AwsSessionTagsPolicy>,

    /// Session tags for the policy Custom.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("x-kubernetes-validations" = [{
        "rule": "!('esoNamespace' in self) && !('esoStoreName' in self) && !('esoStoreKind' in self)",
        "message": "customSessionTags cannot contain automatically injected reserved keys: esoNamespace, esoStoreName, esoStoreKind"
    }]))]
    pub custom_session_tags: BTreeMap<String, String>,

    /// Settings of Secrets Manager; they concern deletion and so pushed secrets only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets_manager: Option<AwsSecretsManager>,

    /// Put before every key that is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
}

/// Which of AWS's services holds the values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum AwsService {
    /// Secrets Manager.
    #[default]
    SecretsManager,
    /// Systems Manager's Parameter Store.
    ParameterStore,
    /// Certificate Manager.
    CertificateManager,
}

/// Credentials for AWS.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsAuth {
    /// An access key, kept in Secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<AwsSecretRef>,

    /// The token of a ServiceAccount (IAM roles for service accounts).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jwt: Option<AwsJwt>,
}

/// An access key, kept in Secrets.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsSecretRef {
    /// The access key id.
    #[serde(rename = "accessKeyIDSecretRef", skip_serializing_if = "Option::is_none")]
    pub access_key_id_secret_ref: Option<SecretKeySelector>,

    /// The secret access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_access_key_secret_ref: Option<SecretKeySelector>,

    /// The session token; temporary access keys need it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_token_secret_ref: Option<SecretKeySelector>,
}

/// The token of a ServiceAccount.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsJwt {
    /// The ServiceAccount; its annotation eks.amazonaws.com/role-arn names the role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_ref: Option<ServiceAccountSelector>,

    /// Accepted so that older manifests apply; it has no effect. Tokens are requested for serviceAccountRef.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account_token: Option<String>,
}

/// A session tag.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct AwsTag {
    /// Key of the tag.
    pub key: String,

    /// Value of the tag.
    pub value: String,
}

/// Which further session tags are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum AwsSessionTagsPolicy {
    /// None.
    #[default]
    None,
    /// Those that say who asks.
    Simple,
    /// Those that say who asks, and the store's own.
    Custom,
}

/// Settings of Secrets Manager.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AwsSecretsManager {
    /// Deletes pushed secrets at once, without a recovery window.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub force_delete_without_recovery: Option<bool>,

    /// Recovery window of deleted secrets in days, from 7 to 30. Default: 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery_window_in_days: Option<i64>,
}
