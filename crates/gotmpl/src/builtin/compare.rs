//! `eq`, `ne`, `lt`, `le`, `gt`, `ge`

use std::cmp::Ordering;

use crate::value::Type::Reflect;
use crate::{Call, FuncError, Functions, Signature, Value};

/// Adds the functions.
pub(super) fn add(functions: &mut Functions) {
    functions.add("eq", Signature::variadic(&[Reflect], Reflect), |call| {
        let (first, others) = call.args().split_first().unwrap_or((&Value::Nil, &[]));
        others.iter().try_for_each(|other| charge(call, first, other))?;
        equals_one(first, others).map(Value::Bool)
    });
    let two = Signature::new(&[Reflect, Reflect]);
    let mut add = |name, compare: fn(&Value, &Value) -> Result<bool>| {
        functions.add(name, two, move |call| {
            charge(call, call.arg(0), call.arg(1))?;
            compare(call.arg(0), call.arg(1)).map(Value::Bool)
        });
    };
    add("ne", |left, right| Ok(!equal(left, right)?));
    add("lt", less);
    add("le", less_or_equal);
    add("gt", |left, right| Ok(!less_or_equal(left, right)?));
    add("ge", |left, right| Ok(!less(left, right)?));
}

type Result<T> = std::result::Result<T, FuncError>;

/// Long strings take steps: as many as it takes to look at them.
fn charge(call: &Call<'_>, left: &Value, right: &Value) -> Result<()> {
    if let (Value::Str(left), Value::Str(right)) = (left, right) {
        call.budget().steps(left.len().min(right.len()) as u64 / 256)?;
    }
    Ok(())
}

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
        (Value::Nil, other) | (other, Value::Nil) => Ok(is_nil(other)),
        (Value::Bool(left), Value::Bool(right)) => Ok(left == right),
        (Value::Float(left), Value::Float(right)) => Ok(left == right),
        (Value::Str(left), Value::Str(right)) => Ok(left == right),
        (Value::List(_), Value::List(_)) | (Value::Map(_), Value::Map(_))
            if is_nil(left) || is_nil(right) =>
        {
            Ok(is_nil(left) && is_nil(right))
        }
        (Value::Object(first), Value::Object(second))
            if matches!(
                (kind(left), kind(right)),
                (Kind::Struct, Kind::Struct) | (Kind::Pointer, Kind::Pointer)
            ) =>
        {
            Ok(first.equals(&**second))
        }
        (left, right) => match (left.as_integer(), right.as_integer()) {
            (Some(left), Some(right)) => Ok(left == right),
            _ => Err(cannot_compare(left, right)),
        },
    }
}

fn is_nil(value: &Value) -> bool {
    match value {
        Value::Nil => true,
        Value::List(list) => list.is_nil(),
        Value::Map(map) => map.is_nil(),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Int64(_)
        | Value::Byte(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::Object(_) => false,
    }
}

/// Collections are compared with nothing but nil. Go would show them here; this tells their types.
fn cannot_compare(left: &Value, right: &Value) -> FuncError {
    let (first, second) = (left.type_name(), right.type_name());
    FuncError::Failed(match (kind(left), kind(right)) {
        (Kind::List, Kind::List) | (Kind::Map, Kind::Map) => format!("non-comparable type {second}"),
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
    Struct,
    Pointer,
}

fn kind(value: &Value) -> Kind {
    match value {
        Value::List(_) => Kind::List,
        Value::Map(_) => Kind::Map,
        Value::Object(object) if object.number().is_some() => Kind::Basic,
        Value::Object(object) if object.type_name().starts_with('*') => Kind::Pointer,
        Value::Object(_) => Kind::Struct,
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
