//! Where the values come from: `spec.data` and `spec.dataFrom`.

use super::{Rewrite, SourceRef};
use crate::patterns::DATA_KEY;
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
