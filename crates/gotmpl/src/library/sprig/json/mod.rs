//! JSON as Go reads and writes it: `fromJson`, `toJson`, `toPrettyJson`, `toRawJson`.

mod read;
mod write;

use super::{Outcome, Result, Shelf, refuse};
use crate::Type::{Any, Str};
use crate::{Call, Signature, Value};

/// Adds the functions.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    let (text, any) = (Signature::new(&[Str]), Signature::new(&[Any]));
    shelf
        .add("fromJson", text, |call| read::value(call).map(|(value, _)| value))
        .add("mustFromJson", text, |call| match read::value(call)? {
            (value, true) => Ok(value),
            (_, false) => refuse("invalid JSON"),
        })
        .add("toJson", any, |call| written(call, write::Style::Plain, false))
        .add("mustToJson", any, |call| written(call, write::Style::Plain, true))
        .add("toPrettyJson", any, |call| written(call, write::Style::Pretty, false))
        .add("mustToPrettyJson", any, |call| written(call, write::Style::Pretty, true))
        .all(&["toRawJson", "mustToRawJson"], any, |call| written(call, write::Style::Raw, true));
}

/// The value as JSON. What cannot be written is nothing, or an error.
fn written(call: &Call<'_>, style: write::Style, must: bool) -> Result {
    match write::value(call, style)? {
        Some(text) => Ok(Value::Str(text)),
        None if must => refuse("JSON encoding failed"),
        None => Ok(Value::str("")),
    }
}
