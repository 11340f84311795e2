//! What is known of a PushSecret.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PushData;
use crate::overrides::NullableTime;

/// What was pushed, by store (`SecretStore/name`) and by place in it (`remoteKey`, `remoteKey/property`).
pub type SyncedPushSecrets = BTreeMap<String, BTreeMap<String, PushData>>;

/// What is known of a PushSecret.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushSecretStatus {
    /// When everything was last pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<NullableTime>")]
    pub refresh_time: Option<Time>,

    /// The generation of this object, with a digest of its labels and annotations, that was pushed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub synced_resource_version: Option<String>,

    /// What was pushed where.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub synced_push_secrets: SyncedPushSecrets,

    /// How the last push ended; one condition of each type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<PushSecretCondition>,
}

/// One statement on the state of a PushSecret.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushSecretCondition {
    /// Ready.
    #[serde(rename = "type")]
    pub type_: String,

    /// True or False.
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
