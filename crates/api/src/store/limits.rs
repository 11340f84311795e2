//! Which remote keys a namespace may name: a field of latchkey's own, beside the annotation for stores whose CRDs are ESO's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::StoreCondition;

/// The annotation of a store that says which remote keys may be named, as patterns divided by commas or white space. In a
/// pattern `*` stands for any characters, `{namespace}` for the namespace of the ExternalSecret. Without a pattern
/// nothing may be named.
pub const ALLOWED_KEYS: &str = "latchkey.dev/allowed-keys";

/// Remote keys that some namespaces may name.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowedKeys {
    /// Whose: namespaces that meet any of the three parts. Default: every namespace.
    #[serde(flatten)]
    pub of: StoreCondition,

    /// Patterns of the keys: `*` stands for any characters, `{namespace}` for the namespace of the ExternalSecret. A key
    /// is compared as the provider resolves it: with the prefix of an AWS store, within the mount of a Vault store.
    #[schemars(inner(length(min = 1)))]
    pub keys: Vec<String>,
}

impl AllowedKeys {
    /// Whether it is for every namespace.
    pub fn is_for_all(&self) -> bool {
        self.of == StoreCondition::default()
    }
}
