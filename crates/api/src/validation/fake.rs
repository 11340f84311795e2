//! What is wrong with a store that holds its values itself.

use super::store::{InvalidStore, settings};
use crate::provider::Fake;

pub(super) fn fake(block: &Fake) -> Result<(), InvalidStore> {
    for (position, data) in block.data.iter().enumerate() {
        if data.key.is_empty() {
            return Err(settings(format!("key must be set in data {position}")));
        }
        if data.value.is_empty() {
            return Err(settings(format!("at least one value must be set in data {position}")));
        }
    }
    Ok(())
}
