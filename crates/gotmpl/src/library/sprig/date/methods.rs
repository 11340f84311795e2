//! The methods of Go's `time.Time` and `time.Duration` that templates can call.
//!
//! What differs from Go: `AddDate` does not go beyond a thousand million years or days of it a call; `In`, `Zone`, `ISOWeek` and what
//! else takes or gives what a template cannot hold is unknown.

use std::any::Any;
use std::rc::Rc;

use super::duration;
use super::time::{Named, Time, YEAR_ONE};
use super::{TIME, as_time, format};
use crate::Type::{self, Int, Str};
use crate::{Bytes, Call, FuncError, Object, Signature, Value};

const SPAN: Type = Type::Object("time.Duration");

/// What a method of a time gives that takes nothing.
pub(super) fn plain(time: &Time, name: &str) -> Option<Value> {
    let shown = time.shown();
    Some(match name {
        "Year" => Value::Int(shown.year),
        "Month" => Value::Object(Rc::new(Named("time.Month", shown.month, format::month(shown.month)))),
        "Weekday" => {
            Value::Object(Rc::new(Named("time.Weekday", shown.weekday, format::weekday(shown.weekday))))
        }
        "Day" => Value::Int(shown.day),
        "YearDay" => Value::Int(shown.year_day),
        "Hour" => Value::Int(shown.second / 3600),
        "Minute" => Value::Int(shown.second / 60 % 60),
        "Second" => Value::Int(shown.second % 60),
        "Nanosecond" => Value::Int(i64::from(time.nanos())),
        "Unix" => Value::Int64(time.seconds()),
        "UnixMilli" => {
            Value::Int64(time.seconds().wrapping_mul(1000).wrapping_add(i64::from(time.nanos() / 1_000_000)))
        }
        "UnixMicro" => {
            Value::Int64(time.seconds().wrapping_mul(1_000_000).wrapping_add(i64::from(time.nanos() / 1_000)))
        }
        "UnixNano" => {
            Value::Int64(time.seconds().wrapping_mul(1_000_000_000).wrapping_add(i64::from(time.nanos())))
        }
        "UTC" | "Local" => Value::Object(Rc::new(time.clone().in_zone(b"UTC"))),
        "IsZero" => Value::Bool(time.seconds() == YEAR_ONE && time.nanos() == 0),
        "String" => Value::Str(time.text()),
        _ => return None,
    })
}

/// What the methods of a time take that take something.
pub(super) fn of_time(name: &str) -> Option<Signature> {
    Some(match name {
        "Format" => Signature::new(&[Str]),
        "Add" | "Round" | "Truncate" => Signature::new(&[SPAN]),
        "AddDate" => Signature::new(&[Int, Int, Int]),
        "Sub" | "After" | "Before" | "Equal" | "Compare" => Signature::new(&[TIME]),
        _ => return None,
    })
}

/// Calls a method of a time.
pub(super) fn call_time(time: &Time, name: &str, call: &Call<'_>) -> Result<Value, FuncError> {
    if let Some(value) = plain(time, name) {
        return Ok(value);
    }
    let other = || as_time(call.arg(0)).unwrap_or_else(Time::zero);
    let order = || (time.seconds(), time.nanos()).cmp(&(other().seconds(), other().nanos()));
    let span = as_span(call.arg(0));
    Ok(match name {
        "Format" => return super::super::text(call, |out| format::time(out, time, &call.bytes(0))),
        "Add" => super::value(time.plus(span)),
        "Round" | "Truncate" => super::value(time.plus(to_multiple(time, span, name == "Round"))),
        "AddDate" => super::value(time.moved(call.int(0), call.int(1), call.int(2))),
        "Sub" => super::span(time.since(&other())),
        "After" => Value::Bool(order().is_gt()),
        "Before" => Value::Bool(order().is_lt()),
        "Equal" => Value::Bool(order().is_eq()),
        "Compare" => Value::Int(order() as i64),
        _ => return Err(FuncError::failed("there is no such method")),
    })
}

/// How far the time is from a multiple of the span, counted from the year 1: the one before it, or the nearest.
fn to_multiple(time: &Time, span: i64, nearest: bool) -> i64 {
    if span <= 0 {
        return 0;
    }
    let since =
        (i128::from(time.seconds()) - i128::from(YEAR_ONE)) * 1_000_000_000 + i128::from(time.nanos());
    let rest = i64::try_from(since.rem_euclid(i128::from(span))).unwrap_or_default();
    if nearest && rest >= span - rest { span - rest } else { -rest }
}

/// A `time.Duration`: nanoseconds.
pub(super) struct Span(pub(super) i64);

/// The nanoseconds of a duration.
fn as_span(value: &Value) -> i64 {
    let Value::Object(object) = value else { return 0 };
    object.as_any().downcast_ref::<Span>().map_or(0, |span| span.0)
}

impl Span {
    /// So many units, the whole ones apart from the rest, as Go adds them up.
    fn units(&self, unit: i64) -> Value {
        Value::Float((self.0 / unit) as f64 + (self.0 % unit) as f64 / unit as f64)
    }

    /// A multiple of the unit: the one towards nought, or the nearest; the most there can be beyond it.
    fn to_multiple(&self, unit: i64, nearest: bool) -> i64 {
        if unit <= 0 {
            return self.0;
        }
        let rest = self.0 % unit;
        let down = self.0 - rest;
        let away = nearest && rest.abs() >= unit - rest.abs();
        if away { down.saturating_add(unit * self.0.signum()) } else { down }
    }
}

impl Object for Span {
    fn type_name(&self) -> &'static str {
        "time.Duration"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        Some(match name {
            "Hours" | "Minutes" | "Seconds" | "Milliseconds" | "Microseconds" | "Nanoseconds" | "String"
            | "Abs" => Signature::new(&[]),
            "Round" | "Truncate" => Signature::new(&[SPAN]),
            _ => return None,
        })
    }

    fn call(&self, name: &str, call: &Call<'_>) -> Result<Value, FuncError> {
        Ok(match name {
            "Hours" => self.units(3600 * duration::SECOND),
            "Minutes" => self.units(60 * duration::SECOND),
            "Seconds" => self.units(duration::SECOND),
            "Milliseconds" => Value::Int64(self.0 / 1_000_000),
            "Microseconds" => Value::Int64(self.0 / 1_000),
            "Nanoseconds" => Value::Int64(self.0),
            "String" => Value::Str(self.text()),
            "Abs" => super::span(self.0.saturating_abs()),
            "Round" | "Truncate" => super::span(self.to_multiple(as_span(call.arg(0)), name == "Round")),
            _ => return Err(FuncError::failed("there is no such method")),
        })
    }

    fn number(&self) -> Option<i64> {
        Some(self.0)
    }

    fn text(&self) -> Bytes {
        duration::shown(self.0).into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
