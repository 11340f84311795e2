//! Templates, and how they are parsed and executed.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::exec::Exec;
use crate::parse::{self, Templates};
use crate::{Budget, ExecError, Functions, Limits, ParseError, RenderError, Value};

/// What a template does with a key that its data does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingKey {
    /// It prints `<no value>`: Go's default.
    #[default]
    Default,
    /// It takes the zero of the map's type.
    Zero,
    /// It ends with an error: what External Secrets Operator has.
    Error,
}

/// How a template is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What opens an action; `{{` if empty.
    pub left: String,
    /// What closes an action; `}}` if empty.
    pub right: String,
    /// What happens when a key is missing.
    pub missing_key: MissingKey,
    /// The largest template, in bytes.
    pub max_size: usize,
    /// How deep blocks and parentheses may nest.
    pub max_depth: usize,
}

impl Default for Options {
    fn default() -> Self {
        let missing_key = MissingKey::default();
        Self { left: String::new(), right: String::new(), missing_key, max_size: 1 << 20, max_depth: 100 }
    }
}

impl Options {
    /// The options under which External Secrets Operator runs the templates of Secrets.
    pub fn strict() -> Self {
        Self { missing_key: MissingKey::Error, ..Self::default() }
    }

    pub(crate) fn left(&self) -> &str {
        if self.left.is_empty() { "{{" } else { &self.left }
    }

    pub(crate) fn right(&self) -> &str {
        if self.right.is_empty() { "}}" } else { &self.right }
    }
}

/// A template, parsed. Cloning is cheap, and it may go from thread to thread.
#[derive(Clone)]
pub struct Template(Arc<Parsed>);

/// What parsing gives.
pub(crate) struct Parsed {
    pub(crate) name: String,
    pub(crate) source: Zeroizing<Vec<u8>>,
    pub(crate) templates: Templates,
    pub(crate) missing_key: MissingKey,
}

impl Template {
    /// Parses the text. The name is for messages, and for templates that call themselves.
    pub fn parse(
        name: &str,
        text: impl AsRef<[u8]>,
        options: &Options,
        functions: &Functions,
    ) -> Result<Self, ParseError> {
        let source = text.as_ref();
        let templates = parse::parse(name, source, options, functions)?;
        Ok(Self(Arc::new(Parsed {
            name: name.to_owned(),
            source: Zeroizing::new(source.to_vec()),
            templates,
            missing_key: options.missing_key,
        })))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn parsed(&self) -> &Parsed {
        &self.0
    }

    /// Applies it to the data. The output is wiped when it is dropped.
    pub fn execute(&self, data: &Value, limits: &Limits<'_>) -> Result<Zeroizing<Vec<u8>>, ExecError> {
        Exec::new(&self.0, &Budget::new(*limits), data).run()
    }
}

/// Parses the text and applies it to a Secret's data, which it sees as a `map[string]string`.
pub fn render<K: AsRef<[u8]>, V: AsRef<[u8]>>(
    name: &str,
    text: impl AsRef<[u8]>,
    options: &Options,
    functions: &Functions,
    data: impl IntoIterator<Item = (K, V)>,
) -> Result<Zeroizing<Vec<u8>>, RenderError> {
    let template = Template::parse(name, text, options, functions)?;
    Ok(template.execute(&Value::string_map(data), &Limits::default())?)
}
