//! Arithmetic.

mod decimal;
mod range;
mod round;

use super::{Outcome, Result, Shelf, cast, refuse, text};
use crate::Type::Any;
use crate::{Call, Signature, Value};

/// Adds the functions.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    let (any, least_one) = (Signature::variadic(&[], Any), Signature::variadic(&[Any], Any));
    let (one, two) = (Signature::new(&[Any]), Signature::new(&[Any, Any]));
    shelf
        .add("add1", one, |call| Ok(Value::Int64(cast::int(call.arg(0)).wrapping_add(1))))
        .add("add", any, |call| Ok(Value::Int64(ints(call).fold(0, i64::wrapping_add))))
        .add("mul", least_one, |call| Ok(Value::Int64(ints(call).fold(1, i64::wrapping_mul))))
        .add("sub", two, |call| Ok(Value::Int64(cast::int(call.arg(0)).wrapping_sub(cast::int(call.arg(1))))))
        .add("div", two, |call| divided(call, i64::wrapping_div))
        .add("mod", two, |call| divided(call, i64::wrapping_rem))
        .all(&["max", "biggest"], least_one, |call| Ok(Value::Int64(ints(call).max().unwrap_or_default())))
        .add("min", least_one, |call| Ok(Value::Int64(ints(call).min().unwrap_or_default())));
    decimal::add(shelf);
    range::add(shelf);
    round::add(shelf);
}

fn ints<'a>(call: &'a Call<'_>) -> impl Iterator<Item = i64> + 'a {
    call.args().iter().map(cast::int)
}

fn divided(call: &Call<'_>, divide: fn(i64, i64) -> i64) -> Result {
    let (left, right) = (cast::int(call.arg(0)), cast::int(call.arg(1)));
    if right == 0 {
        return refuse("runtime error: integer divide by zero");
    }
    Ok(Value::Int64(divide(left, right)))
}
