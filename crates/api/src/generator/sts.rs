//! `STSSessionToken`: temporary credentials for AWS.

use crate::provider::aws::AwsAuth;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// For whom, and for how long.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StsSpec {
    /// Region of the service, such as eu-central-1.
    pub region: String,

    /// Credentials: secretRef or jwt. Default: what the environment of the controller offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<AwsAuth>,

    /// ARN of a role that is assumed with these credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,

    /// What is asked of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_parameters: Option<StsRequest>,
}

/// What is asked of the service.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StsRequest {
    /// For how many seconds the credentials are good: 900 to 129600. Default: 43200.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_duration: Option<i32>,

    /// Serial number or ARN of the user's MFA device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,

    /// What the MFA device shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_code: Option<String>,
}
