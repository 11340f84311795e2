//! Sprig's functions.

use crate::Functions;

/// Adds them.
pub(super) fn add(_functions: &mut Functions) {}
