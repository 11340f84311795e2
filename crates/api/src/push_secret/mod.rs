//! `PushSecret`: which keys of a Secret go to which stores, and `ClusterPushSecret`: the same for many namespaces.
//!
//! Source: ESO's `apis/externalsecrets/v1alpha1`.

mod cluster;
mod data;
mod status;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cluster::{ClusterPushSecret, ClusterPushSecretSpec, ClusterPushSecretStatus, PushSecretMetadata};
pub use data::{
    DataTo, DataToMatch, DataToStoreRef, METADATA_API_VERSION, METADATA_KIND, PushConversion, PushData,
    PushMatch, PushRemoteRef,
};
pub use status::{PushSecretCondition, PushSecretStatus, SyncedPushSecrets};

use crate::external_secret::{GeneratorRef, StoreKind, Template};
use crate::overrides::LabelSelectorSchema;
use crate::patterns::SUBDOMAIN;

/// The version in which PushSecret and ClusterPushSecret are served.
pub const PUSH_VERSION: &str = "v1alpha1";

/// What a PushSecret asks for.
// Columns repeat their type, each in its own list.
#[allow(clippy::duplicated_attributes)]
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "external-secrets.io",
    version = "v1alpha1",
    kind = "PushSecret",
    namespaced,
    status = "PushSecretStatus",
    schema = "disabled",
    derive = "PartialEq",
    derive = "Default",
    shortname = "ps",
    category = "external-secrets",
    printcolumn(name = "AGE", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(
        name = "Status",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].reason"#
    ),
    printcolumn(name = "Last Sync", type_ = "date", json_path = ".status.refreshTime")
)]
#[serde(rename_all = "camelCase")]
pub struct PushSecretSpec {
    /// How often everything is pushed once more, as a Go duration; 0 pushes changes alone. Default: 1h0m0s.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "1h0m0s"))]
    pub refresh_interval: Option<String>,

    /// The stores that are pushed to.
    pub secret_store_refs: Vec<PushStoreRef>,

    /// Replace: what is there is replaced. IfNotExists: what is there stays as it is. Default: Replace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Replace"))]
    pub update_policy: Option<PushUpdatePolicy>,

    /// None: what was pushed stays. Delete: it is deleted when the PushSecret goes or no longer names it. Default: None.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "None"))]
    pub deletion_policy: Option<PushDeletionPolicy>,

    /// What is pushed: a Secret of the same namespace, Secrets by their labels, or what a generator makes.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
    pub selector: PushSelector,

    /// Which key goes where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<PushData>,

    /// Where many keys go at once, each under a name of its own or all as one JSON object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_to: Vec<DataTo>,

    /// How what is pushed is made of the Secret. Without a template its keys are pushed as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// A store, or several by their labels.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = [{
    "rule": "has(self.name) || has(self.labelSelector)",
    "message": "storeRef must specify either name or labelSelector"
}]))]
pub struct PushStoreRef {
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

impl PushStoreRef {
    /// The kind of store that is meant: an absent one is a SecretStore.
    pub fn kind(&self) -> StoreKind {
        match self.kind.as_deref() {
            Some("ClusterSecretStore") => StoreKind::ClusterSecretStore,
            Some(_) | None => StoreKind::SecretStore,
        }
    }
}

/// What becomes of what is there already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum PushUpdatePolicy {
    /// It is replaced.
    #[default]
    Replace,
    /// It stays.
    IfNotExists,
}

/// What becomes of what was pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum PushDeletionPolicy {
    /// It is deleted.
    Delete,
    /// It stays.
    #[default]
    None,
}

/// What is pushed: exactly one of these.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushSelector {
    /// A Secret, or several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<PushSecretSelector>,

    /// A generator; each push makes a new value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator_ref: Option<GeneratorRef>,
}

/// A Secret by its name, or several by their labels.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushSecretSelector {
    /// Name of the Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: Option<String>,

    /// Labels of the Secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<LabelSelectorSchema>")]
    pub selector: Option<LabelSelector>,
}
