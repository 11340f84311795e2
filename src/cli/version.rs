//! `latchkey version`

use std::error::Error;

pub(super) fn print() -> Result<(), Box<dyn Error>> {
    super::print(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), "\n"))
}
