//! Functions of maps: `dict`, `get`, `set`, `unset`, `hasKey`, `pluck`, `keys`, `values`, `pick`, `omit`, `dig`, `deepCopy`.

use super::{Outcome, Result, Shelf, refuse, string_of};
use crate::Type::{self, Any, Str};
use crate::{Bytes, Call, List, Map, Signature, Value};

const MAP: Type = Type::Map(&Any);

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let entry = Signature::new(&[MAP, Str]);
    shelf
        .add("dict", Signature::variadic(&[], Any), dict)
        .add("get", entry, |call| Ok(call.map(0).get(&call.bytes(1)).unwrap_or_else(|| Value::str(""))))
        .add("set", Signature::new(&[MAP, Str, Any]), |call| {
            call.map(0).insert(call.bytes(1), call.arg(2).clone(), call.budget())?;
            Ok(call.arg(0).clone())
        })
        .add("unset", entry, |call| {
            call.map(0).remove(&call.bytes(1));
            Ok(call.arg(0).clone())
        })
        .add("hasKey", entry, |call| Ok(Value::Bool(call.map(0).get(&call.bytes(1)).is_some())))
        .add("pick", Signature::variadic(&[MAP], Str), |call| {
            let map = call.map(0);
            let keys = (1..call.args().len()).map(|index| call.bytes(index));
            made(call, keys.filter_map(|key| map.get(&key).map(|value| (key, value))).collect())
        })
        .add("omit", Signature::variadic(&[MAP], Str), |call| {
            let keys: std::collections::BTreeSet<Bytes> =
                (1..call.args().len()).map(|index| call.bytes(index)).collect();
            made(call, call.map(0).entries().into_iter().filter(|(key, _)| !keys.contains(key)).collect())
        });
    add_walks(shelf);
}

fn add_walks(shelf: &mut Shelf<'_>) {
    shelf
        .add("pluck", Signature::variadic(&[Str], MAP), |call| {
            let maps = (1..call.args().len()).map(|index| call.map(index));
            list(call, &Any, maps.filter_map(|map| map.get(&call.bytes(0))).collect())
        })
        .add("keys", Signature::variadic(&[], MAP), |call| {
            let maps = (0..call.args().len()).map(|index| call.map(index));
            list(call, &Str, maps.flat_map(|map| map.keys()).map(Value::Str).collect())
        })
        .add("values", Signature::new(&[MAP]), |call| {
            list(call, &Any, call.map(0).entries().into_iter().map(|(_, value)| value).collect())
        })
        .add("dig", Signature::variadic(&[], Any), dig)
        .all(&["deepCopy", "mustDeepCopy"], Signature::new(&[Any]), |call| {
            if matches!(call.arg(0), Value::Nil) {
                return refuse("reflect: call of reflect.Value.Type on zero Value");
            }
            copied(call, call.arg(0))
        });
}

fn made(call: &Call<'_>, entries: Vec<(Bytes, Value)>) -> Result {
    call.budget().memory(size_of_val(&*entries))?;
    Ok(Map::any(entries).into())
}

fn list(call: &Call<'_>, elem: &'static Type, values: Vec<Value>) -> Result {
    call.budget().memory(size_of_val(&*values))?;
    Ok(List::new(elem, values).into())
}

/// Keys and values in turn; a value that is missing at the end is empty.
fn dict(call: &Call<'_>) -> Result {
    let entry = |pair: &[Value]| match pair {
        [key, value] => Ok((string_of(call, key)?, value.clone())),
        [key] => Ok((string_of(call, key)?, Value::str(""))),
        _ => refuse("no key"),
    };
    made(call, call.args().chunks(2).map(entry).collect::<Outcome<Vec<_>>>()?)
}

/// The value at the end of a path of keys, or the one before the last argument.
fn dig(call: &Call<'_>) -> Result {
    let [path @ .., default, start] = call.args() else {
        return refuse("dig needs at least three arguments");
    };
    if path.is_empty() {
        return refuse("dig needs at least three arguments");
    }
    let mut map = as_map(start)?;
    let keys = path.iter().map(as_key).collect::<Outcome<Vec<_>>>()?;
    let (last, before) =
        keys.split_last().map_or((Bytes::default(), &[][..]), |(last, before)| (last.clone(), before));
    for key in before {
        let Some(step) = map.get(key) else { return Ok(default.clone()) };
        map = as_map(&step)?;
    }
    Ok(map.get(&last).unwrap_or_else(|| default.clone()))
}

fn as_map(value: &Value) -> Outcome<Map> {
    if let Value::Map(map) = value
        && map.go_type() == MAP
    {
        return Ok(map.clone());
    }
    refuse(wrong(value, "map[string]interface {}"))
}

fn as_key(value: &Value) -> Outcome<Bytes> {
    if let Value::Str(key) = value { Ok(key.clone()) } else { refuse(wrong(value, "string")) }
}

fn wrong(value: &Value, wanted: &str) -> String {
    format!("interface conversion: interface {{}} is {}, not {wanted}", value.type_name())
}

/// A copy that shares no map with the original.
fn copied(call: &Call<'_>, value: &Value) -> Result {
    let budget = call.budget();
    budget.steps(1)?;
    budget.enter()?;
    let copy = if matches!(value, Value::List(list) if list.is_nil())
        || matches!(value, Value::Map(map) if map.is_nil())
    {
        value.clone()
    } else if let Value::List(list) = value {
        budget.memory(size_of_val(list.values()))?;
        let values = list.values().iter().map(|value| copied(call, value)).collect::<Outcome<Vec<_>>>()?;
        List::new(list.elem(), values).into()
    } else if let Value::Map(map) = value {
        let entries = map.entries();
        budget.memory(size_of_val(&*entries))?;
        let entries = entries.into_iter().map(|(key, value)| Ok((key, copied(call, &value)?)));
        Map::new(map.elem(), entries.collect::<Outcome<Vec<_>>>()?).into()
    } else {
        value.clone()
    };
    budget.leave();
    Ok(copy)
}
