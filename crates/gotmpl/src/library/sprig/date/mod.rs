//! Dates, with Go's layouts: `now`, `date…`, `toDate`, `dateModify`, `ago`, `duration…`, `htmlDate…`, `unixEpoch`.
//!
//! The local zone is UTC. Other zones are those of the database that is built in. A time has no monotonic clock, so `now` shows
//! none.

mod duration;
mod format;
mod layout;
mod methods;
mod parse;
mod time;

use std::rc::Rc;

use super::{Outcome, Result, Shelf, cast, refuse};
use crate::Type::{self, Any, Str};
use crate::{Call, Signature, Value};
use time::Time;

const TIME: Type = Type::Object("time.Time");

/// Adds the functions.
pub(super) fn add(shelf: &mut Shelf<'_>) {
    let (one, change) = (Signature::new(&[Any]), Signature::new(&[Str, TIME]));
    shelf
        .add("now", Signature::new(&[]), |_| Ok(value(Time::now())))
        .add("date", Signature::new(&[Str, Any]), |call| shown(call, &call.bytes(0), call.arg(1), b"Local"))
        .all(&["dateInZone", "date_in_zone"], Signature::new(&[Str, Any, Str]), |call| {
            shown(call, &call.bytes(0), call.arg(1), &call.bytes(2))
        })
        .add("htmlDate", one, |call| shown(call, b"2006-01-02", call.arg(0), b"Local"))
        .add("htmlDateInZone", Signature::new(&[Any, Str]), |call| {
            shown(call, b"2006-01-02", call.arg(0), &call.bytes(1))
        })
        .all(&["dateModify", "date_modify"], change, |call| {
            let (time, change) = (taken(call, 1)?, duration::parse(&call.bytes(0)));
            Ok(value(change.map_or_else(|| time.clone(), |change| time.plus(change))))
        })
        .all(&["mustDateModify", "must_date_modify"], change, |call| match duration::parse(&call.bytes(0)) {
            Some(change) => Ok(value(taken(call, 1)?.plus(change))),
            None => refuse("invalid duration"),
        })
        .add("unixEpoch", Signature::new(&[TIME]), |call| call.string(taken(call, 0)?.seconds().to_string()));
    add_parsers(shelf);
}

fn add_parsers(shelf: &mut Shelf<'_>) {
    let (one, two) = (Signature::new(&[Any]), Signature::new(&[Str, Str]));
    shelf
        .add("toDate", two, |call| {
            Ok(value(parse::time(&call.bytes(0), &call.bytes(1)).unwrap_or_else(Time::zero)))
        })
        .add("mustToDate", two, |call| {
            parse::time(&call.bytes(0), &call.bytes(1))
                .map_or_else(|| refuse("invalid date"), |time| Ok(value(time)))
        })
        .add("ago", one, |call| {
            let age = Time::now().since(&moment(call.arg(0)));
            call.string(duration::shown(duration::to_seconds(age)))
        })
        .add("duration", one, |call| {
            let seconds = if let Value::Str(text) = call.arg(0) {
                cast::parse_int(text, 10).unwrap_or_else(|nearest| nearest)
            } else {
                int64(call.arg(0)).unwrap_or_default()
            };
            call.string(duration::shown(seconds.wrapping_mul(duration::SECOND)))
        })
        .add("durationRound", one, |call| {
            let age = |time| Time::now().since(&time);
            let span = if let Value::Str(text) = call.arg(0) {
                duration::parse(text)
            } else {
                int64(call.arg(0)).or_else(|| as_time(call.arg(0)).map(age))
            };
            let span = span.unwrap_or_default();
            call.string(duration::rounded(span))
        });
}

fn value(time: Time) -> Value {
    Value::Object(Rc::new(time))
}

/// A `time.Duration` of so many nanoseconds.
pub(in super::super) fn span(nanos: i64) -> Value {
    Value::Object(Rc::new(methods::Span(nanos)))
}

/// The int64 that a value is; an int is none.
fn int64(value: &Value) -> Option<i64> {
    if let Value::Int64(number) = value { Some(*number) } else { None }
}

/// The time that a value is.
fn as_time(value: &Value) -> Option<Time> {
    let Value::Object(object) = value else { return None };
    object.as_any().downcast_ref::<Time>().cloned()
}

/// The time that an argument is, whose type was checked before.
fn taken(call: &Call<'_>, index: usize) -> Outcome<Time> {
    as_time(call.arg(index)).map_or_else(|| refuse("no time"), Ok)
}

/// A time, or seconds since 1970; anything else is now.
fn moment(value: &Value) -> Time {
    if let Value::Int(seconds) | Value::Int64(seconds) = value {
        Time::at(*seconds, 0)
    } else {
        as_time(value).unwrap_or_else(Time::now)
    }
}

fn shown(call: &Call<'_>, layout: &[u8], time: &Value, zone: &[u8]) -> Result {
    let time = moment(time).in_zone(zone);
    super::text(call, |out| format::time(out, &time, layout))
}
