//! `ECRAuthorizationToken`: what docker logs in with at Amazon's registries.

use crate::provider::aws::AwsAuth;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which registries, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EcrSpec {
    /// Region of the service, such as eu-central-1.
    pub region: String,

    /// Credentials: secretRef or jwt. Default: what the environment of the controller offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AwsAuth>,

    /// ARN of a role that is assumed with these credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,

    /// private or public. Default: private.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}
