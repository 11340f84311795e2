//! Where on a line YAML is written: indentation, indicators, keys.

use super::YamlError;
use super::style::{Shape, Style};
use crate::buffer::Buffer;
use crate::{Budget, Bytes, Limit};

/// How far a level is indented.
const STEP: usize = 2;

/// A line longer than this ends at the next blank where it may.
pub(super) const WIDTH: usize = 80;

/// A key longer than this is written with a question mark.
const SIMPLE_KEY: usize = 128;

/// Writes YAML in blocks.
pub(super) struct Emitter {
    pub(super) out: Buffer,
    pub(super) column: usize,
    /// Whether a blank stands before.
    pub(super) whitespace: bool,
    /// Whether nothing but indentation stands before.
    pub(super) indention: bool,
    /// How far the collection is indented; None outside of any.
    indent: Option<usize>,
}

impl Emitter {
    /// Writes as much as the budget allows.
    pub(super) fn new(budget: &Budget<'_>) -> Self {
        let out = Buffer::new(budget.memory_left(), Limit::Memory(budget.limits().memory));
        Self { out, column: 0, whitespace: true, indention: true, indent: None }
    }

    /// What was written.
    pub(super) fn finish(self) -> Result<Bytes, YamlError> {
        Ok(Bytes::from(self.out.finish()?))
    }

    /// The end of the document.
    pub(super) fn end(&mut self) {
        self.new_line(0);
    }

    /// Begins a sequence. One that is the value of a key stands as deep as the key. Returns what `leave` needs.
    pub(super) fn enter_sequence(&mut self, value: bool) -> Option<usize> {
        let outer = self.indent;
        if !value || self.indention {
            self.indent = Some(outer.map_or(0, |indent| indent + STEP));
        }
        outer
    }

    /// Begins a mapping. Returns what `leave` needs.
    pub(super) fn enter_mapping(&mut self) -> Option<usize> {
        let outer = self.indent;
        self.indent = Some(outer.map_or(0, |indent| indent + STEP));
        outer
    }

    /// Ends a collection.
    pub(super) fn leave(&mut self, outer: Option<usize>) {
        self.indent = outer;
    }

    /// Begins an item of a sequence.
    pub(super) fn item(&mut self) {
        self.new_line(self.indent.unwrap_or(0));
        self.opener("-");
    }

    /// Writes a key of a mapping.
    pub(super) fn key(&mut self, key: &str) {
        let indent = self.indent.unwrap_or(0);
        self.new_line(indent);
        if Shape::of(key).multiline || key.len() > SIMPLE_KEY {
            self.opener("?");
            self.text(key, false);
            self.new_line(indent);
            self.opener(":");
        } else {
            self.text(key, true);
            self.indicator(":", false);
        }
    }

    /// Writes an indicator behind which a collection may begin on the same line.
    fn opener(&mut self, indicator: &str) {
        let indention = self.indention;
        self.indicator(indicator, true);
        self.indention = indention;
    }

    /// Writes an indicator, with a blank before it if it needs one.
    pub(super) fn indicator(&mut self, indicator: &str, apart: bool) {
        if apart && !self.whitespace {
            self.put(' ');
        }
        indicator.chars().for_each(|c| self.put(c));
        self.whitespace = false;
        self.indention = false;
    }

    /// Writes what needs no quotes.
    pub(super) fn plain(&mut self, text: &str) {
        self.scalar(text, Style::Plain, false);
    }

    /// Writes a text in the style that it needs.
    pub(super) fn text(&mut self, text: &str, key: bool) {
        self.scalar(text, Style::of(text, key), key);
    }

    fn scalar(&mut self, text: &str, style: Style, key: bool) {
        let indent = self.indent.map_or(STEP, |indent| indent + STEP);
        self.write_scalar(text, style, key, indent);
    }

    /// Writes one character.
    pub(super) fn put(&mut self, c: char) {
        self.out.char(c);
        self.column += 1;
    }

    /// Ends a line with this character.
    pub(super) fn put_break(&mut self, c: char) {
        self.out.char(c);
        self.column = 0;
    }

    /// Goes to where a line of this indentation begins.
    pub(super) fn new_line(&mut self, indent: usize) {
        if !self.indention || self.column > indent || self.column == indent && !self.whitespace {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }
}
