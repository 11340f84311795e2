//! `Webhook`: whatever an HTTP server answers.

use crate::provider::{CaProvider, SecretKeySelector};
use k8s_openapi::ByteString;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// What is asked of which server.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSpec {
    /// Method of HTTP. Default: GET.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,

    /// Address; a template.
    pub url: String,

    /// Headers; their values are templates.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,

    /// Body; a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,

    /// How long the answer may take, as a Go duration such as "10s"; no longer than 30s. Default: 10s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout: Option<String>,

    /// What of the answer is meant.
    pub result: WebhookResult,

    /// Secrets that the templates may use, by name. Each needs the label external-secrets.io/type=webhook.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<WebhookSecret>,

    /// How to log in to the server, other than by headers. Not supported yet: such a generator makes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<WebhookAuth>,

    /// PEM certificates of the authorities that the server's certificate may come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::overrides::Base64>")]
    pub ca_bundle: Option<ByteString>,

    /// A Secret or ConfigMap that holds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_provider: Option<CaProvider>,
}

impl WebhookSpec {
    /// The longest that an answer may take, whatever `timeout` says.
    pub const LONGEST: Duration = Duration::from_secs(30);
}

/// What of the answer is meant.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookResult {
    /// A JSONPath to it, such as $.data. Default: all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json_path: Option<String>,
}

/// A Secret that templates may use.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookSecret {
    /// Its name in templates.
    pub name: String,

    /// The Secret.
    pub secret_ref: SecretKeySelector,
}

/// How to log in to the server.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookAuth {
    /// By NTLM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ntlm: Option<WebhookNtlm>,
}

/// A user of NTLM and the password.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookNtlm {
    /// Holds the user.
    pub username_secret: SecretKeySelector,

    /// Holds the password.
    pub password_secret: SecretKeySelector,
}
