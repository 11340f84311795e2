//! `SecretStore` and `ClusterSecretStore`: where remote values live and how to get at them.

mod cluster;
mod limits;

pub use cluster::ClusterSecretStore;
pub use limits::{ALLOWED_KEYS, AllowedKeys};

use crate::patterns::LABEL;
use crate::provider::Provider;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a store is. The two kinds share it; conditions are for ClusterSecretStores alone.
// Columns repeat their type, each in its own list.
#[allow(clippy::duplicated_attributes)]
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "external-secrets.io",
    version = "v1",
    kind = "SecretStore",
    namespaced,
    status = "SecretStoreStatus",
    schema = "disabled",
    derive = "PartialEq",
    derive = "Default",
    shortname = "ss",
    category = "external-secrets",
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(name = "Capabilities", type_ = "string", json_path = ".status.capabilities"),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].status"#
    )
)]
#[serde(rename_all = "camelCase")]
pub struct SecretStoreSpec {
    /// Which controller takes this store, if several share a cluster. Default: any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,

    /// The provider and how to reach it; exactly one.
    pub provider: Provider,

    /// How failed requests are tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_settings: Option<RetrySettings>,

    /// How often the store itself is checked: a Go duration such as "10m", or a number of seconds. Zero or absent
    /// leaves it to the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_interval: Option<IntOrString>,

    /// Which namespaces may use a ClusterSecretStore: those that meet any condition. Default: all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<StoreCondition>,

    /// latchkey's own: which remote keys a namespace may name. Default: any. With it a namespace may name those of every
    /// rule that is for it, and no others; where the store has the annotation latchkey.dev/allowed-keys too, both hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_keys: Vec<AllowedKeys>,
}

/// How failed requests are tried again.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetrySettings {
    /// How many times a request is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retries: Option<i32>,

    /// How long to wait between two tries, as a Go duration such as "5s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_interval: Option<String>,
}

/// One condition; a namespace meets it by any of its three parts.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StoreCondition {
    /// Namespaces by their labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::overrides::LabelSelectorSchema>")]
    pub namespace_selector: Option<LabelSelector>,

    /// Namespaces by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(inner(regex(pattern = LABEL), length(min = 1, max = 63)))]
    pub namespaces: Vec<String>,

    /// Namespaces by regular expressions (RE2) on their names; each may match anywhere in the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespace_regexes: Vec<String>,
}

/// What is known of a store after its last check.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretStoreStatus {
    /// How the last check ended; one condition of each type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<SecretStoreCondition>,

    /// ReadOnly, WriteOnly or ReadWrite.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<String>,
}

/// One statement on the state of a store.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretStoreCondition {
    /// Ready.
    #[serde(rename = "type")]
    pub type_: String,

    /// True, False or Unknown.
    pub status: String,

    /// One word on why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,

    /// One sentence on why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,

    /// When status last changed from one value to another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_transition_time: Option<Time>,
}

/// The two kinds of store.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
pub enum StoreKind {
    /// A store of one namespace.
    #[default]
    SecretStore,
    /// A store of the cluster.
    ClusterSecretStore,
}

impl StoreKind {
    /// The kind as manifests spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            StoreKind::SecretStore => "SecretStore",
            StoreKind::ClusterSecretStore => "ClusterSecretStore",
        }
    }
}

impl fmt::Display for StoreKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
