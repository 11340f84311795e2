//! `provider.fake`: values written into the store itself, for trying things out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A store that holds its values itself, in clear.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fake {
    /// The values.
    pub data: Vec<FakeData>,

    /// How a check of the store ends: 0 ready, 1 unknown, 2 failed. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_result: Option<i32>,
}

/// One value.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct FakeData {
    /// Its key.
    pub key: String,

    /// The value.
    pub value: String,

    /// Its version. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}
