//! `GithubAccessToken`: tokens of an installation of a GitHub App.

use crate::provider::SecretKeySelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Which installation of which App, and what its tokens may do.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GithubSpec {
    /// Address of the API. Default: https://api.github.com/.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,

    /// The App.
    #[serde(rename = "appID")]
    pub app_id: String,

    /// Its installation.
    #[serde(rename = "installID")]
    pub install_id: String,

    /// Repositories that the token is for. Default: all of the installation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,

    /// What the token may do, such as contents: read. Default: all that the App may.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub permissions: BTreeMap<String, String>,

    /// How to log in to GitHub.
    pub auth: GithubAuth,
}

/// How to log in to GitHub.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GithubAuth {
    /// The private key of the App.
    pub private_key: GithubPrivateKey,
}

/// The private key of the App.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GithubPrivateKey {
    /// Where it is kept, in PEM.
    pub secret_ref: SecretKeySelector,
}
