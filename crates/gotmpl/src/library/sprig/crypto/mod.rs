//! Hashes, random values, passwords, encryption and certificates.

mod aes;
pub(super) mod certificates;
mod derive;
mod hashes;
mod password;
mod random;

use super::{Outcome, Result, Shelf, encodings, refuse, text};

/// Adds the functions.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    hashes::add(shelf);
    random::add(shelf);
    password::add(shelf);
    derive::add(shelf);
    aes::add(shelf);
    certificates::add(shelf);
}
