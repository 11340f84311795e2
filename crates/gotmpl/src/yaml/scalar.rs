//! What scalars look like in each style.

use super::emitter::{Emitter, WIDTH};
use super::style::{Style, is_break, is_printable};

impl Emitter {
    /// Writes a scalar, whose further lines are indented so far.
    pub(super) fn write_scalar(&mut self, text: &str, style: Style, key: bool, indent: usize) {
        match style {
            Style::Plain => {
                if !self.whitespace {
                    self.put(' ');
                }
                self.flowing(text, key, indent, |_| false);
            }
            Style::Single => {
                self.indicator("'", true);
                self.flowing(text, key, indent, |c| c == '\'');
                self.indicator("'", false);
            }
            Style::Double => self.double(text, key, indent),
            Style::Literal => self.literal(text, indent),
        }
        self.whitespace = style == Style::Literal && self.whitespace;
        self.indention = style == Style::Literal && self.indention;
    }

    /// Writes text that is folded at blanks, and writes some characters twice.
    fn flowing(&mut self, text: &str, key: bool, indent: usize, twice: impl Fn(char) -> bool) {
        let (mut blanks, mut breaks) = (false, false);
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            if c == ' ' {
                let folds =
                    !key && !blanks && self.column > WIDTH && at > 0 && next.is_some_and(|next| next != ' ');
                if folds {
                    self.new_line(indent);
                } else {
                    self.put(' ');
                }
                blanks = true;
            } else if is_break(c) {
                if !breaks && c == '\n' {
                    self.put_break('\n');
                }
                self.put_break(c);
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.new_line(indent);
                }
                if twice(c) {
                    self.put(c);
                }
                self.put(c);
                (self.indention, blanks, breaks) = (false, false, false);
            }
        }
    }

    /// Writes text in double quotes, with escapes.
    fn double(&mut self, text: &str, key: bool, indent: usize) {
        self.indicator("\"", true);
        // Behind a byte order mark Go escapes everything.
        let marked = text.starts_with('\u{feff}');
        let mut blanks = false;
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let next = chars.peek().map(|(_, next)| *next);
            let folds =
                !marked && c == ' ' && !key && !blanks && self.column > WIDTH && at > 0 && next.is_some();
            blanks = c == ' ';
            if folds {
                self.new_line(indent);
                if next == Some(' ') {
                    self.put('\\');
                }
            } else if marked || !is_printable(c) || is_break(c) || matches!(c, '"' | '\\') {
                escape(c).chars().for_each(|c| self.put(c));
            } else {
                self.put(c);
            }
        }
        self.indicator("\"", false);
    }

    /// Writes text line by line.
    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true);
        if text.starts_with(|c| c == ' ' || is_break(c)) {
            self.indicator("2", false);
        }
        let mut ends = text.chars().rev();
        let chomping = match (ends.next().is_some_and(is_break), ends.next()) {
            (false, _) => "-",
            (true, None) => "+",
            (true, Some(c)) => {
                if is_break(c) {
                    "+"
                } else {
                    ""
                }
            }
        };
        self.indicator(chomping, false);
        self.put_break('\n');
        (self.indention, self.whitespace) = (true, true);
        let mut breaks = true;
        for c in text.chars() {
            if is_break(c) {
                self.put_break(c);
                (self.indention, breaks) = (true, true);
            } else {
                if breaks {
                    self.new_line(indent);
                }
                self.put(c);
                (self.indention, breaks) = (false, false);
            }
        }
    }
}

fn escape(c: char) -> String {
    let letter = match c {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        '\0'..='\u{ff}' => return format!("\\x{:02X}", u32::from(c)),
        '\u{100}'..='\u{ffff}' => return format!("\\u{:04X}", u32::from(c)),
        _ => return format!("\\U{:08X}", u32::from(c)),
    };
    format!("\\{letter}")
}
