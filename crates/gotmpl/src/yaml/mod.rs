//! YAML as `sigs.k8s.io/yaml` reads and writes it: version 1.1, by way of JSON.
//!
//! What differs from it:
//!
//! - Errors do not show what they are about, and not each of them has the words or the line of Go's.
//! - The parser is one of YAML 1.2. It accepts a tab where Go wants blanks, `\/` in quotes, and `...` before the first
//!   document; it refuses what follows a closed root, where Go stops without a word, and lines of a quoted text that
//!   are not indented.
//! - U+0085, U+2028 and U+2029 are characters, not ends of lines, to the reader.
//! - Of keys that are the same when they are text, such as `1` and `"1"`, the last one stays; in Go any of them may.
//! - Names that multiply, and text deeper than the budget allows, end with a limit, not with Go's error.

mod emitter;
mod number;
mod read;
mod reader;
mod resolve;
mod scalar;
mod sort;
mod style;
mod tree;
mod words;
mod write;

use std::collections::BTreeMap;

use crate::{Budget, Bytes, Limit, Value};

pub use write::write;

/// Why a text is not the YAML that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// In Go's words, as far as they do not show the text.
    #[error("{0}")]
    Failed(String),
    /// It would take too much.
    #[error(transparent)]
    Limit(#[from] Limit),
}

/// Reads a text into what Go's `interface {}` would hold: numbers are floats, maps have keys of text. Only the first
/// document counts.
///
/// # Errors
/// If the text is no YAML, or what it holds cannot be said in JSON.
pub fn read(text: &[u8], budget: &Budget<'_>) -> Result<Value, YamlError> {
    read::value(text, budget)
}

/// Reads a text into what Go's `map[string]interface {}` would hold. Nothing at all is an empty map.
///
/// # Errors
/// If the text is no YAML, or no map.
pub fn read_map(text: &[u8], budget: &Budget<'_>) -> Result<Value, YamlError> {
    read::map(text, budget)
}

/// Reads a text into what Go's `map[string]string` would hold: each scalar becomes text again (`yes` is `true`, `010` is
/// `8`, `1.10` is `1.1`). Nothing at all is an empty map.
///
/// # Errors
/// If the text is no YAML, or no map of scalars.
pub fn read_strings(text: &[u8], budget: &Budget<'_>) -> Result<BTreeMap<Bytes, Bytes>, YamlError> {
    read::strings(text, budget)
}
