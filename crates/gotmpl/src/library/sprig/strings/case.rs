//! Letter case: `upper`, `lower`, `title`, `untitle`, `swapcase`.

use super::{Shelf, text};
use crate::Type::Str;
use crate::text::runes;
use crate::{Call, Signature};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let one = Signature::new(&[Str]);
    shelf
        .add("upper", one, |call| mapped(call, |c, _| upper(c)))
        .add("lower", one, |call| mapped(call, |c, _| lower(c)))
        .add("title", one, |call| mapped(call, |c, before| if separates(before) { title(c) } else { c }))
        .add("untitle", one, |call| {
            mapped(call, |c, before| if before.is_whitespace() { lower(c) } else { c })
        })
        .add("swapcase", one, |call| {
            let mut after_space = true;
            mapped(call, |c, _| swapped(c, &mut after_space))
        });
}

/// Each character by itself and the one before it; before the first there is a space.
fn mapped(call: &Call<'_>, mut map: impl FnMut(char, char) -> char) -> super::Result {
    let bytes = call.bytes(0);
    text(call, |out| {
        let mut before = ' ';
        for (c, _) in runes(&bytes) {
            out.char(map(c, before));
            before = c;
        }
    })
}

/// The upper case, which is one character: Go maps ß to itself.
pub(super) fn upper(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_uppercase();
    }
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => match u32::from(c) {
            // Greek letters with iota below have capitals of their own.
            code @ (0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7) => {
                char::from_u32(code + 8).unwrap_or(c)
            }
            code @ (0x1fb3 | 0x1fc3 | 0x1ff3) => char::from_u32(code + 9).unwrap_or(c),
            _ => c,
        },
    }
}

/// The lower case, which is one character.
pub(super) fn lower(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    // Only the dotted capital I has two in Unicode.
    c.to_lowercase().next().unwrap_or(c)
}

/// The case that a word begins with: that of upper case but for some letters that are two in one.
fn title(c: char) -> char {
    match c {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        // Georgian has capitals, but no word begins with them.
        'ა'..='ჺ' | 'ჽ'..='ჿ' => c,
        _ => upper(c),
    }
}

/// Whether a word may begin behind the character.
fn separates(c: char) -> bool {
    if c.is_ascii() { !c.is_ascii_alphanumeric() && c != '_' } else { c.is_whitespace() }
}

fn swapped(c: char, after_space: &mut bool) -> char {
    let first = std::mem::replace(after_space, false);
    let is_title = matches!(c, 'ǅ' | 'ǈ' | 'ǋ' | 'ǲ' | 'ᾈ'..='ᾏ' | 'ᾘ'..='ᾟ' | 'ᾨ'..='ᾯ' | 'ᾼ' | 'ῌ' | 'ῼ');
    if is_title || super::words::is_upper(c) {
        return lower(c);
    }
    if super::words::is_lower(c) {
        return if first { title(c) } else { upper(c) };
    }
    *after_space = c.is_whitespace();
    c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_one_character_to_one() {
        assert_eq!(['ß', 'ᾳ', 'ŉ', 'é'].map(upper), ['ß', 'ᾼ', 'ŉ', 'É']);
        assert_eq!(['İ', 'Σ'].map(lower), ['i', 'σ']);
        assert_eq!(['ǆ', 'ა', 'x'].map(title), ['ǅ', 'ა', 'X']);
    }
}
