//! The functions that External Secrets Operator adds to sprig's: PKCS#12, PEM, JWK, RSA, YAML.

use crate::Functions;

/// Adds them.
pub(super) fn add(_functions: &mut Functions) {}
