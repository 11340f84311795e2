//! `GeneratorState`: what a generator has made and a service keeps, until the service is told to delete it.
//!
//! Source: ESO's `apis/generators/v1alpha1`. Whoever writes it, latchkey or ESO, the other can clean up.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Keeps a GeneratorState until the service has been told.
pub const STATE_FINALIZER: &str = "generatorstate.externalsecrets.io/finalizer";

/// The label that says whose it is: a digest of kind, namespace and name of the owner and of the index in `spec.dataFrom`.
pub const STATE_OWNER: &str = "generators.external-secrets.io/owner-key";

/// What was made by which generator.
#[derive(CustomResource, Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[kube(
    group = "generators.external-secrets.io",
    version = "v1alpha1",
    kind = "GeneratorState",
    namespaced,
    schema = "disabled",
    derive = "PartialEq",
    derive = "Default"
)]
#[serde(rename_all = "camelCase")]
pub struct GeneratorStateSpec {
    /// From when on the service is told to delete it. Absent: not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub garbage_collection_deadline: Option<Time>,

    /// The generator as it was then.
    #[schemars(with = "crate::overrides::Anything")]
    pub resource: Value,

    /// What the service knows it by.
    #[schemars(with = "crate::overrides::Anything")]
    pub state: Value,
}
