//! `Password`: random passwords.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a password is made.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PasswordSpec {
    /// How many characters it has. Default: 24.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = 24))]
    pub length: Option<i64>,

    /// How many of them are digits. Default: a quarter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digits: Option<i64>,

    /// How many of them are symbols. Default: a quarter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbols: Option<i64>,

    /// Which symbols. Default: those of a keyboard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub symbol_characters: Option<String>,

    /// Whether all letters are small. Default: false.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub no_upper: bool,

    /// Whether a character may come more than once. Default: false.
    #[serde(default)]
    #[schemars(extend("default" = false))]
    pub allow_repeat: bool,

    /// Keys, each of which gets a password of its own. Default: password.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secret_keys: Vec<String>,

    /// How the password is written into the Secret. Default: raw, as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "raw"))]
    pub encoding: Option<Encoding>,
}

/// How a password is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Base64.
    Base64,
    /// Base64 for URLs.
    Base64Url,
    /// Base32.
    Base32,
    /// Hexadecimal digits.
    Hex,
    /// As it is.
    #[default]
    Raw,
}
