//! `merge` and `mergeOverwrite`: the first map takes in the others, maps inside of maps as well.

use super::{Outcome, Result, Shelf, defaults, refuse};
use crate::Type::{self, Any};
use crate::{Call, Map, Signature, Value};

const MAP: Type = Type::Map(&Any);

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let maps = Signature::variadic(&[MAP], MAP);
    shelf.all(&["merge", "mustMerge"], maps, |call| merged(call, false)).all(
        &["mergeOverwrite", "mustMergeOverwrite"],
        maps,
        |call| merged(call, true),
    );
}

fn merged(call: &Call<'_>, overwrite: bool) -> Result {
    let mut target = call.map(0);
    for source in call.args().iter().skip(1) {
        if let Value::Map(source) = source {
            if target.is_nil() && !source.is_nil() {
                target = Map::any([]); // nil takes nothing in
            }
            take_in(call, &target, source, overwrite)?;
        }
    }
    Ok(target.into())
}

/// Takes the entries of the source into the target: all of them, or those that the target lacks or has empty.
fn take_in(call: &Call<'_>, target: &Map, source: &Map, overwrite: bool) -> Outcome<()> {
    call.budget().steps(1 + source.len() as u64)?;
    call.budget().enter()?;
    for (key, value) in source.entries() {
        let present = target.get(&key);
        if let (Some(Value::Map(inner)), Value::Map(from)) = (&present, &value) {
            take_in(call, inner, from, overwrite)?;
            if !inner.is_empty() {
                continue;
            }
        }
        let lacking = present.as_ref().is_none_or(defaults::is_empty);
        let keeps = matches!(value, Value::Nil) && !overwrite;
        if (overwrite || lacking) && !keeps {
            insert(call, target, key, value)?;
        }
    }
    call.budget().leave();
    Ok(())
}

/// A map of strings takes strings only; Go would panic.
fn insert(call: &Call<'_>, target: &Map, key: crate::Bytes, value: Value) -> Outcome<()> {
    if *target.elem() != Any && value.go_type() != Some(*target.elem()) {
        return refuse("dictionary merge failed");
    }
    target.insert(key, value, call.budget())
}
