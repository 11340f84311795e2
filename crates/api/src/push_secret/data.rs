//! Which keys go where: `spec.data` and `spec.dataTo`.

use std::borrow::Cow;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::external_secret::{Rewrite, RewriteRegexp, RewriteTransform};
use crate::overrides::LabelSelectorSchema;
use crate::patterns::SUBDOMAIN;

/// The `apiVersion` of the metadata that providers take.
pub const METADATA_API_VERSION: &str = "kubernetes.external-secrets.io/v1alpha1";
/// The `kind` of the metadata that providers take.
pub const METADATA_KIND: &str = "PushSecretMetadata";

/// One key and where it goes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushData {
    /// The key and the remote secret.
    #[serde(rename = "match")]
    pub match_: PushMatch,

    /// Settings for the provider: an object of the kind PushSecretMetadata, whose spec is each provider's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub metadata: Option<Value>,

    /// What is done to the Secret's keys before they are matched. Default: None.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "None"))]
    pub conversion_strategy: Option<PushConversion>,
}

/// A key and a remote secret.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushMatch {
    /// The key of the Secret. Default: all of them, as one JSON object where the store holds no keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,

    /// Where it goes.
    pub remote_ref: PushRemoteRef,
}

/// A remote secret.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushRemoteRef {
    /// Name of the remote secret.
    pub remote_key: String,

    /// A property of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
}

/// What is done to keys before they are matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum PushConversion {
    /// Nothing.
    #[default]
    None,
    /// `_U1f600_` becomes the character of that number again.
    ReverseUnicode,
}

/// Many keys at once.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [
    {
        "rule": "has(self.storeRef) && (has(self.storeRef.name) || has(self.storeRef.labelSelector))",
        "message": "storeRef must specify either name or labelSelector"
    },
    {
        "rule": "!has(self.remoteKey) || !has(self.rewrite) || size(self.rewrite) == 0",
        "message": "remoteKey and rewrite are mutually exclusive: rewrite is only supported in per-key mode (without remoteKey)"
    }
]))]
pub struct DataTo {
    /// Which of the stores of secretStoreRefs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_ref: Option<DataToStoreRef>,

    /// The remote secret that takes all keys as one JSON object. Default: each key becomes a remote secret of its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_key: Option<String>,

    /// Which keys. Default: all.
    #[serde(rename = "match", skip_serializing_if = "Option::is_none")]
    pub match_: Option<DataToMatch>,

    /// What becomes of the keys' names before they are those of remote secrets, one step after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<KeyRewriteSchema>")]
    pub rewrite: Vec<Rewrite>,

    /// Settings for the provider, as in spec.data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-preserve-unknown-fields" = true))]
    pub metadata: Option<Value>,

    /// What is done to the Secret's keys before they are matched. Default: None.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "None"))]
    pub conversion_strategy: Option<PushConversion>,
}

/// A store of secretStoreRefs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataToStoreRef {
    /// Name of the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: Option<String>,

    /// Labels of the stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LabelSelectorSchema>")]
    pub label_selector: Option<LabelSelector>,

    /// Kind of the store: SecretStore or ClusterSecretStore. Default: SecretStore.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "SecretStore", "enum" = ["SecretStore", "ClusterSecretStore"]))]
    pub kind: Option<String>,
}

/// Which keys.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataToMatch {
    /// A regular expression (RE2); it may match anywhere in the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regexp: Option<String>,
}

/// A rewrite of names of keys: unlike in an ExternalSecret, values cannot be merged.
struct KeyRewriteSchema;

impl JsonSchema for KeyRewriteSchema {
    fn schema_name() -> Cow<'static, str> {
        "KeyRewrite".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "One change of the names: exactly one of the two.",
            "x-kubernetes-validations": [{
                "rule": "has(self.regexp) != has(self.transform)",
                "message": "exactly one of regexp or transform must be set"
            }],
            "properties": {
                "regexp": generator.subschema_for::<RewriteRegexp>(),
                "transform": generator.subschema_for::<RewriteTransform>()
            }
        })
    }
}
