//! Generators that have been read already.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use super::super::plan::GeneratorKey;

/// Specifications of generators, read to see whose they are; the sync that follows need not read them again.
#[derive(Clone, Default)]
pub struct Known(HashMap<GeneratorKey, Arc<Value>>);

impl Known {
    /// The specification, if it has been read.
    pub fn get(&self, key: &GeneratorKey) -> Option<Arc<Value>> {
        self.0.get(key).cloned()
    }

    /// One more.
    pub fn insert(&mut self, key: GeneratorKey, spec: Value) {
        self.0.insert(key, Arc::new(spec));
    }
}

/// Names alone: a Fake's specification holds its values.
impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
