//! Regular expressions in Go's syntax: `regexMatch`, `regexFind`, `regexFindAll`, `regexReplaceAll`, `regexSplit` …
//!
//! In text that is no UTF-8, a dot does not match the bytes that are no characters; Go's does. `\C` is unknown.

mod replacement;

use regex::bytes::{Captures, Match, Regex, RegexBuilder};

use super::{Outcome, Result, Shelf, refuse, text};
use crate::Type::{Int, Str};
use crate::{Call, FuncError, List, Signature, Value};
use replacement::Replacement;

/// Adds the functions.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    let (two, three) = (Signature::new(&[Str, Str]), Signature::new(&[Str, Str, Str]));
    let counted = Signature::new(&[Str, Str, Int]);
    shelf
        .add("regexMatch", two, |call| match matches(call) {
            Err(FuncError::Failed(_)) => Ok(Value::Bool(false)),
            result => result,
        })
        .add("mustRegexMatch", two, matches)
        .all(&["regexFind", "mustRegexFind"], two, |call| {
            let (pattern, text) = (compiled(call)?, call.bytes(1));
            call.string(pattern.find(&text).map(|found| found.as_bytes()).unwrap_or_default())
        })
        .all(&["regexFindAll", "mustRegexFindAll"], counted, |call| {
            let (pattern, text) = (compiled(call)?, call.bytes(1));
            let found = found(&pattern, &text).take(limit(call.int(2))).map(|found| found.as_bytes());
            let found = strings(call, found)?;
            Ok(if found.truth() { found } else { List::nil(&Str).into() })
        })
        .all(&["regexSplit", "mustRegexSplit"], counted, split)
        .all(&["regexReplaceAll", "mustRegexReplaceAll"], three, |call| {
            let (pattern, template) = (compiled(call)?, call.bytes(2));
            let replacement = Replacement::parse(&template, &pattern);
            replaced(call, &pattern, |out, captures| replacement.write(out, captures))
        })
        .all(&["regexReplaceAllLiteral", "mustRegexReplaceAllLiteral"], three, |call| {
            let (pattern, literal) = (compiled(call)?, call.bytes(2));
            replaced(call, &pattern, |out, _| out.write(&literal))
        })
        .add("regexQuoteMeta", Signature::new(&[Str]), |call| {
            text(call, |out| {
                for byte in call.bytes(0).iter() {
                    out.text(if b"\\.+*?()|[]{}^$".contains(byte) { "\\" } else { "" });
                    out.write(&[*byte]);
                }
            })
        });
}

/// A compiled pattern takes no more bytes than this.
const PATTERN_SIZE: usize = 2 << 20;

/// The pattern that the first argument is, paid for by its length and that of the text.
fn compiled(call: &Call<'_>) -> Outcome<Regex> {
    let (pattern, text) = (call.bytes(0), call.bytes(1));
    call.budget().steps(50 + 4 * pattern.len() as u64 + text.len() as u64 / 16)?;
    let pattern =
        std::str::from_utf8(&pattern).ok().and_then(|pattern| crate::regexp::translate(pattern).ok());
    let regex = pattern.and_then(|pattern| {
        RegexBuilder::new(&pattern).size_limit(PATTERN_SIZE).dfa_size_limit(PATTERN_SIZE).build().ok()
    });
    regex.map_or_else(|| refuse("invalid regular expression"), Ok)
}

fn matches(call: &Call<'_>) -> Result {
    Ok(Value::Bool(compiled(call)?.is_match(&call.bytes(1))))
}

/// How many: all if the number is negative.
fn limit(count: i64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// Whether nothing was found inside of a character. The crate looks there, Go does not.
fn stands(text: &[u8], found: &Match<'_>) -> bool {
    let inside = text.get(found.start()).is_some_and(|byte| (0x80..0xc0).contains(byte));
    !(found.is_empty() && inside)
}

/// What the pattern finds.
fn found<'t>(pattern: &Regex, text: &'t [u8]) -> impl Iterator<Item = Match<'t>> {
    pattern.find_iter(text).filter(move |found| stands(text, found))
}

/// A `[]string`, taken from the budget.
fn strings<'t>(call: &Call<'_>, parts: impl Iterator<Item = &'t [u8]>) -> Result {
    let mut strings = Vec::new();
    for part in parts {
        call.budget().memory(part.len() + size_of::<Value>())?;
        strings.push(Value::str(part));
    }
    Ok(List::new(&Str, strings).into())
}

/// What stands between the places that the pattern finds.
fn split(call: &Call<'_>) -> Result {
    let (pattern, text, limit) = (compiled(call)?, call.bytes(1), limit(call.int(2)));
    if limit == 0 {
        return Ok(List::nil(&Str).into());
    }
    if !call.bytes(0).is_empty() && text.is_empty() {
        return strings(call, std::iter::once(&b""[..]));
    }
    let (mut parts, mut start, mut end) = (Vec::new(), 0, 0);
    for found in found(&pattern, &text) {
        if parts.len() + 1 >= limit {
            break;
        }
        end = found.start();
        if found.end() != 0 {
            parts.push(text.get(start..end).unwrap_or_default());
        }
        start = found.end();
    }
    if end != text.len() {
        parts.push(text.get(start..).unwrap_or_default());
    }
    strings(call, parts.into_iter())
}

/// The text with everything that the pattern finds written anew.
fn replaced(
    call: &Call<'_>,
    pattern: &Regex,
    write: impl Fn(&mut crate::buffer::Buffer, &Captures<'_>),
) -> Result {
    let bytes = call.bytes(1);
    text(call, |out| {
        let mut start = 0;
        for captures in pattern.captures_iter(&bytes) {
            let Some(found) = captures.get(0).filter(|found| stands(&bytes, found)) else { continue };
            out.write(bytes.get(start..found.start()).unwrap_or_default());
            write(out, &captures);
            start = found.end();
            if out.failed().is_some() {
                return;
            }
        }
        out.write(bytes.get(start..).unwrap_or_default());
    })
}
