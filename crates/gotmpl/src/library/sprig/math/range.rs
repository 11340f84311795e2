//! Rows of numbers: `until`, `untilStep`, `seq`.

use super::{Outcome, Result, Shelf, text};
use crate::Type::Int;
use crate::{Call, List, Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    shelf
        .add("until", Signature::new(&[Int]), |call| {
            let count = call.int(0);
            list(call, row(call, 0, count, if count < 0 { -1 } else { 1 })?)
        })
        .add("untilStep", Signature::new(&[Int, Int, Int]), |call| {
            list(call, row(call, call.int(0), call.int(1), call.int(2))?)
        })
        .add("seq", Signature::variadic(&[], Int), seq);
}

/// A `[]int`.
fn list(call: &Call<'_>, numbers: Vec<i64>) -> Result {
    call.budget().memory(numbers.len() * size_of::<Value>())?;
    Ok(List::new(&Int, numbers.into_iter().map(Value::Int).collect()).into())
}

/// From `start` to before `stop`. A step in the wrong direction goes nowhere.
fn row(call: &Call<'_>, start: i64, stop: i64, step: i64) -> Outcome<Vec<i64>> {
    let mut numbers = Vec::new();
    if step == 0 || (stop < start) != (step < 0) {
        return Ok(numbers);
    }
    let mut next = Some(start);
    while let Some(number) = next.filter(|number| if step < 0 { *number > stop } else { *number < stop }) {
        call.budget().steps(1)?;
        call.budget().memory(size_of::<i64>())?;
        numbers.push(number);
        next = number.checked_add(step);
    }
    Ok(numbers)
}

/// As the command of this name: to a number, from one to another, or with a step between them.
fn seq(call: &Call<'_>) -> Result {
    let toward = |from: i64, to: i64| if to < from { -1 } else { 1 };
    let (start, stop, step) = match call.args().len() {
        1 => (1, call.int(0), toward(1, call.int(0))),
        2 => (call.int(0), call.int(1), toward(call.int(0), call.int(1))),
        3 => (call.int(0), call.int(2), call.int(1)),
        _ => return Ok(Value::str("")),
    };
    if stop < start && step > 0 {
        return Ok(Value::str(""));
    }
    let numbers = row(call, start, stop.wrapping_add(toward(start, stop)), step)?;
    text(call, |out| {
        for (index, number) in numbers.iter().enumerate() {
            out.text(if index > 0 { " " } else { "" });
            out.text(&number.to_string());
        }
    })
}
