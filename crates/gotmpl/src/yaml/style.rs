//! The style that a scalar is written in.

use super::resolve::{Resolved, is_sexagesimal, resolve};

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What a text allows.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) multiline: bool,
    plain: bool,
    single: bool,
    literal: bool,
}

impl Shape {
    /// Looks at a text.
    pub(super) fn of(text: &str) -> Self {
        let (first, last) = (text.chars().next(), text.chars().next_back());
        let Some((first, last)) = first.zip(last) else {
            return Self { multiline: false, plain: true, single: true, literal: false };
        };
        let multiline = text.chars().any(is_break);
        let special = !text.chars().all(is_printable);
        let (mut break_blank, mut blank_break, mut previous) = (false, false, None);
        for c in text.chars() {
            break_blank |= c == ' ' && previous.is_some_and(is_break);
            blank_break |= is_break(c) && previous == Some(' ');
            previous = Some(c);
        }
        let edge = |c: char| c == ' ' || is_break(c);
        let quotes_only = special || blank_break;
        Self {
            multiline,
            plain: !quotes_only
                && !multiline
                && !break_blank
                && !edge(first)
                && !edge(last)
                && !has_indicator(text),
            single: !quotes_only && !break_blank,
            literal: !quotes_only && last != ' ',
        }
    }
}

impl Style {
    /// The style that Go takes for a text.
    pub(super) fn of(text: &str, key: bool) -> Self {
        let shape = Shape::of(text);
        let wish = if text.contains('\n') {
            Self::Literal
        } else if resolve(text) == Resolved::Text && !is_sexagesimal(text) {
            Self::Plain
        } else {
            Self::Double
        };
        match wish {
            Self::Double => Self::Double,
            _ if key && shape.multiline => Self::Double,
            Self::Plain if shape.plain && !(text.is_empty() && key) => Self::Plain,
            Self::Plain | Self::Single if shape.single => Self::Single,
            Self::Literal if shape.literal && !key => Self::Literal,
            Self::Plain | Self::Single | Self::Literal => Self::Double,
        }
    }
}

/// Whether something in the text would be read as more than text.
fn has_indicator(text: &str) -> bool {
    if text.starts_with("---") || text.starts_with("...") {
        return true;
    }
    let mut previous: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let before_blank = chars.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        let indicates = match (previous, c) {
            (None, '-' | '?') | (_, ':') => before_blank,
            (None, c) => "#,[]{}&*!|>'\"%@`".contains(c),
            (Some(previous), '#') => matches!(previous, ' ' | '\t' | '\0') || is_break(previous),
            (Some(_), _) => false,
        };
        if indicates {
            return true;
        }
        previous = Some(c);
    }
    false
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

pub(super) fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
        && c != '\u{feff}'
        && u32::from(c) < 0x10000
}
