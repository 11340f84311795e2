//! `SSHKey`: pairs of SSH keys.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a pair of keys is made.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SshKeySpec {
    /// rsa, ecdsa or ed25519. Default: rsa.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "rsa"))]
    pub key_type: Option<KeyType>,

    /// Bits: 2048, 3072, 4096 or 8192 of RSA, by default 2048; 256, 384 or 521 of ECDSA, by default 256.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 256, max = 8192))]
    pub key_size: Option<i64>,

    /// A comment on the keys. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A kind of key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// RSA.
    #[default]
    Rsa,
    /// ECDSA on a curve of NIST.
    Ecdsa,
    /// Ed25519.
    Ed25519,
}
