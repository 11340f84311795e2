//! The one place where a template's text is executed.
//!
//! Plain text is itself. Actions need a template engine, which goes in here: [`check`] parses, [`execute`] parses and runs.

use latchkey_provider::SecretBytes;

use crate::engine::convert::Data;
use crate::engine::error::Error;
use crate::engine::message;

/// Go's left delimiter.
const ACTION: &str = "{{";

/// Why a template gives nothing. No text here may hold a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateError {
    /// This version does not do it.
    Unsupported,
    /// It cannot be parsed or executed.
    Failed(String),
}

/// Sees whether the text is a template that can be executed.
///
/// # Errors
/// It holds actions.
pub fn check(text: &str) -> Result<(), TemplateError> {
    if text.contains(ACTION) { Err(TemplateError::Unsupported) } else { Ok(()) }
}

/// Executes the text on the values.
///
/// # Errors
/// As [`check`].
pub fn execute(text: &str, _values: &Data) -> Result<SecretBytes, TemplateError> {
    check(text)?;
    Ok(text.into())
}

/// Executes the text that stands at this field.
pub(super) fn run(at: &str, text: &str, values: &Data) -> Result<SecretBytes, Error> {
    execute(text, values).map_err(|why| said(at, &why))
}

/// The sentence for a template at this field.
pub(super) fn said(at: &str, why: &TemplateError) -> Error {
    match why {
        TemplateError::Unsupported => {
            message::unsupported(&format!("{at}: a template with {{{{ actions }}}}"), "write plain text")
        }
        TemplateError::Failed(why) => message::template_failed(at, why),
    }
}
