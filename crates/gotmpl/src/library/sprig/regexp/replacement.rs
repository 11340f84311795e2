//! Go's replacement texts: `$1`, `$name`, `${name}`, `$$`.

use regex::bytes::{Captures, Regex};

use crate::buffer::Buffer;
use crate::text::{is_alphanumeric, runes};

/// A replacement text in pieces.
pub(super) struct Replacement<'t>(Vec<Piece<'t>>);

enum Piece<'t> {
    Literal(&'t [u8]),
    /// What a group matched.
    Group(usize),
}

impl<'t> Replacement<'t> {
    /// Groups that the pattern does not have are nothing; a dollar that begins no name is a dollar.
    pub(super) fn parse(mut template: &'t [u8], pattern: &Regex) -> Self {
        let mut pieces = Vec::new();
        while let Some(dollar) = template.iter().position(|byte| *byte == b'$') {
            let (before, behind) = template.split_at(dollar);
            pieces.push(Piece::Literal(before));
            let behind = behind.get(1..).unwrap_or_default();
            if let Some(rest) = behind.strip_prefix(b"$") {
                pieces.push(Piece::Literal(b"$"));
                template = rest;
            } else if let Some((name, rest)) = name(behind) {
                pieces.extend(group(name, pattern).map(Piece::Group));
                template = rest;
            } else {
                pieces.push(Piece::Literal(b"$"));
                template = behind;
            }
        }
        pieces.push(Piece::Literal(template));
        Self(pieces)
    }

    /// Writes the replacement of one match.
    pub(super) fn write(&self, out: &mut Buffer, captures: &Captures<'_>) {
        for piece in &self.0 {
            match piece {
                Piece::Literal(bytes) => out.write(bytes),
                Piece::Group(index) => {
                    out.write(captures.get(*index).map(|group| group.as_bytes()).unwrap_or_default())
                }
            }
        }
    }
}

/// The name behind a dollar, with braces or without, and what follows.
fn name(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (inner, braced) = bytes.strip_prefix(b"{").map_or((bytes, false), |inner| (inner, true));
    let length = runes(inner).take_while(|(c, _)| is_alphanumeric(*c)).map(|(_, length)| length).sum();
    let (name, rest) = inner.split_at_checked(length)?;
    let rest = if braced { rest.strip_prefix(b"}")? } else { rest };
    let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
    Some((name, rest))
}

fn group(name: &str, pattern: &Regex) -> Option<usize> {
    let number = name.bytes().all(|byte| byte.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    match name.parse() {
        Ok(index) if number => Some(index),
        _ => pattern.capture_names().position(|group| group == Some(name)),
    }
}
