//! `Fake`: values written into the generator itself, for trying things out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is given.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct FakeSpec {
    /// Which installation it is for, by its controller class. Default: every one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,

    /// Keys and values, in clear.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<String, String>,
}
