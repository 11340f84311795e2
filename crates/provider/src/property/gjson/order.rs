//! The order of members that `@pretty` sorts.

use std::cmp::Ordering;

use super::{format, text};
use crate::property::gotext;

/// What values are sorted by: first their kind, then this.
pub struct Rank {
    kind: u8,
    number: f64,
    text: Vec<u8>,
}

impl Rank {
    /// That of a value by how it is written.
    pub fn of(raw: &[u8]) -> Self {
        let (kind, text) = match raw.first() {
            None | Some(b'n') => (0, raw.to_vec()),
            Some(b'f') => (1, raw.to_vec()),
            Some(b'"') => (3, string(raw)),
            Some(b't') => (4, raw.to_vec()),
            Some(b'[' | b'{') => (5, raw.to_vec()),
            Some(_) => (2, Vec::new()),
        };
        let number = if kind == 2 { text::float(raw).unwrap_or_default() } else { 0.0 };
        Self { kind, number: if number.is_nan() { f64::NEG_INFINITY } else { number }, text }
    }

    /// Which of two comes first.
    pub fn order(&self, other: &Self) -> Ordering {
        let number = self.number.partial_cmp(&other.number).unwrap_or(Ordering::Equal);
        self.kind.cmp(&other.kind).then(number).then_with(|| self.text.cmp(&other.text))
    }
}

/// A string's content as `encoding/json` reads it; nothing if that finds fault with it.
fn string(raw: &[u8]) -> Vec<u8> {
    if !raw.contains(&b'\\') {
        return text::unquote(raw).into_owned();
    }
    let text = str::from_utf8(raw).ok().filter(|_| format::is_json(raw));
    text.and_then(gotext::unquote).unwrap_or_default().into_bytes()
}
