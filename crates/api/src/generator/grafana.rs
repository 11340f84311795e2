//! `Grafana`: tokens of a service account of Grafana, which is made for them and deleted when they are of no use any more.

use crate::provider::SecretKeySelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which Grafana, and which service account.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrafanaSpec {
    /// Address of Grafana.
    pub url: String,

    /// How to log in to Grafana: by token, else by basic.
    pub auth: GrafanaAuth,

    /// The service account that is made.
    pub service_account: GrafanaServiceAccount,
}

/// How to log in to Grafana.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrafanaAuth {
    /// A token of somebody who may make service accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretKeySelector>,

    /// A user who may make service accounts, and the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic: Option<GrafanaBasicAuth>,
}

/// A user and the password.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrafanaBasicAuth {
    /// The user.
    pub username: String,

    /// The password.
    pub password: SecretKeySelector,
}

/// The service account that is made.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrafanaServiceAccount {
    /// Its name.
    pub name: String,

    /// Its role: Viewer, Editor, Admin or None.
    pub role: String,
}
