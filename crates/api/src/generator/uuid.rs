//! `UUID`: random UUIDs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Nothing is to be said of a UUID.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
pub struct UuidSpec {}
