//! `QuayAccessToken`: tokens of a robot account of Quay, for a ServiceAccount that is federated with it.

use crate::provider::ServiceAccountSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which robot account, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuaySpec {
    /// Host of Quay. Default: quay.io.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,

    /// Name of the robot account.
    pub robot_account: String,

    /// The ServiceAccount whose token is exchanged.
    pub service_account_ref: ServiceAccountSelector,
}
