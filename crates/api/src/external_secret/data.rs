//! Where the values come from: `spec.data` and `spec.dataFrom`.

use super::StoreRef;
use crate::patterns::{DATA_KEY, SUBDOMAIN};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One key of the Secret and the remote value that goes under it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataEntry {
    /// The key in the Secret.
    #[schemars(regex(pattern = DATA_KEY), length(min = 1, max = 253))]
    pub secret_key: String,

    /// The remote value.
    pub remote_ref: RemoteRef,

    /// Another store for this entry alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
    pub source_ref: Option<SourceRef>,
}

/// A remote value, or a remote set of values.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoteRef {
    /// Name of the secret at the provider.
    pub key: String,

    /// A part of the remote value, if that is JSON or a map: a key, or a path such as "db.users.0".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,

    /// Version of the remote secret; what it looks like is up to the provider. Default: the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// Fetch reads the tags or labels of the remote secret instead of its value. Default: None.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata_policy: Option<MetadataPolicy>,

    /// How characters that a Secret's key must not have are replaced: Default by "_", Unicode by "_U0000_" with the
    /// character's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion_strategy: Option<ConversionStrategy>,

    /// How the remote value is decoded before it is written. Default: None.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoding_strategy: Option<DecodingStrategy>,

    /// Fail refuses values that contain a NUL byte. Default: Ignore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_byte_policy: Option<NullBytePolicy>,
}

/// Whether the value or its metadata is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum MetadataPolicy {
    /// The value.
    #[default]
    None,
    /// The tags or labels.
    Fetch,
}

/// How characters that a key must not have are replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum ConversionStrategy {
    /// By an underscore.
    #[default]
    Default,
    /// By the number of the character.
    Unicode,
}

/// How a value is decoded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum DecodingStrategy {
    /// As Base64 or Base64URL if it is either, and not at all otherwise.
    Auto,
    /// As padded standard base64.
    Base64,
    /// As padded base64 of the URL alphabet.
    Base64URL,
    /// Not at all.
    #[default]
    None,
}

/// Whether values may contain NUL bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum NullBytePolicy {
    /// They may.
    #[default]
    Ignore,
    /// The sync fails.
    Fail,
}

/// A set of keys and values: one remote secret taken apart, many found by name or tag, or a generator's output.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataFromEntry {
    /// One remote secret whose properties become keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extract: Option<RemoteRef>,

    /// All remote secrets that match; their names become keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub find: Option<Find>,

    /// Changes of the keys, applied one after the other.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rewrite: Vec<Rewrite>,

    /// Another store for this entry alone, or a generator instead of extract and find.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
    pub source_ref: Option<SourceRef>,
}

/// Which remote secrets to take.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Find {
    /// Where to look; what it looks like is up to the provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,

    /// Secrets by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<FindName>,

    /// Secrets that have all of these tags or labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,

    /// How characters that a Secret's key must not have are replaced: Default by "_", Unicode by "_U0000_" with the
    /// character's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion_strategy: Option<ConversionStrategy>,

    /// How the remote values are decoded before they are written. Default: None.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoding_strategy: Option<DecodingStrategy>,

    /// Fail refuses values that contain a NUL byte. Default: Ignore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null_byte_policy: Option<NullBytePolicy>,
}

/// Secrets by name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FindName {
    /// A regular expression (RE2); it may match anywhere in the name.
    #[serde(rename = "regexp", skip_serializing_if = "Option::is_none")]
    pub regexp: Option<String>,
}

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

/// Another source: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SourceRef {
    /// A store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store_ref: Option<StoreRef>,

    /// A generator. It has no effect in spec.data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generator_ref: Option<GeneratorRef>,
}

/// A generator, by kind and name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GeneratorRef {
    /// Group and version of the generator. Default: generators.external-secrets.io/v1alpha1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "generators.external-secrets.io/v1alpha1"))]
    pub api_version: Option<String>,

    /// Kind of the generator.
    #[schemars(extend("enum" = GENERATOR_KINDS))]
    pub kind: String,

    /// Name of the generator.
    #[schemars(regex(pattern = SUBDOMAIN), length(min = 1, max = 253))]
    pub name: String,
}

/// The kinds of generators that a manifest may name.
pub const GENERATOR_KINDS: [&str; 18] = [
    "ACRAccessToken",
    "BeyondtrustWorkloadCredentialsDynamicSecret",
    "CloudsmithAccessToken",
    "ClusterGenerator",
    "ECRAuthorizationToken",
    "Fake",
    "GCRAccessToken",
    "GithubAccessToken",
    "GitlabDeployToken",
    "Grafana",
    "MFA",
    "Password",
    "QuayAccessToken",
    "SSHKey",
    "STSSessionToken",
    "UUID",
    "VaultDynamicSecret",
    "Webhook",
];
