//! Types, kinds and equality: `typeOf`, `typeIs`, `typeIsLike`, `kindOf`, `kindIs`, `deepEqual`.

use super::{Outcome, Shelf};
use crate::Type::{Any, Str};
use crate::{Budget, Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let two = Signature::new(&[Str, Any]);
    shelf
        .add("typeOf", Signature::new(&[Any]), |call| Ok(type_of(call.arg(0)).as_str().into()))
        .add("kindOf", Signature::new(&[Any]), |call| Ok(kind_of(call.arg(0)).into()))
        .add("typeIs", two, |call| Ok(Value::Bool(*call.bytes(0) == *type_of(call.arg(1)).as_bytes())))
        .add("typeIsLike", two, |call| {
            let (target, found) = (call.bytes(0), type_of(call.arg(1)));
            let found = found.as_bytes();
            Ok(Value::Bool(*target == *found || found.strip_prefix(b"*") == Some(&target)))
        })
        .add("kindIs", two, |call| Ok(Value::Bool(*call.bytes(0) == *kind_of(call.arg(1)).as_bytes())))
        .add("deepEqual", Signature::new(&[Any, Any]), |call| {
            equal(call.arg(0), call.arg(1), call.budget()).map(Value::Bool)
        });
}

/// The type as `%T` prints it.
fn type_of(value: &Value) -> String {
    value.go_type().map_or_else(|| "<nil>".to_owned(), |kind| kind.to_string())
}

/// The kind as Go's reflection names it.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Nil => "invalid",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Int64(_) => "int64",
        Value::Byte(_) => "uint8",
        Value::Float(_) => "float64",
        Value::Str(_) => "string",
        Value::List(_) => "slice",
        Value::Map(_) => "map",
        Value::Object(object) => match object.type_name() {
            name if name.starts_with('*') => "ptr",
            "time.Month" | "time.Weekday" => "int",
            "time.Duration" => "int64",
            _ => "struct",
        },
    }
}

/// Whether two values have the same types and are equal all the way down.
pub(super) fn equal(left: &Value, right: &Value, budget: &Budget<'_>) -> Outcome<bool> {
    budget.steps(1)?;
    if left.go_type() != right.go_type() {
        return Ok(false);
    }
    budget.enter()?;
    let result = equal_alike(left, right, budget);
    budget.leave();
    result
}

/// The same for values of one type.
fn equal_alike(left: &Value, right: &Value, budget: &Budget<'_>) -> Outcome<bool> {
    match (left, right) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        (Value::Float(left), Value::Float(right)) => Ok(left == right),
        (Value::Str(left), Value::Str(right)) => {
            budget.steps(left.len() as u64 / 256)?;
            Ok(left == right)
        }
        (Value::List(left), Value::List(right)) => Ok(left.is_nil() == right.is_nil()
            && left.len() == right.len()
            && all_equal(left.values().iter().zip(right.values()), budget)?),
        (Value::Map(left), Value::Map(right)) => {
            if left.is_nil() != right.is_nil() {
                return Ok(false);
            }
            let (left, right) = (left.entries(), right.entries());
            let keys =
                left.len() == right.len() && left.iter().zip(&right).all(|(left, right)| left.0 == right.0);
            Ok(keys
                && all_equal(
                    left.iter().map(|entry| &entry.1).zip(right.iter().map(|entry| &entry.1)),
                    budget,
                )?)
        }
        (Value::Object(left), Value::Object(right)) => Ok(left.text() == right.text()),
        _ => Ok(left.as_integer() == right.as_integer()),
    }
}

fn all_equal<'v>(pairs: impl Iterator<Item = (&'v Value, &'v Value)>, budget: &Budget<'_>) -> Outcome<bool> {
    for (left, right) in pairs {
        if !equal(left, right, budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}
