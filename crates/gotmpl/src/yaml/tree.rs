//! The nodes of a document.

use std::collections::HashMap;
use std::rc::Rc;

use granit_parser::{
    ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, StructureStyle, Tag,
};

use super::{YamlError, words};
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
    match document(text, budget) {
        Ok((root, _)) => Ok(root),
        Err(YamlError::Failed(message)) if text.contains("\n\t") => {
            indented_by_tabs(text, budget)?.ok_or(YamlError::Failed(message))
        }
        Err(error) => Err(error),
    }
}

/// The first document of a text in whose brackets lines begin with tabs: Go takes them there, the parser does not.
/// None if it is not that which is wrong.
fn indented_by_tabs(text: &str, budget: &Budget<'_>) -> Result<Option<Option<Shared>>, YamlError> {
    let tabs = |line: &str| line.bytes().take_while(|byte| *byte == b'\t').count();
    let size: usize = text.lines().map(|line| line.len() + 7 * tabs(line) + 1).sum();
    budget.memory(size)?;
    let mut blanks = zeroize::Zeroizing::new(String::with_capacity(size));
    for line in text.split_inclusive('\n') {
        let count = tabs(line);
        blanks.extend(std::iter::repeat_n("        ", count));
        blanks.push_str(line.get(count..).unwrap_or_default());
    }
    let (root, brackets) = match document(&blanks, budget) {
        Ok(read) => read,
        Err(YamlError::Failed(_)) => return Ok(None),
        Err(limit) => return Err(limit),
    };
    let inside = |line: usize| {
        let at = brackets.partition_point(|(_, last)| *last < line);
        brackets.get(at).is_some_and(|(first, _)| *first < line)
    };
    let mut lines = text.lines().zip(1..).filter(|(line, _)| tabs(line) > 0);
    Ok(lines.all(|(_, number)| inside(number)).then_some(root))
}

/// The first and the last line of each collection in brackets that is in no other, in order.
type Brackets = Vec<(usize, usize)>;

fn document(text: &str, budget: &Budget<'_>) -> Result<(Option<Shared>, Brackets), YamlError> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    let parser = Parser::new_from_str_with_options(text, options);
    let (anchors, brackets) = (HashMap::new(), Vec::new());
    let mut builder = Builder { parser, anchors, budget, open: open_end(text), line: 0, brackets };
    loop {
        match builder.next()? {
            None | Some((Event::StreamEnd, _)) => return Ok((None, builder.brackets)),
            Some((Event::DocumentStart(_, Some(version)), _)) if (version.major, version.minor) != (1, 1) => {
                return Err(failed("found incompatible YAML document"));
            }
            Some((Event::DocumentStart(..), _)) => break,
            Some(_) => {}
        }
    }
    let root = builder.node()?;
    builder.next()?;
    Ok((root, builder.brackets))
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
    line: usize,
    brackets: Brackets,
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
        let next = self.parser.next_event().transpose().map_err(|error| self.refused(&error))?;
        self.line = next.as_ref().map_or(self.line, |(_, span)| span.end.line());
        Ok(next)
    }

    fn refused(&self, error: &ScanError) -> YamlError {
        if *error.kind() == ErrorKind::RecursionLimitExceeded {
            return Limit::Depth(self.budget.limits().depth).into();
        }
        failed(words::of(error))
    }

    /// The next node; None where a collection ends.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is neither a node nor an end does not come; read past, it would take something along"
    )]
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
            Event::SequenceStart(style, anchor, _) => (self.collection(style, Self::sequence)?, anchor),
            Event::MappingStart(style, anchor, _) => (self.collection(style, Self::mapping)?, anchor),
            Event::Alias(anchor) => {
                let target =
                    self.anchors.get(&anchor).ok_or_else(|| failed("anchor value contains itself"))?;
                (Node::Alias(Rc::clone(target)), 0)
            }
            Event::SequenceEnd | Event::MappingEnd | Event::DocumentEnd | Event::StreamEnd => {
                return Ok(None);
            }
            _ => return Err(failed("the text is not well-formed")),
        };
        let node = Rc::new(node);
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        Ok(Some(node))
    }

    /// A collection, one level deeper.
    fn collection(
        &mut self,
        style: StructureStyle,
        read: fn(&mut Self) -> Result<Node, YamlError>,
    ) -> Result<Node, YamlError> {
        let first = self.line;
        self.budget.enter()?;
        let node = read(self);
        self.budget.leave();
        if style == StructureStyle::Flow && node.is_ok() {
            // Those inside of it began later, and count no more.
            while self.brackets.last().is_some_and(|(inner, _)| *inner >= first) {
                self.brackets.pop();
            }
            self.brackets.push((first, self.line));
        }
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
