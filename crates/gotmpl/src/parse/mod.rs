//! Makes a tree of a template.

mod control;
pub(crate) mod number;
mod operand;
mod pipeline;
mod unquote;

use std::collections::{BTreeMap, HashMap};

use crate::ast::{Node, Nodes};
use crate::lex::{Keyword, Kind, Lexer, Token};
use crate::{Functions, Limit, Options, ParseError, ParseErrorKind, text};

type Result<T> = std::result::Result<T, ParseError>;

/// Templates by name. Names are strings of the language, so they are bytes.
pub(crate) type Templates = BTreeMap<Vec<u8>, Nodes>;

/// Parses the source and gives all templates that it defines, the one of this name among them.
pub(crate) fn parse(
    name: &str,
    source: &[u8],
    options: &Options,
    functions: &Functions,
) -> Result<Templates> {
    let mut parser = Parser::new(name, source, options, functions);
    if source.len() > options.max_size {
        return Err(parser.fail(ParseErrorKind::Limit(Limit::Size(options.max_size))));
    }
    let root = parser.top_level()?;
    parser.install(name.as_bytes(), root)?;
    Ok(parser.templates)
}

/// A template that is being parsed.
struct Parser<'a> {
    name: &'a str,
    source: &'a [u8],
    functions: &'a Functions,
    lexer: Lexer<'a>,
    /// Tokens that were looked at and put back; the next one is the last.
    ahead: Vec<Token>,
    /// The line of the token that was read last, which is the line that errors name.
    line: usize,
    /// Where that token begins.
    start: usize,
    depth: usize,
    max_depth: usize,
    scope: Scope,
    templates: Templates,
}

/// What each template has for itself.
struct Scope {
    /// The variables in sight, the innermost last, and how often each name is among them.
    variables: Vec<String>,
    known: HashMap<String, usize>,
    loops: usize,
    /// The line on which the action began that is being read; nought outside.
    action_line: usize,
}

impl Default for Scope {
    fn default() -> Self {
        let (variables, known, loops, action_line) = (Vec::new(), HashMap::new(), 0, 0);
        let mut scope = Self { variables, known, loops, action_line };
        scope.declare("$");
        scope
    }
}

impl Scope {
    fn declare(&mut self, name: &str) {
        self.variables.push(name.to_owned());
        *self.known.entry(name.to_owned()).or_default() += 1;
    }

    fn knows(&self, name: &str) -> bool {
        self.known.get(name).is_some_and(|count| *count > 0)
    }

    /// Takes back all but the outermost variables.
    fn truncate(&mut self, count: usize) {
        for name in self.variables.drain(count..) {
            self.known.entry(name).and_modify(|count| *count -= 1);
        }
    }
}

/// What stands next in a list of nodes.
enum Item {
    Node(Node),
    /// Nothing that leaves a trace.
    End,
    Else,
}

impl Item {
    /// How messages name what ends a list.
    fn describe(&self) -> &'static str {
        match self {
            Self::Node(_) => "node",
            Self::End => "{{end}}",
            Self::Else => "{{else}}",
        }
    }
}

impl<'a> Parser<'a> {
    fn new(name: &'a str, source: &'a [u8], options: &'a Options, functions: &'a Functions) -> Self {
        let loop_words = [!functions.contains("break"), !functions.contains("continue")];
        let lexer = Lexer::new(source, options.left(), options.right(), loop_words);
        let (ahead, scope, templates) = (Vec::new(), Scope::default(), Templates::new());
        let (line, start, depth, max_depth) = (1, 0, 0, options.max_depth);
        Self { name, source, functions, lexer, ahead, line, start, depth, max_depth, scope, templates }
    }

    /// Text, actions and definitions up to the end.
    fn top_level(&mut self) -> Result<Nodes> {
        let mut nodes = Nodes::new();
        while self.peek().kind != Kind::Eof {
            if self.at_definition() {
                self.definition()?;
                continue;
            }
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                end @ (Item::End | Item::Else) => {
                    return Err(self.syntax(format!("unexpected {}", end.describe())));
                }
            }
        }
        Ok(nodes)
    }

    /// Whether a `define` comes next; if so, its delimiter and its keyword are read.
    fn at_definition(&mut self) -> bool {
        if self.peek().kind != Kind::LeftDelim {
            return false;
        }
        let delim = self.next();
        let word = self.next_non_space();
        if word.keyword() == Some(Keyword::Define) {
            return true;
        }
        self.unread(word);
        self.unread(delim);
        false
    }

    /// Nodes up to an `end` or `else`, which is told.
    fn list(&mut self) -> Result<(Nodes, Item)> {
        self.enter()?;
        let mut nodes = Nodes::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                end @ (Item::End | Item::Else) => {
                    self.depth -= 1;
                    return Ok((nodes, end));
                }
            }
        }
        Err(self.syntax("unexpected EOF"))
    }

    fn text_or_action(&mut self) -> Result<Item> {
        let token = self.next_non_space();
        if token.kind == Kind::Text {
            return Ok(Item::Node(Node::Text(token.span)));
        }
        if token.kind != Kind::LeftDelim {
            return Err(self.unexpected(&token, "input"));
        }
        self.scope.action_line = token.line;
        let item = self.action()?;
        self.scope.action_line = 0;
        Ok(item)
    }

    /// Adds a template. One that holds nothing but space takes no other's place.
    fn install(&mut self, name: &[u8], nodes: Nodes) -> Result<()> {
        let old = self.templates.get(name);
        if old.is_none_or(|old| self.is_empty(old)) {
            self.templates.insert(name.to_vec(), nodes);
        } else if !self.is_empty(&nodes) {
            let name = text::quoted(name);
            return Err(self.syntax(format!("template: multiple definition of template {name}")));
        }
        Ok(())
    }

    fn is_empty(&self, nodes: &Nodes) -> bool {
        nodes.iter().all(|node| {
            matches!(node, Node::Text(span)
                if text::runes(&self.source[span.clone()]).all(|(c, _)| c.is_whitespace()))
        })
    }

    fn next(&mut self) -> Token {
        self.ahead.pop().unwrap_or_else(|| {
            let token = self.lexer.token();
            (self.line, self.start) = (token.line, token.span.start);
            token
        })
    }

    fn unread(&mut self, token: Token) {
        self.ahead.push(token);
    }

    fn peek(&mut self) -> Token {
        let token = self.next();
        self.unread(token.clone());
        token
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.unread(token.clone());
        token
    }

    /// The next token, which has to be of one of these kinds.
    fn expect(&mut self, kinds: &[Kind], context: &str) -> Result<Token> {
        let token = self.next_non_space();
        if kinds.contains(&token.kind) { Ok(token) } else { Err(self.unexpected(&token, context)) }
    }

    /// One level deeper.
    fn enter(&mut self) -> Result<()> {
        if self.depth >= self.max_depth {
            return Err(self.fail(ParseErrorKind::Limit(Limit::Depth(self.max_depth))));
        }
        self.depth += 1;
        Ok(())
    }

    fn fail(&self, kind: ParseErrorKind) -> ParseError {
        let before = self.source.get(..self.start).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
        let column = (line == self.line).then_some(column);
        ParseError { name: self.name.to_owned(), line: self.line, column, kind }
    }

    fn syntax(&self, message: impl Into<String>) -> ParseError {
        self.fail(ParseErrorKind::Syntax(message.into()))
    }

    fn unexpected(&self, token: &Token, context: &str) -> ParseError {
        let what = token.describe(self.source);
        let Kind::Error(message) = &token.kind else {
            return self.syntax(format!("unexpected {what} in {context}"));
        };
        let (name, line) = (self.name, self.scope.action_line);
        if line == 0 || line == token.line {
            return self.syntax(message);
        }
        let action = if message.ends_with(" action") { "" } else { " in action" };
        self.syntax(format!("{message}{action} started at {name}:{line}"))
    }
}
