//! Conversions: `atoi`, `int`, `int64`, `float64`, `toDecimal`, `toString`.

use super::{Shelf, cast, string_of};
use crate::Type::{Any, Str};
use crate::{Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let one = Signature::new(&[Any]);
    shelf
        .add("atoi", Signature::new(&[Str]), |call| {
            Ok(Value::Int(cast::parse_int(&call.bytes(0), 10).unwrap_or_else(|nearest| nearest)))
        })
        .add("int", one, |call| Ok(Value::Int(cast::int(call.arg(0)))))
        .add("int64", one, |call| Ok(Value::Int64(cast::int(call.arg(0)))))
        .add("float64", one, |call| Ok(Value::Float(cast::float(call.arg(0)))))
        .add("toDecimal", one, |call| {
            let shown = crate::display(call.arg(0), call.budget())?;
            Ok(Value::Int64(cast::parse_int(&shown, 8).unwrap_or_default()))
        })
        .add("toString", one, |call| string_of(call, call.arg(0)).map(Value::Str));
}
