//! `index`, `slice`, `len`

use super::Result;
use crate::value::Type::Reflect;
use crate::value::{List, Map};
use crate::{Call, FuncError, Functions, Signature, Value};

/// Adds the functions.
pub(super) fn add(functions: &mut Functions) {
    let indexes = Signature::variadic(&[Reflect], Reflect);
    functions.add("index", indexes, index);
    functions.add("slice", indexes, slice);
    functions.add("len", Signature::new(&[Reflect]), |call| length(call.arg(0)));
}

fn refuse<T>(message: impl Into<String>) -> std::result::Result<T, FuncError> {
    Err(FuncError::failed(message))
}

/// One index after the other.
fn index(call: &Call<'_>) -> Result {
    let (first, indexes) = call.args().split_first().unwrap_or((&Value::Nil, &[]));
    if matches!(first, Value::Nil) {
        return refuse("index of untyped nil");
    }
    indexes.iter().try_fold(first.clone(), |value, index| element(&value, index))
}

fn element(value: &Value, index: &Value) -> Result {
    match value {
        Value::Nil => refuse("index of nil pointer"),
        Value::Str(bytes) => {
            let position = position(index, bytes.len())?;
            let out_of_range = || FuncError::failed("reflect: string index out of range");
            bytes.get(position).copied().map(Value::Byte).ok_or_else(out_of_range)
        }
        Value::List(list) => {
            let position = position(index, list.len())?;
            let out_of_range = || FuncError::failed("reflect: slice index out of range");
            list.values().get(position).cloned().ok_or_else(out_of_range)
        }
        Value::Map(map) => entry(map, index),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Int64(_)
        | Value::Byte(_)
        | Value::Float(_)
        | Value::Object(_) => refuse(format!("can't index item of type {}", value.type_name())),
    }
}

fn entry(map: &Map, key: &Value) -> Result {
    if let Value::Str(key) = key {
        return Ok(map.get(key).unwrap_or_else(|| map.elem().zero()));
    }
    match key.go_type() {
        None => refuse("value is nil; should be of type string"),
        Some(kind) => refuse(format!("value has type {kind}; should be string")),
    }
}

/// The index as a position no larger than `length`. Go tells the number that is not; this does not.
fn position(index: &Value, length: usize) -> std::result::Result<usize, FuncError> {
    let Some(number) = index.as_integer() else {
        let kind = if matches!(index, Value::Nil) { "nil".to_owned() } else { typed(index) };
        return refuse(format!("cannot index slice/array with {kind}"));
    };
    let position = usize::try_from(number).ok().filter(|position| *position <= length);
    position.ok_or_else(|| FuncError::failed("index out of range"))
}

fn typed(value: &Value) -> String {
    format!("type {}", value.type_name())
}

/// A part of a string or list. With three indexes the last one only limits, as it does in Go.
fn slice(call: &Call<'_>) -> Result {
    let (value, indexes) = call.args().split_first().unwrap_or((&Value::Nil, &[]));
    if matches!(value, Value::Nil) {
        return refuse("slice of untyped nil");
    }
    if indexes.len() > 3 {
        return refuse(format!("too many slice indexes: {}", indexes.len()));
    }
    if let Value::Str(bytes) = value {
        if indexes.len() == 3 {
            return refuse("cannot 3-index slice a string");
        }
        let (from, to) = bounds(indexes, bytes.len())?;
        return call.string(&bytes[from..to]);
    }
    let Value::List(list) = value else {
        return refuse(format!("can't slice item of {}", typed(value)));
    };
    let (from, to) = bounds(indexes, list.len())?;
    if list.is_nil() {
        return Ok(value.clone());
    }
    call.budget().memory((to - from) * size_of::<Value>())?;
    Ok(List::new(list.elem(), list.values()[from..to].to_vec()).into())
}

/// Where the part begins and ends.
fn bounds(indexes: &[Value], length: usize) -> std::result::Result<(usize, usize), FuncError> {
    let mut positions = [0, length, length];
    for (slot, index) in positions.iter_mut().zip(indexes) {
        *slot = position(index, length)?;
    }
    let [from, to, limit] = positions;
    if from > to || to > limit {
        return refuse("invalid slice index");
    }
    Ok((from, to))
}

fn length(value: &Value) -> Result {
    let length = match value {
        Value::Str(bytes) => bytes.len(),
        Value::List(list) => list.len(),
        Value::Map(map) => map.len(),
        Value::Nil => return refuse("len of nil pointer"),
        Value::Bool(_) | Value::Int(_) | Value::Int64(_) | Value::Byte(_) | Value::Float(_) => {
            return refuse(format!("len of {}", typed(value)));
        }
        // Go looks through pointers.
        Value::Object(object) => {
            return refuse(format!("len of type {}", object.type_name().trim_start_matches('*')));
        }
    };
    Ok(Value::Int(i64::try_from(length).unwrap_or(i64::MAX)))
}
