//! Inside an action.

use super::{Keyword, Kind, Lexer, TRIM_MARKER, Token, has_right_trim, is_space, right_delim};
use crate::text;

impl Lexer<'_> {
    /// The next token of an action.
    pub(super) fn action(&mut self) -> Token {
        if let Some(trim) = right_delim(self.rest(), self.right) {
            return if self.parens == 0 { self.close(trim) } else { self.error("unclosed left paren") };
        }
        match self.next() {
            None => self.error("unclosed action"),
            Some(' ' | '\t' | '\r' | '\n') => self.space(),
            Some('=') => self.emit(Kind::Assign),
            Some(':') if self.accept(b"=") => self.emit(Kind::Declare),
            Some(':') => self.error("expected :="),
            Some('|') => self.emit(Kind::Pipe),
            Some('"') => self.quoted(b'"', Kind::String, "unterminated quoted string"),
            Some('\'') => self.quoted(b'\'', Kind::CharConstant, "unterminated character constant"),
            Some('`') => self.raw_string(),
            Some('$') => self.name(Kind::Variable, Kind::Variable),
            Some('.') if self.rest().first().is_some_and(|byte| !byte.is_ascii_digit()) => {
                self.name(Kind::Field, Kind::Keyword(Keyword::Dot))
            }
            Some('.' | '+' | '-' | '0'..='9') => self.number(),
            Some(c) if text::is_alphanumeric(c) => self.identifier(),
            Some('(') => {
                self.parens += 1;
                self.emit(Kind::LeftParen)
            }
            Some(')') => self.right_paren(),
            Some(c) if c.is_ascii() && text::is_print(c) => self.emit(Kind::Char),
            Some(c) => self.error(format!("unrecognized character in action: {}", text::unicode(c))),
        }
    }

    /// Reads one character.
    fn next(&mut self) -> Option<char> {
        let (c, length) = text::decode(self.rest());
        self.pos += length;
        (length > 0).then_some(c)
    }

    /// Reads a byte if it is one of these.
    fn accept(&mut self, bytes: &[u8]) -> bool {
        let found = self.rest().first().is_some_and(|byte| bytes.contains(byte));
        self.pos += usize::from(found);
        found
    }

    fn accept_run(&mut self, bytes: &[u8]) {
        while self.accept(bytes) {}
    }

    fn accept_alphanumeric(&mut self) {
        loop {
            let (c, length) = text::decode(self.rest());
            if length == 0 || !text::is_alphanumeric(c) {
                return;
            }
            self.pos += length;
        }
    }

    /// Spaces. The last one may belong to a delimiter that trims.
    fn space(&mut self) -> Token {
        while self.rest().first().is_some_and(|byte| is_space(*byte)) {
            self.pos += 1;
        }
        let last = &self.source[self.pos - 1..];
        if has_right_trim(last) && last[TRIM_MARKER..].starts_with(self.right) {
            self.pos -= 1;
            if self.pos == self.start {
                return self.close(true);
            }
        }
        self.emit(Kind::Space)
    }

    fn right_paren(&mut self) -> Token {
        if self.parens == 0 {
            return self.error("unexpected right paren");
        }
        self.parens -= 1;
        self.emit(Kind::RightParen)
    }

    /// A name behind a `.` or a `$`, which was just read and may stand alone.
    fn name(&mut self, kind: Kind, alone: Kind) -> Token {
        if self.at_terminator() {
            return self.emit(alone);
        }
        self.accept_alphanumeric();
        self.terminated(kind)
    }

    fn identifier(&mut self) -> Token {
        self.accept_alphanumeric();
        let word = &self.source[self.start..self.pos];
        let [break_word, continue_word] = self.loop_words;
        let kind = match Keyword::of(word) {
            Some(Keyword::Break) if !break_word => Kind::Identifier,
            Some(Keyword::Continue) if !continue_word => Kind::Identifier,
            Some(keyword) => Kind::Keyword(keyword),
            None if matches!(word, b"true" | b"false") => Kind::Bool,
            None => Kind::Identifier,
        };
        self.terminated(kind)
    }

    /// Ends a name, if what follows may follow a name.
    fn terminated(&mut self, kind: Kind) -> Token {
        if self.at_terminator() {
            return self.emit(kind);
        }
        let (c, _) = text::decode(self.rest());
        self.error(format!("bad character {}", text::unicode(c)))
    }

    fn at_terminator(&self) -> bool {
        match self.rest().first() {
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'.' | b',' | b'|' | b':' | b'(' | b')') => true,
            Some(_) => self.rest().starts_with(self.right),
        }
    }

    /// A string or a character between these quotes, the first of which was just read.
    fn quoted(&mut self, quote: u8, kind: Kind, unterminated: &str) -> Token {
        loop {
            match self.rest() {
                [] | [b'\n', ..] | [b'\\'] | [b'\\', b'\n', ..] => return self.error(unterminated),
                [b'\\', _, ..] => self.pos += 2,
                [byte, ..] => {
                    self.pos += 1;
                    if *byte == quote {
                        return self.emit(kind);
                    }
                }
            }
        }
    }

    fn raw_string(&mut self) -> Token {
        let Some(length) = self.rest().iter().position(|byte| *byte == b'`') else {
            return self.error("unterminated raw quoted string");
        };
        self.pos += length + 1;
        self.emit(Kind::RawString)
    }

    /// A number. What is accepted here and yet is none, the parser refuses.
    fn number(&mut self) -> Token {
        self.pos = self.start;
        let mut kind = Kind::Number;
        let mut good = self.scan_number();
        if good && matches!(self.rest().first(), Some(b'+' | b'-')) {
            good = self.scan_number() && self.source[self.pos - 1] == b'i';
            kind = Kind::Complex;
        }
        if good {
            return self.emit(kind);
        }
        let text = text::quoted(&self.source[self.start..self.pos]);
        self.error(format!("bad number syntax: {text}"))
    }

    fn scan_number(&mut self) -> bool {
        self.accept(b"+-");
        let digits: &[u8] = if !self.accept(b"0") {
            b"0123456789_"
        } else if self.accept(b"xX") {
            b"0123456789abcdefABCDEF_"
        } else if self.accept(b"oO") {
            b"01234567_"
        } else if self.accept(b"bB") {
            b"01_"
        } else {
            b"0123456789_"
        };
        self.accept_run(digits);
        if self.accept(b".") {
            self.accept_run(digits);
        }
        let exponent: &[u8] = match digits.len() {
            11 => b"eE",
            23 => b"pP",
            _ => b"",
        };
        if self.accept(exponent) {
            self.accept(b"+-");
            self.accept_run(b"0123456789_");
        }
        self.accept(b"i");
        self.unspoiled()
    }

    /// Whether no letter follows a number; if one does, it is read for the message.
    fn unspoiled(&mut self) -> bool {
        let (c, length) = text::decode(self.rest());
        let spoiled = length > 0 && text::is_alphanumeric(c);
        self.pos += if spoiled { length } else { 0 };
        !spoiled
    }
}
