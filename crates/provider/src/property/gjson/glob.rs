//! Wildcards: `*` is anything, `?` one character.

use super::limit::{Refused, Run};

/// Whether all of a text is as a pattern says. A backslash takes the meaning of what follows it.
///
/// # Errors
/// [`Refused::Costly`]; Go answers that nothing matches there.
pub fn matches(text: &[u8], pattern: &[u8], run: &Run) -> Result<bool, Refused> {
    if pattern == b"*" {
        return Ok(true);
    }
    let (text, pattern) = (chars(text), terms(pattern));
    run.spend(text.len() + pattern.len())?;
    let (mut at, mut term) = (0, 0);
    let mut star = None; // where the last star is, and up to where it reaches
    loop {
        run.spend(1)?;
        match (pattern.get(term), text.get(at)) {
            (None, None) => return Ok(true),
            (Some(Term::Star), _) => {
                star = Some((term, at));
                term += 1;
                continue;
            }
            (Some(Term::Any), Some(_)) => (at, term) = (at + 1, term + 1),
            (Some(Term::Char(want)), Some(char)) if want == char => (at, term) = (at + 1, term + 1),
            (Some(Term::Any | Term::Char(_) | Term::Nothing) | None, _) => {
                let Some((of, reach)) = star.filter(|(_, reach)| *reach < text.len()) else {
                    return Ok(false);
                };
                star = Some((of, reach + 1));
                (at, term) = (reach + 1, of + 1);
            }
        }
    }
}

enum Term {
    Star,
    Any,
    Char(char),
    /// A backslash without anything behind it.
    Nothing,
}

fn terms(pattern: &[u8]) -> Vec<Term> {
    let mut terms = Vec::new();
    let mut chars = chars(pattern).into_iter();
    while let Some(char) = chars.next() {
        terms.push(match char {
            '*' => Term::Star,
            '?' => Term::Any,
            '\\' => chars.next().map_or_else(|| last(&terms), Term::Char),
            plain => Term::Char(plain),
        });
    }
    terms
}

/// A backslash at the end is itself behind a star, and else matches nothing, as in Go.
fn last(before: &[Term]) -> Term {
    if before.iter().any(|term| matches!(term, Term::Star)) { Term::Char('\\') } else { Term::Nothing }
}

/// The characters; each byte that belongs to none is a U+FFFD of its own.
fn chars(text: &[u8]) -> Vec<char> {
    let mut chars = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        chars.extend(chunk.valid().chars());
        chars.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    chars
}
