//! Where the values go: `spec.target` and its template.

use super::DecodingStrategy;
use crate::patterns::{DATA_KEY, SUBDOMAIN};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The Secret that an ExternalSecret writes.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// Name of the Secret. Default: the name of the ExternalSecret.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: Option<String>,

    /// Who makes the Secret and whose it is. Owner: made here and deleted with the ExternalSecret. Orphan: made here and
    /// kept. Merge: only keys are written into a Secret that exists. CreateOrMerge: made if it is missing, merged into
    /// otherwise, kept. None: nothing is written. Default: Owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Owner"))]
    pub creation_policy: Option<CreationPolicy>,

    /// What happens when the remote values are gone. Retain: the Secret stays and the sync fails. Delete: the Secret is
    /// deleted. Merge: its keys are removed. Default: Retain.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Retain"))]
    pub deletion_policy: Option<DeletionPolicy>,

    /// Makes the Secret immutable: later changes of the remote values do not reach it. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub immutable: Option<bool>,

    /// Another kind of object to write instead of a Secret. Values in such an object are not protected as Secrets are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<ManifestRef>,

    /// How the Secret is made of the values. Without a template each value is written as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<Template>,
}

/// Who makes the Secret and whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum CreationPolicy {
    /// Made here, deleted with the ExternalSecret.
    #[default]
    Owner,
    /// Made here, kept when the ExternalSecret goes.
    Orphan,
    /// Written into a Secret that somebody else made.
    Merge,
    /// Not written at all.
    None,
    /// Made if it is missing, merged into if it is there, kept.
    CreateOrMerge,
}

/// What happens when the remote values are gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum DeletionPolicy {
    /// The Secret is deleted.
    Delete,
    /// The keys are removed from the Secret.
    Merge,
    /// The Secret stays as it is and the sync fails.
    #[default]
    Retain,
}

/// The kind of an object that is not a Secret.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManifestRef {
    /// Group and version of the object, such as "v1" or "apps/v1".
    #[schemars(length(min = 1))]
    pub api_version: String,

    /// Kind of the object, such as ConfigMap.
    #[schemars(length(min = 1))]
    pub kind: String,
}

/// How the Secret is made of the values.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// Type of the Secret, such as kubernetes.io/tls. Default: Opaque.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,

    /// Version of the template language. Only v2 exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "v2"))]
    pub engine_version: Option<EngineVersion>,

    /// Replace: the Secret holds what the templates make. Merge: it holds the values as well. Default: Replace.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Replace"))]
    pub merge_policy: Option<MergePolicy>,

    /// Labels, annotations and finalizers of the Secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<TemplateMetadata>,

    /// Keys of the Secret, each with the template of its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<BTreeMap<String, String>>,

    /// Further templates, taken from ConfigMaps, from Secrets or written here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub template_from: Vec<TemplateFrom>,
}

/// Version of the template language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EngineVersion {
    /// Go's text/template with the function library.
    #[default]
    V2,
}

/// Whether templates replace the values or join them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum MergePolicy {
    /// Only what the templates make.
    #[default]
    Replace,
    /// What the templates make, and the values.
    Merge,
}

/// Metadata of the Secret; values of labels and annotations are templates too.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateMetadata {
    /// Labels of the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,

    /// Annotations of the Secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,

    /// Finalizers that are added to the Secret. They are never removed again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finalizers: Vec<String>,
}

/// One source of templates.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateFrom {
    /// Templates in a ConfigMap of the same namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_map: Option<TemplateRef>,

    /// Templates in a Secret of the same namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<TemplateRef>,

    /// A template that renders to a YAML map of keys and values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub literal: Option<String>,

    /// Where the result goes: Data, Annotations or Labels of a Secret, or a path in another kind of object.
    /// Default: Data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Data"))]
    pub target: Option<String>,

    /// How values of a rendered map are decoded before they are written. Default: as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values_decoding_strategy: Option<DecodingStrategy>,
}

/// Keys of a ConfigMap or a Secret that hold templates.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateRef {
    /// Name of the ConfigMap or Secret.
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: String,

    /// The keys to use.
    pub items: Vec<TemplateRefItem>,
}

/// One key that holds a template.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateRefItem {
    /// The key in the ConfigMap or Secret.
    #[schemars(regex(pattern = DATA_KEY), length(min = 1, max = 253))]
    pub key: String,

    /// Values: the template makes the value of this key. KeysAndValues: it renders to a YAML map. Default: Values.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Values"))]
    pub template_as: Option<TemplateAs>,
}

/// What a template renders to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum TemplateAs {
    /// The value of one key.
    #[default]
    Values,
    /// A YAML map of keys and values.
    KeysAndValues,
}
