//! Cuts a template into tokens.

mod action;
mod token;

pub(crate) use token::{Keyword, Kind, Token};

use crate::text;

const LEFT_COMMENT: &[u8] = b"/*";
const RIGHT_COMMENT: &[u8] = b"*/";
/// A trim marker is a minus sign and the space that sets it off.
const TRIM_MARKER: usize = 2;

/// Reads a template from the front.
pub(crate) struct Lexer<'a> {
    source: &'a [u8],
    left: &'a [u8],
    right: &'a [u8],
    /// Whether `break` and `continue` are keywords, and not functions.
    loop_words: [bool; 2],
    /// The token that is being read begins here.
    start: usize,
    pos: usize,
    /// The line of `line_pos`, which only moves forward.
    line: usize,
    line_pos: usize,
    inside: bool,
    parens: usize,
    broken: bool,
}

impl<'a> Lexer<'a> {
    /// A lexer at the beginning of the source, with these delimiters.
    pub(crate) fn new(source: &'a [u8], left: &'a str, right: &'a str, loop_words: [bool; 2]) -> Self {
        let (left, right) = (left.as_bytes(), right.as_bytes());
        let (line, line_pos, inside, parens, broken) = (1, 0, false, 0, false);
        Self { source, left, right, loop_words, start: 0, pos: 0, line, line_pos, inside, parens, broken }
    }

    /// The next token. After an error and at the end there is only the end.
    pub(crate) fn token(&mut self) -> Token {
        if self.broken {
            return self.emit(Kind::Eof);
        }
        if self.inside { self.action() } else { self.text() }
    }

    /// What is not yet read.
    fn rest(&self) -> &'a [u8] {
        self.source.get(self.pos..).unwrap_or_default()
    }

    /// Ends the token here.
    fn emit(&mut self, kind: Kind) -> Token {
        let passed = self.source.get(self.line_pos..self.start).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.line_pos = self.line_pos.max(self.start);
        let token = Token { kind, span: self.start..self.pos, line: self.line };
        self.start = self.pos;
        token
    }

    /// Drops what was read since the last token.
    fn ignore(&mut self) {
        self.start = self.pos;
    }

    /// Ends the reading with an error, which stands where the token began.
    fn error(&mut self, message: impl Into<String>) -> Token {
        self.broken = true;
        self.pos = self.start;
        self.emit(Kind::Error(message.into()))
    }

    /// Text up to the next action; comments are passed over.
    fn text(&mut self) -> Token {
        loop {
            let Some(length) = text::find(self.rest(), self.left) else {
                self.pos = self.source.len();
                let kind = if self.pos > self.start { Kind::Text } else { Kind::Eof };
                return self.emit(kind);
            };
            if let Some(token) = self.text_before(length) {
                return token;
            }
            self.pos += self.left.len();
            let trim = if has_left_trim(self.rest()) { TRIM_MARKER } else { 0 };
            if !self.rest()[trim..].starts_with(LEFT_COMMENT) {
                return self.left_delim(trim);
            }
            self.pos += trim;
            self.ignore();
            if let Some(error) = self.comment() {
                return error;
            }
        }
    }

    /// The text before an action that begins `length` bytes ahead, trimmed if the action says so.
    fn text_before(&mut self, length: usize) -> Option<Token> {
        let text = &self.rest()[..length];
        let after = &self.rest()[length + self.left.len()..];
        let kept = if has_left_trim(after) { trim_right(text) } else { length };
        self.pos += kept;
        let token = (kept > 0).then(|| self.emit(Kind::Text));
        self.pos += length - kept;
        self.ignore();
        token
    }

    /// The delimiter that opens an action; it was just read.
    fn left_delim(&mut self, trim: usize) -> Token {
        let token = self.emit(Kind::LeftDelim);
        self.pos += trim;
        self.ignore();
        self.inside = true;
        self.parens = 0;
        token
    }

    /// Passes over a comment, and over the space behind it if it says so.
    fn comment(&mut self) -> Option<Token> {
        let body = &self.rest()[LEFT_COMMENT.len()..];
        let Some(length) = text::find(body, RIGHT_COMMENT) else {
            return Some(self.error("unclosed comment"));
        };
        let end = self.pos + LEFT_COMMENT.len() + length + RIGHT_COMMENT.len();
        let Some(trim) = right_delim(&self.source[end..], self.right) else {
            return Some(self.error("comment ends before closing delimiter"));
        };
        self.pos = end;
        self.pass_right_delim(trim);
        None
    }

    /// The delimiter that closes an action; it stands next.
    fn close(&mut self, trim: bool) -> Token {
        if trim {
            self.pos += TRIM_MARKER;
            self.ignore();
        }
        self.pos += self.right.len();
        let token = self.emit(Kind::RightDelim);
        if trim {
            self.pos += trim_left(self.rest());
            self.ignore();
        }
        self.inside = false;
        token
    }

    fn pass_right_delim(&mut self, trim: bool) {
        self.pos += self.right.len();
        if trim {
            self.pos += TRIM_MARKER;
            self.pos += trim_left(self.rest());
        }
        self.ignore();
    }
}

/// Whether the bytes begin with a right delimiter, and whether that is one that trims.
fn right_delim(bytes: &[u8], right: &[u8]) -> Option<bool> {
    if has_right_trim(bytes) && bytes[TRIM_MARKER..].starts_with(right) {
        return Some(true);
    }
    bytes.starts_with(right).then_some(false)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn has_left_trim(bytes: &[u8]) -> bool {
    matches!(bytes, [b'-', space, ..] if is_space(*space))
}

fn has_right_trim(bytes: &[u8]) -> bool {
    matches!(bytes, [space, b'-', ..] if is_space(*space))
}

/// How much is left when the spaces at the end are not counted.
fn trim_right(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1)
}

/// How many spaces there are at the beginning.
fn trim_left(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| !is_space(*byte)).unwrap_or(bytes.len())
}
