//! What is known of an ExternalSecret after a sync.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is known of an ExternalSecret after a sync.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalSecretStatus {
    /// When the values were last read and written; a failed sync leaves it as it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::overrides::NullableTime>")]
    pub refresh_time: Option<Time>,

    /// Which version of the ExternalSecret was last synced: its generation and a hash of its labels and annotations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced_resource_version: Option<String>,

    /// How the last sync ended; one condition of each type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,

    /// The Secret that was written, in the form in which service bindings look for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<Binding>,
}

/// One statement on the state of an ExternalSecret.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// Ready, or Deleted.
    #[serde(rename = "type")]
    #[schemars(extend("enum" = ["Ready", "Deleted"]))]
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

/// The Secret that was written.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct Binding {
    /// Name of the Secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(extend("default" = ""))]
    pub name: String,
}
