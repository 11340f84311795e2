//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`

use std::cmp::Ordering;

use crate::value::Type::Reflect;
use crate::{FuncError, Functions, Signature, Value};

/// Adds the functions.
pub(super) fn add(functions: &mut Functions) {
    functions.add("eq", Signature::variadic(&[Reflect], Reflect), |call| {
        let (first, others) = call.args().split_first().unwrap_or((&Value::Nil, &[]));
        equals_one(first, others).map(Value::Bool)
    });
    let two = Signature::new(&[Reflect, Reflect]);
    functions.add("ne", two, |call| Ok(Value::Bool(!equal(call.arg(0), call.arg(1))?)));
    functions.add("lt", two, |call| less(call.arg(0), call.arg(1)).map(Value::Bool));
    functions.add("le", two, |call| less_or_equal(call.arg(0), call.arg(1)).map(Value::Bool));
    functions.add("gt", two, |call| Ok(Value::Bool(!less_or_equal(call.arg(0), call.arg(1))?)));
    functions.add("ge", two, |call| Ok(Value::Bool(!less(call.arg(0), call.arg(1))?)));
}

type Result<T> = std::result::Result<T, FuncError>;

fn equals_one(first: &Value, others: &[Value]) -> Result<bool> {
    if others.is_empty() {
        return Err(FuncError::failed("missing argument for comparison"));
    }
    for other in others {
        if equal(first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn equal(left: &Value, right: &Value) -> Result<bool> {
    match (left, right) {
        (Value::Nil, Value::Nil) => Ok(true),
        (Value::Nil, _) | (_, Value::Nil) => Ok(false),
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        (Value::Float(left), Value::Float(right)) => Ok(left == right),
        (Value::Str(left), Value::Str(right)) => Ok(left == right),
        (left, right) => match (left.as_integer(), right.as_integer()) {
            (Some(left), Some(right)) => Ok(left == right),
            _ => Err(cannot_compare(left, right)),
        },
    }
}

/// Collections are compared with nothing but nil. Go would show them here; this tells their types.
fn cannot_compare(left: &Value, right: &Value) -> FuncError {
    let (first, second) = (left.type_name(), right.type_name());
    FuncError::Failed(match (kind(left), kind(right)) {
        (Kind::List, Kind::List) | (Kind::Map, Kind::Map) | (Kind::Object, Kind::Object) => {
            format!("non-comparable type {second}")
        }
        (Kind::Basic, _) | (_, Kind::Basic) => {
            format!("incompatible types for comparison: {first} and {second}")
        }
        _ => format!("non-comparable types {first}, {second}"),
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Basic,
    List,
    Map,
    Object,
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::List(_) => Kind::List,
        Value::Map(_) => Kind::Map,
        Value::Object(_) => Kind::Object,
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Int64(_)
        | Value::Byte(_)
        | Value::Float(_)
        | Value::Str(_) => Kind::Basic,
    }
}

fn less(left: &Value, right: &Value) -> Result<bool> {
    let order = match (left, right) {
        (Value::Float(left), Value::Float(right)) => left.partial_cmp(right),
        (Value::Str(left), Value::Str(right)) => Some(left.cmp(right)),
        (left, right) => match (left.as_integer(), right.as_integer()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => return Err(cannot_order(left, right)),
        },
    };
    Ok(order == Some(Ordering::Less))
}

fn less_or_equal(left: &Value, right: &Value) -> Result<bool> {
    Ok(less(left, right)? || equal(left, right)?)
}

fn cannot_order(left: &Value, right: &Value) -> FuncError {
    let basic = |value: &Value| !matches!(value, Value::Nil) && matches!(kind(value), Kind::Basic);
    let both_bool = matches!((left, right), (Value::Bool(_), Value::Bool(_)));
    if !basic(left) || !basic(right) || both_bool {
        return FuncError::failed("invalid type for comparison");
    }
    let (first, second) = (left.type_name(), right.type_name());
    FuncError::Failed(format!("incompatible types for comparison: {first} and {second}"))
}
