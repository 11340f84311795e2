//! Functions of lists. Each has a twin that begins with `must`; in a template they do the same.

mod parts;

use super::strings::strings_of;
use super::{NIL, Outcome, Result, Shelf, defaults, reflect, refuse, string_of};
use crate::Type::{Any, Str};
use crate::{Call, List, Signature, Value};

/// Adds them.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    let (one, two) = (Signature::new(&[Any]), Signature::new(&[Any, Any]));
    shelf
        .all(&["list", "tuple"], Signature::variadic(&[], Any), |call| made(call, call.args().to_vec()))
        .all(&["append", "push", "mustAppend", "mustPush"], two, |call| {
            let list = elements(call.arg(0), "Cannot push on type")?;
            made(call, [list.values(), &[call.arg(1).clone()]].concat())
        })
        .all(&["prepend", "mustPrepend"], two, |call| {
            let list = elements(call.arg(0), "Cannot prepend on type")?;
            made(call, [&[call.arg(1).clone()], list.values()].concat())
        })
        .all(&["reverse", "mustReverse"], one, |call| {
            let list = elements(call.arg(0), "Cannot find reverse on type")?;
            made(call, list.values().iter().rev().cloned().collect())
        })
        .all(&["compact", "mustCompact"], one, |call| {
            let list = elements(call.arg(0), "Cannot compact on type")?;
            made(call, list.values().iter().filter(|value| !defaults::is_empty(value)).cloned().collect())
        })
        .add("concat", Signature::variadic(&[], Any), concat)
        .add("sortAlpha", one, sort_alpha);
    add_sets(shelf);
    parts::add(shelf);
}

fn add_sets(shelf: &mut Shelf<'_>) {
    shelf
        .all(&["uniq", "mustUniq"], Signature::new(&[Any]), |call| {
            let list = elements(call.arg(0), "Cannot find uniq on type")?;
            let mut kept = Vec::new();
            for value in list.values() {
                if !holds(call, &kept, value)? {
                    kept.push(value.clone());
                }
            }
            made(call, kept)
        })
        .all(&["without", "mustWithout"], Signature::variadic(&[Any], Any), |call| {
            let list = elements(call.arg(0), "Cannot find without on type")?;
            let (mut kept, out) = (Vec::new(), call.args().get(1..).unwrap_or_default());
            for value in list.values() {
                if !holds(call, out, value)? {
                    kept.push(value.clone());
                }
            }
            made(call, kept)
        })
        .all(&["has", "mustHas"], Signature::new(&[Any, Any]), |call| {
            if matches!(call.arg(1), Value::Nil) {
                return Ok(Value::Bool(false));
            }
            let list = elements(call.arg(1), "Cannot find has on type")?;
            holds(call, list.values(), call.arg(0)).map(Value::Bool)
        });
}

/// The list that an argument is, or Go's complaint that it is none.
fn elements(value: &Value, complaint: &str) -> Outcome<List> {
    if let Value::List(list) = value {
        return Ok(list.clone());
    }
    refuse(no_list(value).map_or_else(|| NIL.to_owned(), |kind| format!("{complaint} {kind}")))
}

/// The kind of what is no list; none for nil.
fn no_list(value: &Value) -> Option<&'static str> {
    (!matches!(value, Value::Nil)).then(|| reflect::kind_of(value))
}

/// A `[]interface {}` of these, taken from the budget.
fn made(call: &Call<'_>, values: Vec<Value>) -> Result {
    call.budget().memory(size_of_val(&*values))?;
    Ok(List::any(values).into())
}

/// Whether one of the values equals this one.
fn holds(call: &Call<'_>, values: &[Value], wanted: &Value) -> Outcome<bool> {
    for value in values {
        if reflect::equal(wanted, value, call.budget())? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn concat(call: &Call<'_>) -> Result {
    let mut all = Vec::new();
    for value in call.args() {
        let Value::List(list) = value else {
            let complaint = |kind| format!("Cannot concat type {kind} as list");
            return refuse(no_list(value).map_or_else(|| NIL.to_owned(), complaint));
        };
        all.extend_from_slice(list.values());
    }
    if all.is_empty() { Ok(List::nil(&Any).into()) } else { made(call, all) }
}

/// Strings in order; what is no list becomes one of one string. A list of strings is sorted where it is, as Go does it.
fn sort_alpha(call: &Call<'_>) -> Result {
    if let Value::List(list) = call.arg(0)
        && *list.elem() == Str
    {
        call.budget().steps(list.len() as u64)?;
        call.budget().memory(size_of_val(list.values()))?;
        list.sort();
        return Ok(call.arg(0).clone());
    }
    let is_list = matches!(call.arg(0), Value::List(_));
    let mut strings =
        if is_list { strings_of(call, call.arg(0))? } else { vec![string_of(call, call.arg(0))?] };
    call.budget().steps(strings.len() as u64)?;
    strings.sort_unstable();
    call.budget().memory(strings.len() * size_of::<Value>())?;
    Ok(List::new(&Str, strings.into_iter().map(Value::Str).collect()).into())
}
