//! `toYaml`, `fromYaml`

use crate::Type::{Any, Str};
use crate::yaml::{self, YamlError};
use crate::{Bytes, Call, FuncError, Functions, Map, Signature, Value};

/// Adds the functions.
pub(super) fn add(functions: &mut Functions) {
    functions.add("toYaml", Signature::new(&[Any]), to_yaml).add(
        "fromYaml",
        Signature::new(&[Str]),
        from_yaml,
    );
}

/// The value as YAML; nothing if it cannot be said in it.
fn to_yaml(call: &Call<'_>) -> Result<Value, FuncError> {
    let written = yaml::write(call.arg(0), call.budget())?.unwrap_or_default();
    let text: &[u8] = written.strip_suffix(b"\n").unwrap_or(&written);
    call.string(text)
}

/// The map that a text holds. What is wrong with the text stands under `Error`.
fn from_yaml(call: &Call<'_>) -> Result<Value, FuncError> {
    match yaml::read_map(&call.bytes(0), call.budget()) {
        Ok(map) => Ok(map),
        Err(YamlError::Failed(message)) => {
            Ok(Map::any([(Bytes::from("Error"), Value::from(message.as_str()))]).into())
        }
        Err(YamlError::Limit(limit)) => Err(limit.into()),
    }
}
