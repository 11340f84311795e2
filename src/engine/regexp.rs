//! Patterns of manifests, which were written for Go's regular expressions, within the time that an object has.

use regex::Regex;

use super::work;

/// Compiles a pattern of Go's syntax.
///
/// # Errors
/// What is wrong with it, in a few words.
pub fn compile(pattern: &str) -> Result<Regex, String> {
    if work::is_over() {
        return Err("it is one of too many, or of too large ones".to_owned());
    }
    latchkey_gotmpl::regexp::compile(pattern)
}

#[cfg(test)]
#[path = "regexp_tests.rs"]
mod tests;
