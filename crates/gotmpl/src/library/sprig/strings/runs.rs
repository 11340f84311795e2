//! Runs of characters that belong together: the words of a name.

use super::trim::split_first;
use super::words::{connects, is_letter, is_punctuation, is_upper};

/// What a run is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing follows, or only bytes that are no text.
    None,
    Number,
    Upper,
    Letters,
    Connector,
    Punctuation,
    Other,
}

/// A run of characters that belong together.
#[derive(Clone, Copy)]
pub(super) struct Word<'a> {
    pub(super) kind: Kind,
    pub(super) bytes: &'a [u8],
}

/// The words of a text, from front to end.
pub(super) struct Words<'a>(pub(super) &'a [u8]);

impl<'a> Words<'a> {
    pub(super) fn next(&mut self) -> Word<'a> {
        let (kind, length) = word_at(self.0);
        let (bytes, rest) = self.0.split_at_checked(length).unwrap_or((self.0, b""));
        self.0 = rest;
        Word { kind, bytes }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The next character that is text, and how many bytes it takes with those before it that are none. At the end it is the
/// one before.
fn next_valid(bytes: &[u8], before: char) -> (char, usize) {
    let mut size = 0;
    let mut rest = bytes;
    while let Some((c, after)) = split_first(rest) {
        size += rest.len() - after.len();
        if c != char::REPLACEMENT_CHARACTER {
            return (c, size);
        }
        rest = after;
    }
    (before, size)
}

/// How many bytes follow that belong to the run.
fn run(bytes: &[u8], first: char, belongs: impl Fn(char) -> bool) -> usize {
    let (mut at, mut last) = (0, first);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let (c, size) = next_valid(rest, last);
        if !belongs(c) {
            break;
        }
        (at, last) = (at + size, c);
    }
    at
}

fn word_at(bytes: &[u8]) -> (Kind, usize) {
    let (c, size) = next_valid(bytes, char::REPLACEMENT_CHARACTER);
    let rest = bytes.get(size..).unwrap_or_default();
    let with = |kind, belongs: &dyn Fn(char) -> bool| (kind, size + run(rest, c, belongs));
    let small = |c: char| is_letter(c) && !is_upper(c);
    match c {
        char::REPLACEMENT_CHARACTER => (Kind::None, size),
        c if connects(c) => with(Kind::Connector, &connects),
        c if is_punctuation(c) => with(Kind::Punctuation, &is_punctuation),
        c if is_upper(c) => (Kind::Upper, size + capitals(rest, c)),
        c if is_letter(c) => with(Kind::Letters, &small),
        c if c.is_numeric() => with(Kind::Number, &char::is_numeric),
        _ => with(Kind::Other, &|c| !(connects(c) || is_letter(c) || c.is_numeric() || is_punctuation(c))),
    }
}

/// What belongs to the capital before: more capitals, or small letters. The last capital of many begins the next word if
/// small letters follow it.
fn capitals(rest: &[u8], first: char) -> usize {
    let (next, _) = next_valid(rest, first);
    if rest.is_empty() || !is_upper(next) {
        return if is_letter(next) { run(rest, first, |c| is_letter(c) && !is_upper(c)) } else { 0 };
    }
    let length = run(rest, first, is_upper);
    let (after, behind) = (rest.get(..length).unwrap_or_default(), rest.get(length..).unwrap_or_default());
    let follows = next_valid(behind, next).0;
    if behind.is_empty() || !is_letter(follows) {
        return length;
    }
    let mut last = 0;
    let mut at = 0;
    while let Some(rest) = after.get(at..).filter(|rest| !rest.is_empty()) {
        last = next_valid(rest, first).1;
        at += last;
    }
    length - last
}
