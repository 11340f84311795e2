//! Functions of strings.

mod case;
mod find;
mod runs;
mod trim;
mod words;
mod wrap;

pub(super) use find::strings_of;

use super::{Outcome, Result, Shelf, refuse, string_of, text};

/// Adds them.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    trim::add(shelf);
    case::add(shelf);
    words::add(shelf);
    wrap::add(shelf);
    find::add(shelf);
}
