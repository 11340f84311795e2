//! Parts of lists: `first`, `last`, `rest`, `initial`, `slice`, `chunk`.

use super::{Result, Shelf, elements, made, refuse};
use crate::Type::{Any, Int, List as ListOf};
use crate::library::sprig::cast;
use crate::{Call, List, Signature, Type, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let one = Signature::new(&[Any]);
    shelf
        .all(&["first", "mustFirst"], one, |call| {
            Ok(elements(call.arg(0), "Cannot find first on type")?
                .values()
                .first()
                .cloned()
                .unwrap_or_default())
        })
        .all(&["last", "mustLast"], one, |call| {
            Ok(elements(call.arg(0), "Cannot find last on type")?
                .values()
                .last()
                .cloned()
                .unwrap_or_default())
        })
        .all(&["rest", "mustRest"], one, |call| {
            let list = elements(call.arg(0), "Cannot find rest on type")?;
            if list.is_empty() {
                none()
            } else {
                made(call, list.values().get(1..).unwrap_or_default().to_vec())
            }
        })
        .all(&["initial", "mustInitial"], one, |call| {
            let list = elements(call.arg(0), "Cannot find initial on type")?;
            list.values().split_last().map_or_else(none, |(_, initial)| made(call, initial.to_vec()))
        })
        .all(&["slice", "mustSlice"], Signature::variadic(&[Any], Any), slice)
        .all(&["chunk", "mustChunk"], Signature::new(&[Int, Any]), chunk);
}

/// What is left of nothing.
fn none() -> Result {
    Ok(List::nil(&Any).into())
}

/// From one index to another, which may be missing.
fn slice(call: &Call<'_>) -> Result {
    let list = elements(call.arg(0), "list should be type of slice or array but")?;
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let index = |at: usize, missing| {
        call.args().get(at).map_or(Some(missing), |value| usize::try_from(cast::int(value)).ok())
    };
    let part = index(1, 0).zip(index(2, list.len())).and_then(|(start, end)| list.values().get(start..end));
    let Some(part) = part else { return refuse("reflect.Value.Slice: slice index out of bounds") };
    call.budget().memory(size_of_val(part))?;
    Ok(List::new(list.elem(), part.to_vec()).into())
}

/// Lists of so many elements; the last may have fewer.
fn chunk(call: &Call<'_>) -> Result {
    const ANY: Type = ListOf(&Any);
    let list = elements(call.arg(1), "Cannot chunk type")?;
    if call.int(0) <= 0 {
        // Go reckons with floats: a size below nought makes no chunk, or one, of what is shorter than it.
        let (size, length) = (call.int(0).unsigned_abs(), list.len() as u64);
        if length >= 2 && length - 1 <= size {
            return Ok(List::new(&ANY, Vec::new()).into());
        }
        if length == 1 && size > 1 {
            let only = made(call, list.values().to_vec())?;
            return Ok(List::new(&ANY, vec![only]).into());
        }
        return refuse("runtime error: makeslice: len out of range");
    }
    let size = usize::try_from(call.int(0)).unwrap_or(usize::MAX);
    let chunks = list.values().chunks(size).map(|chunk| made(call, chunk.to_vec()));
    Ok(List::new(&ANY, chunks.collect::<super::Outcome<Vec<_>>>()?).into())
}
