//! `semver` and `semverCompare`: versions, and constraints in the grammar of Masterminds.

mod constraint;
mod version;

use std::rc::Rc;

use super::{Shelf, refuse};
use crate::Type::Str;
use crate::{Signature, Value};
use constraint::Constraint;
use version::Version;

/// Adds the functions.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    shelf
        .add("semver", Signature::new(&[Str]), |call| match version(&call.bytes(0)) {
            Some(version) => Ok(Value::Object(Rc::new(version))),
            None => refuse("invalid version"),
        })
        .add("semverCompare", Signature::new(&[Str, Str]), |call| {
            let Some(constraint) = constraint(&call.bytes(0)) else {
                return refuse("invalid version constraint");
            };
            let Some(version) = version(&call.bytes(1)) else { return refuse("invalid version") };
            Ok(Value::Bool(constraint.admits(&version)))
        });
}

fn version(text: &[u8]) -> Option<Version> {
    Version::parse(std::str::from_utf8(text).ok()?)
}

fn constraint(text: &[u8]) -> Option<Constraint> {
    Constraint::parse(std::str::from_utf8(text).ok()?)
}
