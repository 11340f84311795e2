//! What went wrong, in Go's words. No value of the data is ever part of an error.

use std::fmt;

use crate::Limit;

/// Why a template does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{line}: {kind}")]
pub struct ParseError {
    /// The template's name.
    pub name: String,
    /// The line, counted from one.
    pub line: usize,
    /// The column of what was read last, in bytes and counted from nought, if it begins in that line. Go does not tell it,
    /// and it is not part of the text.
    pub column: Option<usize>,
    /// What kind of error it is.
    pub kind: ParseErrorKind,
}

/// The kinds of parse errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// The text is no template, in Go's words.
    Syntax(String),
    /// No such function.
    UnknownFunction(String),
    /// Go knows it, this engine does not.
    Unsupported(&'static str),
    /// The template is too large or nests too deep.
    Limit(Limit),
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => f.write_str(message),
            Self::UnknownFunction(name) => write!(f, "function {} not defined", crate::text::quoted(name)),
            Self::Unsupported(what) => write!(f, "{what} are not supported"),
            Self::Limit(limit) => limit.fmt(f),
        }
    }
}

/// Why a template does not execute.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("template: {}:{}:{}: executing {} at <{}>: {}", .0.name, .0.line, .0.column, crate::text::quoted(&.0.executing), .0.at, .0.kind)]
pub struct ExecError(Box<Place>);

/// Where it went wrong, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    name: String,
    line: usize,
    column: usize,
    executing: String,
    at: String,
    kind: ExecErrorKind,
}

/// The kinds of execution errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecErrorKind {
    /// The data has no such key.
    MissingKey(String),
    /// A function refused. The message is the function's own.
    Function {
        /// The function's name.
        name: String,
        /// What it said.
        message: String,
    },
    /// The template does what cannot be done with these types, in Go's words.
    Type(String),
    /// A limit was passed.
    Limit(Limit),
}

impl fmt::Display for ExecErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingKey(key) => write!(f, "map has no entry for key {}", crate::text::quoted(key)),
            Self::Function { name, message } => write!(f, "error calling {name}: {message}"),
            Self::Type(message) => f.write_str(message),
            Self::Limit(limit) => limit.fmt(f),
        }
    }
}

impl ExecError {
    /// An error in the template `executing` of the text `name`, at this line, column and node.
    pub(crate) fn new(
        name: &str,
        (line, column): (usize, usize),
        executing: &str,
        at: String,
        kind: ExecErrorKind,
    ) -> Self {
        let (name, executing) = (name.to_owned(), executing.to_owned());
        Self(Box::new(Place { name, line, column, executing, at, kind }))
    }

    /// What kind of error it is.
    pub fn kind(&self) -> &ExecErrorKind {
        &self.0.kind
    }

    /// The line, counted from one.
    pub fn line(&self) -> usize {
        self.0.line
    }

    /// The column in bytes, counted from nought as Go does.
    pub fn column(&self) -> usize {
        self.0.column
    }
}

impl fmt::Debug for ExecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a template could not be rendered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// It does not parse.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It does not execute.
    #[error(transparent)]
    Exec(#[from] ExecError),
}
