//! `MFA`: one-time passwords by time, RFC 6238.

use crate::provider::SecretKeySelector;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a one-time password is made.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MfaSpec {
    /// The Secret that holds the seed, in Base32. Its namespace is that of the ExternalSecret, whatever is said here.
    pub secret: SecretKeySelector,

    /// How many digits the password has. Default: 6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<i64>,

    /// For how many seconds it is good. Default: 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_period: Option<i64>,

    /// sha1, sha256 or sha512. Default: sha1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<String>,

    /// The time for which it is made. Default: now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub when: Option<String>,
}
