//! How keys are changed after they were read: `spec.dataFrom[].rewrite`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One change of the keys: exactly one of the three.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
pub struct Rewrite {
    /// Takes JSON values apart and joins them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merge: Option<RewriteMerge>,

    /// Replaces what matches a regular expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regexp: Option<RewriteRegexp>,

    /// Renders each key by a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transform: Option<RewriteTransform>,
}

/// Joins the values, each of them a JSON object, into one set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewriteMerge {
    /// The key that takes the joined object. Needed by the strategy JSON alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = ""))]
    pub into: Option<String>,

    /// Keys whose values are joined last, in this order, and so win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub priority: Vec<String>,

    /// Strict fails if a key of priority is not there, IgnoreNotFound passes over it. Default: Strict.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Strict"))]
    pub priority_policy: Option<MergePriorityPolicy>,

    /// Error fails if two values have the same property, Ignore lets the later one win. Default: Error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Error"))]
    pub conflict_policy: Option<MergeConflictPolicy>,

    /// Extract replaces the set by the joined properties, JSON adds the joined object under into. Default: Extract.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Extract"))]
    pub strategy: Option<MergeStrategy>,
}

/// What happens if a key of priority is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum MergePriorityPolicy {
    /// Nothing.
    IgnoreNotFound,
    /// The sync fails.
    #[default]
    Strict,
}

/// What happens if two values have the same property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum MergeConflictPolicy {
    /// The later one wins.
    Ignore,
    /// The sync fails.
    #[default]
    Error,
}

/// What becomes of the joined values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum MergeStrategy {
    /// Their properties replace the set.
    #[default]
    Extract,
    /// They are added to the set as one JSON object.
    JSON,
}

/// Replaces what matches a regular expression.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewriteRegexp {
    /// The regular expression (RE2); it may match anywhere in the key.
    pub source: String,

    /// What each match is replaced by; $1 and ${name} stand for groups.
    pub target: String,
}

/// Renders each key by a template.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewriteTransform {
    /// The template; `.value` is the key.
    pub template: String,
}
