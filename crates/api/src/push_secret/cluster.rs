//! `ClusterPushSecret`: one PushSecret for many namespaces.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PushSecretCondition, PushSecretSpec};
use crate::cluster_external_secret::FailedNamespace;
use crate::overrides::LabelSelectorSchema;
use crate::patterns::SUBDOMAIN;

/// What a ClusterPushSecret asks for.
// Columns repeat their type, each in its own list.
#[allow(clippy::duplicated_attributes)]
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "external-secrets.io",
    version = "v1alpha1",
    kind = "ClusterPushSecret",
    status = "ClusterPushSecretStatus",
    schema = "disabled",
    derive = "PartialEq",
    derive = "Default",
    category = "external-secrets",
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    )
)]
#[serde(rename_all = "camelCase")]
pub struct ClusterPushSecretSpec {
    /// The specification of the PushSecret in each namespace.
    pub push_secret_spec: PushSecretSpec,

    /// How often all namespaces are looked at once more, as a Go duration. Namespaces that come or change are seen at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_time: Option<String>,

    /// The name of the PushSecret in each namespace; by default that of this object.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub push_secret_name: Option<String>,

    /// The labels and annotations of the PushSecret in each namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_secret_metadata: Option<PushSecretMetadata>,

    /// Labels of the namespaces that get one: those that match any of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<LabelSelectorSchema>")]
    pub namespace_selectors: Vec<LabelSelector>,
}

/// Labels and annotations of the PushSecrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushSecretMetadata {
    /// Their annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,

    /// Their labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// What is known of a ClusterPushSecret.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClusterPushSecretStatus {
    /// The namespaces that should have one and have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_namespaces: Vec<FailedNamespace>,

    /// The namespaces that have one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provisioned_namespaces: Vec<String>,

    /// The name of the PushSecrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push_secret_name: Option<String>,

    /// Whether all that should have one have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<PushSecretCondition>,
}
