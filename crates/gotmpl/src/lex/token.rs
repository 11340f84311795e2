//! What the lexer finds.

use std::ops::Range;

use crate::text;

/// A token: its kind, where its text is, and the line on which it begins.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Range<usize>,
    pub(crate) line: usize,
}

/// The kinds of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The text ends in the middle of something; the message says of what.
    Error(String),
    Bool,
    /// A character of no other meaning: a comma.
    Char,
    CharConstant,
    Complex,
    Assign,
    Declare,
    Eof,
    Field,
    Identifier,
    LeftDelim,
    LeftParen,
    Number,
    Pipe,
    RawString,
    RightDelim,
    RightParen,
    Space,
    String,
    Text,
    Variable,
    Keyword(Keyword),
}

/// The words with a meaning of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyword {
    Block,
    Break,
    Continue,
    Define,
    Dot,
    Else,
    End,
    If,
    Nil,
    Range,
    Template,
    With,
}

impl Keyword {
    /// The keyword that this word is.
    pub(crate) fn of(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"." => Self::Dot,
            b"block" => Self::Block,
            b"break" => Self::Break,
            b"continue" => Self::Continue,
            b"define" => Self::Define,
            b"else" => Self::Else,
            b"end" => Self::End,
            b"if" => Self::If,
            b"nil" => Self::Nil,
            b"range" => Self::Range,
            b"template" => Self::Template,
            b"with" => Self::With,
            _ => return None,
        })
    }
}

impl Token {
    /// Where it begins.
    pub(crate) fn pos(&self) -> usize {
        self.span.start
    }

    /// The keyword that it is.
    pub(crate) fn keyword(&self) -> Option<Keyword> {
        if let Kind::Keyword(keyword) = self.kind { Some(keyword) } else { None }
    }

    /// How messages name it.
    pub(crate) fn describe(&self, source: &[u8]) -> String {
        let value = &source[self.span.clone()];
        if let Kind::Error(message) = &self.kind {
            message.clone()
        } else if self.kind == Kind::Eof {
            "EOF".to_owned()
        } else if self.keyword().is_some() {
            format!("<{}>", String::from_utf8_lossy(value))
        } else if value.len() > 10 {
            let length = text::runes(value).take(10).map(|(_, length)| length).sum();
            format!("{}...", text::quoted(&value[..length]))
        } else {
            text::quoted(value)
        }
    }
}
