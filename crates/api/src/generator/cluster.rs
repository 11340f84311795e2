//! `ClusterGenerator`: a generator that ExternalSecrets of all namespaces may name.

use super::{FakeSpec, MfaSpec, PasswordSpec, SshKeySpec, UuidSpec};
use crate::external_secret::GENERATOR_KINDS;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which generator it is.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct ClusterGeneratorSpec {
    /// Kind of the generator.
    #[schemars(extend("enum" = kinds()))]
    pub kind: String,

    /// Its specification, in the field of its kind.
    #[schemars(extend(
        "minProperties" = 1, "maxProperties" = 1, "x-kubernetes-preserve-unknown-fields" = true
    ))]
    pub generator: GeneratorSpecs,
}

/// The specification by kind. Those of kinds that are not made here are kept as they are.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GeneratorSpecs {
    /// A Fake.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fake_spec: Option<FakeSpec>,

    /// An MFA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mfa_spec: Option<MfaSpec>,

    /// A Password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_spec: Option<PasswordSpec>,

    /// An SSHKey.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ssh_key_spec: Option<SshKeySpec>,

    /// A UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uuid_spec: Option<UuidSpec>,
}

/// All kinds but its own.
fn kinds() -> Value {
    json!(GENERATOR_KINDS.iter().filter(|kind| **kind != "ClusterGenerator").collect::<Vec<_>>())
}
