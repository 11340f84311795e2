//! Names in the manner of programs: `camelcase`, `snakecase`, `kebabcase`.

use std::sync::LazyLock;

use regex::Regex;

use super::case::{lower, upper};
use super::runs::{Kind, Word, Words};
use super::{Result, Shelf, text};
use crate::Type::Str;
use crate::buffer::Buffer;
use crate::text::runes;
use crate::{Call, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let one = Signature::new(&[Str]);
    shelf
        .add("camelcase", one, camel)
        .add("snakecase", one, |call| text(call, |out| joined_by(out, &call.bytes(0), '_')))
        .add("kebabcase", one, |call| text(call, |out| joined_by(out, &call.bytes(0), '-')));
}

pub(super) fn connects(c: char) -> bool {
    matches!(c, '-' | '_') || c.is_whitespace()
}

/// Whether the character is one of this general category.
fn of_category(c: char, category: &Regex) -> bool {
    category.is_match(c.encode_utf8(&mut [0; 4]))
}

/// A class of characters. The pattern is a constant; a wrong one would match nothing, and tests would fail.
fn category(pattern: &str) -> Regex {
    Regex::new(pattern).unwrap_or_else(|_| unreachable!("{pattern} is no pattern"))
}

static UPPER: LazyLock<Regex> = LazyLock::new(|| category(r"\p{Lu}"));
static LOWER: LazyLock<Regex> = LazyLock::new(|| category(r"\p{Ll}"));
static LETTER: LazyLock<Regex> = LazyLock::new(|| category(r"\p{L}"));
static PUNCTUATION: LazyLock<Regex> = LazyLock::new(|| category(r"\p{P}"));

/// Whether it is a capital letter.
pub(super) fn is_upper(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_uppercase() } else { of_category(c, &UPPER) }
}

/// Whether it is a small letter.
pub(super) fn is_lower(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_lowercase() } else { of_category(c, &LOWER) }
}

/// Whether it is a letter of a script that has words: those of Chinese are none here.
pub(super) fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    let ideograph =
        matches!(c, '\u{4e00}'..='\u{9fcc}' | '\u{3400}'..='\u{4d85}' | '\u{20000}'..='\u{2b81d}');
    !ideograph && of_category(c, &LETTER)
}

/// Whether it is punctuation.
pub(super) fn is_punctuation(c: char) -> bool {
    of_category(c, &PUNCTUATION)
}

/// Words begin with a capital, what connects them goes; what connects nothing stays.
fn camel(call: &Call<'_>) -> Result {
    let bytes = call.bytes(0);
    text(call, |out| {
        let mut chars = runes(&bytes).map(|(c, _)| c).peekable();
        while let Some(c) = chars.next_if(|c| connects(*c)) {
            // A connector that is all there is stays once more: that is what sprig does.
            out.char(c);
            if chars.peek().is_none() {
                out.char(c);
            }
        }
        let Some(first) = chars.next() else { return };
        let (mut shouting, mut last) = (is_upper(first), upper(first));
        for mut c in chars {
            if connects(c) && connects(last) {
                out.char(last);
                last = c;
                continue;
            }
            if connects(last) {
                shouting = is_upper(c);
                c = upper(c);
            } else {
                if shouting && is_upper(c) {
                    c = lower(c);
                } else {
                    shouting = false;
                }
                out.char(last);
            }
            last = c;
        }
        out.char(last);
    })
}

/// Words in small letters with a connector between them.
fn joined_by(out: &mut Buffer, bytes: &[u8], connector: char) {
    if bytes.is_empty() {
        return;
    }
    let mut words = Words(bytes);
    let mut word = words.next();
    while !words.is_empty() && out.failed().is_none() {
        if word.kind != Kind::Connector {
            write_word(out, word, connector);
        }
        let last = word;
        word = words.next();
        match last.kind {
            Kind::Number => {
                word = write_tail(out, word, &mut words, connector);
                if !matches!(word.kind, Kind::None | Kind::Punctuation | Kind::Connector) {
                    out.char(connector);
                }
            }
            Kind::Connector => write_word(out, last, connector),
            Kind::Punctuation => {}
            Kind::None | Kind::Upper | Kind::Letters | Kind::Other => {
                word = after_letters(out, word, &mut words, connector);
            }
        }
    }
    write_word(out, word, connector);
}

/// Behind letters: numbers belong to them or to what follows.
fn after_letters<'a>(out: &mut Buffer, word: Word<'a>, words: &mut Words<'a>, connector: char) -> Word<'a> {
    let apart = |kind| !matches!(kind, Kind::Connector | Kind::Punctuation);
    if word.kind != Kind::Number {
        if apart(word.kind) {
            out.char(connector);
        }
        return word;
    }
    if words.is_empty() {
        return word;
    }
    let (number, next) = (word, words.next());
    if next.kind != Kind::Letters {
        write_word(out, number, connector);
        if apart(next.kind) {
            out.char(connector);
        }
        return next;
    }
    out.char(connector);
    write_word(out, number, connector);
    let next = write_tail(out, next, words, connector);
    if next.kind != Kind::None && apart(next.kind) {
        out.char(connector);
    }
    next
}

/// Small letters and numbers that follow a number belong to it.
fn write_tail<'a>(out: &mut Buffer, mut word: Word<'a>, words: &mut Words<'a>, connector: char) -> Word<'a> {
    while matches!(word.kind, Kind::Letters | Kind::Number) {
        write_word(out, word, connector);
        word = words.next();
    }
    word
}

fn write_word(out: &mut Buffer, word: Word<'_>, connector: char) {
    if !matches!(word.kind, Kind::Upper | Kind::Connector) {
        return out.write(word.bytes);
    }
    for (c, _) in runes(word.bytes) {
        out.char(if connects(c) { connector } else { lower_if_upper(c) });
    }
}

fn lower_if_upper(c: char) -> char {
    if is_upper(c) { lower(c) } else { c }
}
