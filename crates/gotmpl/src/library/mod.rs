//! The functions that External Secrets Operator offers its templates: sprig's, less `env`, `expandenv` and `getHostByName`, and its
//! own for keys, certificates and YAML.

mod keys;
mod sprig;

use crate::{Functions, Value};

/// All of them.
pub fn external_secrets() -> Functions {
    let mut functions = Functions::new();
    sprig::add(&mut functions);
    keys::add(&mut functions);
    functions
}

/// A `time.Duration` of so many nanoseconds.
pub(crate) fn duration(nanos: i64) -> Value {
    sprig::duration(nanos)
}
