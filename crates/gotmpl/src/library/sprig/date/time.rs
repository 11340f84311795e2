//! A point in time, and the zone that it is shown in.

use std::any::Any;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

use super::{format, methods};
use crate::buffer::Buffer;
use crate::{Bytes, Call, FuncError, Limit, Object, Signature, Value};

/// A `time.Time`.
#[derive(Clone)]
pub(super) struct Time {
    /// Since 1970.
    seconds: i64,
    nanos: u32,
    zone: Zone,
}

/// How far a zone is from UTC, and what it is called then; empty if it has no name.
#[derive(Clone)]
pub(super) struct Zone {
    pub(super) offset: i64,
    pub(super) name: Rc<str>,
}

impl Zone {
    pub(super) fn utc() -> Self {
        Self { offset: 0, name: "UTC".into() }
    }

    /// Whether it is the same one: for each text with an offset Go makes a zone of its own, unless it has no name and is whole hours.
    fn is(&self, other: &Self) -> bool {
        let common = |zone: &Self| match &*zone.name {
            "UTC" => zone.offset == 0,
            "" => zone.offset % 3600 == 0 && (-12..=14).contains(&(zone.offset / 3600)),
            _ => false,
        };
        let alike = self.name == other.name && self.offset == other.offset;
        Rc::ptr_eq(&self.name, &other.name) || alike && common(self)
    }
}

/// The zones of the world.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The seconds from the year 1 to 1970.
pub(super) const YEAR_ONE: i64 = -62_135_596_800;
const DAY: i64 = 86_400;

impl Time {
    pub(super) fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::at(i64::try_from(since.as_secs()).unwrap_or_default(), since.subsec_nanos())
    }

    /// So long after 1970, in UTC.
    pub(super) fn at(seconds: i64, nanos: u32) -> Self {
        Self { seconds, nanos, zone: Zone::utc() }
    }

    /// The first moment of the year 1, which is Go's zero.
    pub(super) fn zero() -> Self {
        Self::at(YEAR_ONE, 0)
    }

    /// What a clock in the zone shows.
    pub(super) fn of(date: (i64, i64, i64), seconds: i64, nanos: u32, zone: Zone) -> Self {
        let local = days_before(date).saturating_mul(DAY).saturating_add(seconds);
        Self { seconds: local.saturating_sub(zone.offset), nanos, zone }
    }

    pub(super) fn seconds(&self) -> i64 {
        self.seconds
    }

    pub(super) fn nanos(&self) -> u32 {
        self.nanos
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The same moment in the zone of this name; in UTC if there is none.
    pub(super) fn in_zone(mut self, name: &[u8]) -> Self {
        let name = std::str::from_utf8(name).unwrap_or_default();
        let zone = if matches!(name, "" | "UTC" | "Local") { None } else { ZONES.get(name).ok() };
        self.zone = zone.map_or_else(Zone::utc, |zone| {
            let nearest = if self.seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
            let info = zone.to_offset_info(Timestamp::from_second(self.seconds).unwrap_or(nearest));
            Zone { offset: i64::from(info.offset().seconds()), name: info.abbreviation().into() }
        });
        self
    }

    /// So many nanoseconds later.
    pub(super) fn plus(&self, span: i64) -> Self {
        let nanos = i64::from(self.nanos) + span.rem_euclid(1_000_000_000);
        let seconds =
            self.seconds.wrapping_add(span.div_euclid(1_000_000_000)).wrapping_add(nanos / 1_000_000_000);
        let nanos = u32::try_from(nanos % 1_000_000_000).unwrap_or_default();
        Self { seconds, nanos, zone: self.zone.clone() }
    }

    /// So many years, months and days later on the calendar, at the same time of the day.
    pub(super) fn moved(&self, years: i64, months: i64, days: i64) -> Self {
        const MOST: i64 = 1_000_000_000;
        let bounded = |count: i64| count.clamp(-MOST, MOST);
        let Shown { year, month, day, second, .. } = self.shown();
        let month = month - 1 + bounded(months);
        let first = (year + bounded(years) + month.div_euclid(12), month.rem_euclid(12) + 1, 1);
        let second = second + (day - 1 + bounded(days)) * DAY;
        Self::of(first, second, self.nanos, self.zone.clone())
    }

    /// The nanoseconds that passed since then; the most that there can be if there are more.
    pub(super) fn since(&self, then: &Self) -> i64 {
        let nanos = |time: &Self| i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos);
        let span = nanos(self) - nanos(then);
        i64::try_from(span).unwrap_or(if span < 0 { i64::MIN } else { i64::MAX })
    }

    /// What the clock and the calendar of its zone show.
    pub(super) fn shown(&self) -> Shown {
        let local = self.seconds.saturating_add(self.zone.offset);
        let (days, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = date_of(days);
        Shown {
            year,
            month,
            day,
            year_day: days - days_before((year, 1, 1)) + 1,
            weekday: (days + 4).rem_euclid(7),
            second,
        }
    }
}

/// What clock and calendar show.
pub(super) struct Shown {
    pub(super) year: i64,
    pub(super) month: i64,
    pub(super) day: i64,
    /// Counted from one.
    pub(super) year_day: i64,
    /// Counted from nought, which is Sunday.
    pub(super) weekday: i64,
    /// Of the day.
    pub(super) second: i64,
}

pub(super) fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The days of a month.
pub(super) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days from 1970 to this one. Years are counted from March, so that the odd day of February is the last.
fn days_before((year, month, day): (i64, i64, i64)) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day, counted from 1970.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

impl Object for Time {
    fn type_name(&self) -> &'static str {
        "time.Time"
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        methods::of_time(name).or_else(|| methods::plain(self, name).map(|_| Signature::new(&[])))
    }

    fn call(&self, name: &str, call: &Call<'_>) -> Result<Value, FuncError> {
        methods::call_time(self, name, call)
    }

    fn text(&self) -> Bytes {
        written(self, b"2006-01-02 15:04:05.999999999 -0700 MST")
    }

    fn json(&self) -> Option<Value> {
        let years = 0..10_000;
        let fits = years.contains(&self.shown().year);
        fits.then(|| Value::Str(written(self, b"2006-01-02T15:04:05.999999999Z07:00")))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        let moment = |time: &Self| (time.seconds, time.nanos);
        let other = other.as_any().downcast_ref::<Self>();
        other.is_some_and(|other| moment(self) == moment(other) && self.zone.is(&other.zone))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The time in a layout that is short.
fn written(time: &Time, layout: &[u8]) -> Bytes {
    let mut out = Buffer::new(256, Limit::Memory(256));
    format::time(&mut out, time, layout);
    out.finish().map(Bytes::from).unwrap_or_default()
}

/// A month or a weekday.
pub(super) struct Named(pub(super) &'static str, pub(super) i64, pub(super) &'static str);

impl Object for Named {
    fn type_name(&self) -> &'static str {
        self.0
    }

    fn field(&self, _: &str) -> Option<Value> {
        None
    }

    fn method(&self, name: &str) -> Option<Signature> {
        (name == "String").then_some(Signature::new(&[]))
    }

    fn call(&self, _: &str, _: &Call<'_>) -> Result<Value, FuncError> {
        Ok(self.2.into())
    }

    fn number(&self) -> Option<i64> {
        Some(self.1)
    }

    fn text(&self) -> Bytes {
        self.2.into()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
