//! `latchkey crds`

use std::error::Error;

pub(super) fn print() -> Result<(), Box<dyn Error>> {
    super::print(&latchkey_api::crd::crds_yaml()?)
}
