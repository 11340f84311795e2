//! `VaultDynamicSecret`: whatever a path of Vault makes: database users, certificates, tokens.

use crate::provider::Vault;
use crate::store::RetrySettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is asked of which Vault.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VaultDynamicSecretSpec {
    /// Which installation of the controller it is for. Default: the one without a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,

    /// GET, LIST, DELETE or POST; any other is a POST too. Default: GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,

    /// What is sent with a POST.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::overrides::Anything>")]
    pub parameters: Option<Value>,

    /// What is asked with a GET: the query.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub get_parameters: BTreeMap<String, Vec<String>>,

    /// Data: what the answer has as data. Auth: what it has as auth. Raw: all of the answer. Default: Data.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "Data"))]
    pub result_type: Option<VaultResult>,

    /// How failed requests are tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_settings: Option<RetrySettings>,

    /// Which Vault, and how to log in.
    pub provider: Vault,

    /// The path, with the mount and without v1/.
    pub path: String,

    /// Whether an empty answer is no failure. Default: false.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub allow_empty_response: bool,
}

/// Which part of the answer is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum VaultResult {
    /// Its data.
    #[default]
    Data,
    /// Its auth: a token and what belongs to it.
    Auth,
    /// All of it.
    Raw,
}
