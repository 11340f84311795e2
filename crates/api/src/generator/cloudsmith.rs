//! `CloudsmithAccessToken`: tokens of Cloudsmith, for a ServiceAccount that it trusts by OIDC.

use crate::provider::ServiceAccountSelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which service of Cloudsmith, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CloudsmithSpec {
    /// Address of the API. Default: https://api.cloudsmith.io.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_url: Option<String>,

    /// Slug of the organization.
    pub org_slug: String,

    /// Slug of the service account at Cloudsmith.
    pub service_slug: String,

    /// The ServiceAccount whose token is exchanged.
    pub service_account_ref: ServiceAccountSelector,
}
