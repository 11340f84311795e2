//! `ClusterExternalSecret`: one ExternalSecret for many namespaces.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::external_secret::ExternalSecretSpec;
use crate::overrides::LabelSelectorSchema;
use crate::patterns::{LABEL, SUBDOMAIN};

/// What a ClusterExternalSecret asks for.
// Columns repeat their type, each in its own list.
#[allow(clippy::duplicated_attributes)]
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "external-secrets.io",
    version = "v1",
    kind = "ClusterExternalSecret",
    status = "ClusterExternalSecretStatus",
    schema = "disabled",
    derive = "PartialEq",
    derive = "Default",
    shortname = "ces",
    category = "external-secrets",
    printcolumn(
        name = "Store",
        type_ = "string",
        json_path = ".spec.externalSecretSpec.secretStoreRef.name"
    ),
    printcolumn(name = "Refresh Interval", type_ = "string", json_path = ".spec.refreshTime"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterExternalSecretSpec {
    /// The specification of the ExternalSecret in each namespace.
    pub external_secret_spec: ExternalSecretSpec,

    /// The name of the ExternalSecret in each namespace; by default that of this object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub external_secret_name: Option<String>,

    /// The labels and annotations of the ExternalSecret in each namespace.
    #[serde(rename = "externalSecretMetadata", skip_serializing_if = "Option::is_none")]
    pub external_secret_metadata: Option<ExternalSecretMetadata>,

    /// Labels of the namespaces that get one. Deprecated: use namespaceSelectors.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LabelSelectorSchema>")]
    pub namespace_selector: Option<LabelSelector>,

    /// Labels of the namespaces that get one: those that match any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<LabelSelectorSchema>")]
    pub namespace_selectors: Vec<LabelSelector>,

    /// Names of namespaces that get one. Deprecated: use namespaceSelectors with kubernetes.io/metadata.name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = LABEL), length(min = 1, max = 63)))]
    pub namespaces: Vec<String>,

    /// How often all namespaces are looked at once more, as a Go duration. Namespaces that come or change are seen at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_time: Option<String>,
}

/// Labels and annotations of the ExternalSecrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalSecretMetadata {
    /// Their annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,

    /// Their labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What is known of a ClusterExternalSecret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterExternalSecretStatus {
    /// The name of the ExternalSecrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_secret_name: Option<String>,

    /// The namespaces that should have one and have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_namespaces: Vec<FailedNamespace>,

    /// The namespaces that have one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioned_namespaces: Vec<String>,

    /// Whether all that should have one have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ClusterExternalSecretCondition>,
}

/// A namespace that should have an ExternalSecret and has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedNamespace {
    /// Its name.
    pub namespace: String,

    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One condition.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterExternalSecretCondition {
    /// Ready.
    #[serde(rename = "type")]
    pub type_: String,

    /// True or False.
    pub status: String,

    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
