//! What a service makes for a generator.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::SecretBytes;

/// What a service made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Made {
    /// Keys and values.
    pub data: BTreeMap<String, SecretBytes>,
    /// What the service has to be told when that is of no use any more: the `spec.state` of a GeneratorState. It holds no
    /// value.
    pub state: Option<Value>,
}

impl Made {
    /// So many keys with their values, and nothing to tell later.
    #[cfg(feature = "generators")]
    pub(crate) fn of<const N: usize>(data: [(&str, SecretBytes); N]) -> Self {
        Self { data: data.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(), state: None }
    }

    /// The same, with something to tell later.
    #[cfg(feature = "generators")]
    pub(crate) fn with_state(self, state: Value) -> Self {
        Self { state: Some(state), ..self }
    }
}
