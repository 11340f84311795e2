//! The nodes of a document.

use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::YamlError;
use crate::{Budget, Limit};

/// A node, shared by those who name it.
pub(super) type Shared = Rc<Node>;

/// A node of a document.
pub(super) enum Node {
    Scalar(Scalar),
    Sequence(Vec<Shared>),
    Mapping(Vec<(Shared, Shared)>),
    /// Another node, by its name.
    Alias(Shared),
}

/// A scalar: its text, and what says how to read it.
pub(super) struct Scalar {
    pub(super) text: zeroize::Zeroizing<String>,
    /// The tag in its short form.
    pub(super) tag: Option<String>,
    /// Whether it stands without quotes and tag.
    pub(super) plain: bool,
}

impl Scalar {
    /// Whether it is the key of a map that is merged into the one that it stands in.
    pub(super) fn is_merge(&self) -> bool {
        *self.text == "<<" && (self.plain || self.tag.as_deref() == Some("!!merge"))
    }
}

/// The first document of a text; None if there is none.
pub(super) fn parse(text: &str, budget: &Budget<'_>) -> Result<Option<Shared>, YamlError> {
    let mut options = Options::default();
    options.simple_key_max_lookahead = 1024;
    let parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder { parser, anchors: HashMap::new(), budget, open: open_end(text) };
    loop {
        match builder.next()? {
            None | Some((Event::StreamEnd, _)) => return Ok(None),
            Some((Event::DocumentStart(_, Some(version)), _)) if (version.major, version.minor) != (1, 1) => {
                return Err(failed("found incompatible YAML document"));
            }
            Some((Event::DocumentStart(..), _)) => break,
            Some(_) => {}
        }
    }
    let root = builder.node()?;
    builder.next()?;
    Ok(root)
}

/// A failure in Go's words.
pub(super) fn failed(message: impl Into<String>) -> YamlError {
    YamlError::Failed(format!("yaml: {}", message.into()))
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    anchors: HashMap<usize, Shared>,
    budget: &'a Budget<'a>,
    open: Option<usize>,
}

/// How many characters a text has whose last line has something on it and does not end.
fn open_end(text: &str) -> Option<usize> {
    let last = text.rsplit('\n').next().unwrap_or_default();
    (!last.trim_matches([' ', '\r']).is_empty()).then(|| text.chars().count())
}

impl<'a> Builder<'a> {
    fn next(&mut self) -> Result<Option<(Event<'a>, Span)>, YamlError> {
        self.budget.steps(1)?;
        self.budget.memory(size_of::<Node>())?;
        self.parser.next_event().transpose().map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &ScanError) -> YamlError {
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return Limit::Depth(self.budget.limits().depth).into();
        }
        failed(place(error, words(error.kind())))
    }

    /// The next node; None where a collection ends.
    #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else an event is, it is no node")]
    fn node(&mut self) -> Result<Option<Shared>, YamlError> {
        let Some((event, span)) = self.next()? else { return Ok(None) };
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.budget.memory(text.len())?;
                let tag = tag.as_deref().map(short);
                let plain = tag.is_none() && style == ScalarStyle::Plain;
                let mut text = zeroize::Zeroizing::new(text.into_owned());
                // A block that the end of the text ends has no line end that is not there.
                let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                if block && self.open.is_some_and(|end| span.end.index() >= end) && text.ends_with('\n') {
                    text.pop();
                }
                (Node::Scalar(Scalar { text, tag: tag.filter(|tag| tag != "!"), plain }), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.within(Self::sequence)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.within(Self::mapping)?, anchor),
            Event::Alias(anchor) => {
                let target =
                    self.anchors.get(&anchor).ok_or_else(|| failed("anchor value contains itself"))?;
                (Node::Alias(Rc::clone(target)), 0)
            }
            _ => return Ok(None),
        };
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        Ok(Some(node))
    }

    /// One level deeper.
    fn within(&mut self, read: fn(&mut Self) -> Result<Node, YamlError>) -> Result<Node, YamlError> {
        self.budget.enter()?;
        let node = read(self);
        self.budget.leave();
        node
    }

    fn sequence(&mut self) -> Result<Node, YamlError> {
        let mut items = Vec::new();
        while let Some(item) = self.node()? {
            items.push(item);
        }
        Ok(Node::Sequence(items))
    }

    fn mapping(&mut self) -> Result<Node, YamlError> {
        let mut entries = Vec::new();
        while let Some(key) = self.node()? {
            let Some(value) = self.node()? else { break };
            entries.push((key, value));
        }
        Ok(Node::Mapping(entries))
    }
}

/// The tag as Go's errors have it.
fn short(tag: &Tag) -> String {
    let (handle, suffix) = tag.parts();
    format!("{handle}{suffix}").replacen("tag:yaml.org,2002:", "!!", 1)
}

/// The words of an error, behind the line that it is in.
fn place(error: &ScanError, words: (&str, bool)) -> String {
    let (message, scanner) = words;
    let line = error.marker().line();
    match (line, scanner) {
        (line, _) if matches!(error.kind(), ErrorKind::UnclosedFlowCollection { .. }) => {
            format!("line {line}: {message}")
        }
        (0 | 1, _) => message.to_owned(),
        (line, true) => format!("line {line}: {message}"),
        (line, false) => format!("line {}: {message}", line - 1),
    }
}

/// What Go says, and whether its scanner does, which counts lines from one.
#[expect(clippy::wildcard_enum_match_arm, reason = "most errors have no words of their own")]
fn words(kind: &ErrorKind) -> (&'static str, bool) {
    use ErrorKind as Kind;
    match kind {
        Kind::MappingValueNotAllowed | Kind::InvalidColonPlacement => {
            ("mapping values are not allowed in this context", true)
        }
        Kind::MappingKeyNotAllowed => ("mapping keys are not allowed in this context", true),
        Kind::BlockSequenceEntryNotAllowed => {
            ("block sequence entries are not allowed in this context", true)
        }
        Kind::UnclosedQuotedScalar => ("found unexpected end of stream", true),
        Kind::DocumentIndicatorInQuotedScalar => ("found unexpected document indicator", true),
        Kind::UnknownQuotedScalarEscape => ("found unknown escape character", true),
        Kind::InvalidQuotedScalarHexEscape => ("did not find expected hexdecimal number", true),
        Kind::InvalidUnicodeEscape => ("found invalid Unicode character escape code", true),
        Kind::SimpleKeyExpected | Kind::InvalidSimpleKey => ("could not find expected ':'", true),
        Kind::UnknownAnchor => ("unknown anchor referenced", true),
        Kind::UnsupportedYamlMajorVersion => ("found incompatible YAML document", true),
        Kind::UndeclaredTagHandle => ("found undefined tag handle", false),
        Kind::ExpectedFlowSequenceSeparator | Kind::UnexpectedEofFlowSequence => {
            ("did not find expected ',' or ']'", false)
        }
        Kind::ExpectedFlowMappingSeparator
        | Kind::UnexpectedEofFlowMapping
        | Kind::UnexpectedEofImplicitFlowMapping => ("did not find expected ',' or '}'", false),
        Kind::UnclosedFlowCollection { open: '[' } => ("did not find expected ',' or ']'", false),
        Kind::UnclosedFlowCollection { .. } => ("did not find expected ',' or '}'", false),
        Kind::ExpectedBlockMappingKey | Kind::UnexpectedEofBlockMapping => {
            ("did not find expected key", false)
        }
        Kind::ExpectedBlockSequenceEntry | Kind::UnexpectedEofBlockSequence => {
            ("did not find expected '-' indicator", false)
        }
        Kind::ExpectedDocumentStart | Kind::InvalidDocumentEnd => {
            ("did not find expected <document start>", false)
        }
        Kind::TabInIndentation
        | Kind::TabNotAllowed
        | Kind::TabInBlockIndentation
        | Kind::TabAtBlockScalarStart
        | Kind::UnexpectedCharacter { .. } => ("found character that cannot start any token", true),
        Kind::MissingAnchorOrAliasName => ("did not find expected alphabetic or numeric character", true),
        Kind::ExpectedNodeContent | Kind::MisplacedFlowCollectionEnd => {
            ("did not find expected node content", false)
        }
        Kind::ZeroBlockScalarIndent => ("found an indentation indicator equal to 0", true),
        Kind::InvalidBlockScalarHeader => ("did not find expected comment or line break", true),
        _ => ("the text is not well-formed", true),
    }
}
