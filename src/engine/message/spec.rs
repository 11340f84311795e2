//! A specification that cannot work.

use latchkey_api::duration::DurationError;
use latchkey_api::secret_type::Required;
use latchkey_api::validation::Invalid;

use crate::engine::error::{Error, ErrorKind};

fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidSpec, message)
}

/// ESO's own texts, each with what to do, all in one line.
pub fn invalid_spec(all: &[Invalid]) -> Error {
    let texts: Vec<_> = all.iter().map(Invalid::advice).collect();
    invalid(texts.join("; and "))
}

/// A field that every ExternalSecret has.
pub fn missing_field(field: &str) -> Error {
    invalid(format!("{field} is missing; set it"))
}

/// An entry that has no store, neither its own nor the common one.
pub fn no_store(entry: &str) -> Error {
    invalid(format!(
        "{entry} names no store; set spec.secretStoreRef.name, or {entry}.sourceRef.storeRef.name"
    ))
}

/// An entry of data that names a generator: those give many keys.
pub fn generator_in_data(entry: &str) -> Error {
    invalid(format!("{entry}.sourceRef.generatorRef: a generator is for spec.dataFrom; move it there"))
}

/// An entry whose own store has no name.
pub fn unnamed_store(entry: &str) -> Error {
    invalid(format!("{entry}.sourceRef.storeRef has no name; set it, or remove sourceRef"))
}

/// A type whose Secrets give rights in the cluster.
pub fn privileged_type(type_: &str) -> Error {
    invalid(format!(
        "template.type={type_:?} is not allowed; such a Secret would give rights; choose another type"
    ))
}

/// A type that asks for keys which nothing makes.
pub fn lacks_keys(type_: &str, required: Required) -> Error {
    invalid(format!(
        "spec.target.template.type: a Secret of type {type_:?} needs {required} among its keys, and nothing here makes that; fetch or render it, or choose another type"
    ))
}

/// A refresh interval that is no duration.
pub fn invalid_interval(text: &str, why: &DurationError) -> Error {
    invalid(format!("invalid refreshInterval {text:?}: {why}; write it as \"30s\", \"15m\" or \"1h\""))
}

/// A rewrite whose regular expression is none.
pub fn invalid_pattern(field: &str, why: &str) -> Error {
    invalid(format!("{field} is no regular expression: {why}; correct it (RE2 syntax)"))
}

/// A merge by the strategy JSON that does not say where to.
pub fn merge_without_into(rewrite: &str) -> Error {
    invalid(format!("{rewrite}: merge failed with missing 'into' field; set merge.into, or strategy Extract"))
}

/// A field that this version does not act on.
pub fn unsupported(field: &str, instead: &str) -> Error {
    let message = format!("{field} is not supported by this version of latchkey; {instead}");
    Error::new(ErrorKind::Unsupported, message)
}
