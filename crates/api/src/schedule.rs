//! When a sync window opens: `robfig/cron`'s standard schedules, as External Secrets Operator reads them, in UTC.

mod fields;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::duration::{DurationError, GoDuration};
use fields::{Days, Field};

/// How many days are looked through for the next time: `robfig/cron` gives up after five years.
const DAYS: usize = 5 * 366;

/// Text that is no schedule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// It has more or fewer than five fields.
    #[error("expected exactly 5 fields, found {found}: {text}")]
    Fields {
        /// How many it has.
        found: usize,
        /// What it is.
        text: String,
    },
    /// A shorthand that there is not.
    #[error("unrecognized descriptor: {0}")]
    Descriptor(String),
    /// `@every` with something else than a duration.
    #[error("failed to parse duration {text}: {source}")]
    Every {
        /// The whole schedule.
        text: String,
        /// Why it is no duration.
        source: DurationError,
    },
    /// A range of more than two numbers, or with more than one step.
    #[error("too many {signs}: {text}")]
    TooMany {
        /// What there is too much of.
        signs: &'static str,
        /// The expression.
        text: String,
    },
    /// Neither a number nor a name that is known here.
    #[error("failed to parse int from {0}")]
    NoNumber(String),
    /// Numbers that do not fit.
    #[error("{problem}: {text}")]
    Range {
        /// Which, and why.
        problem: String,
        /// The expression.
        text: String,
    },
}

/// A recurring time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Every so often, counted from whenever it is asked.
    Every(SignedDuration),
    /// At these minutes.
    At {
        /// 0 to 59.
        minutes: Field,
        /// 0 to 23.
        hours: Field,
        /// Days of the month and of the week, and months.
        days: Days,
    },
}

impl Schedule {
    /// Reads a schedule: five fields of cron (minute, hour, day of the month, month, day of the week), or a shorthand.
    ///
    /// # Errors
    /// It is none, in the words of `robfig/cron`.
    pub fn parse(text: &str) -> Result<Self, ScheduleError> {
        let standard = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => text,
        };
        if let Some(duration) = standard.strip_prefix("@every ") {
            let every = |source| ScheduleError::Every { text: text.to_owned(), source };
            let duration = GoDuration::parse(duration).map_err(every)?;
            // In whole seconds, and at least one.
            return Ok(Self::Every(SignedDuration::from_secs((duration.nanos() / 1_000_000_000).max(1))));
        }
        if standard.starts_with('@') {
            return Err(ScheduleError::Descriptor(text.to_owned()));
        }
        let fields: Vec<&str> = standard.split_whitespace().collect();
        let [minute, hour, day_of_month, month, day_of_week] = fields[..] else {
            return Err(ScheduleError::Fields { found: fields.len(), text: text.to_owned() });
        };
        Ok(Self::At {
            minutes: Field::parse(minute, &fields::MINUTES)?,
            hours: Field::parse(hour, &fields::HOURS)?,
            days: Days::parse(day_of_month, month, day_of_week)?,
        })
    }

    /// The first time after `after`; none within five years.
    pub fn next(&self, after: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Every(delay) => {
                let whole = Timestamp::from_second(after.as_second()).ok()?;
                whole.checked_add(*delay).ok()
            }
            Self::At { minutes, hours, days } => {
                let from = after.checked_add(SignedDuration::from_mins(1)).ok()?.to_zoned(TimeZone::UTC);
                let (today, now) = (from.date(), i64::from(from.hour()) * 60 + i64::from(from.minute()));
                let candidates = std::iter::successors(Some(today), |day| day.tomorrow().ok()).take(DAYS);
                candidates.filter(|day| days.have(*day)).find_map(|day| {
                    let earliest = if day == today { now } else { 0 };
                    at(
                        day,
                        (earliest..24 * 60)
                            .find(|minute| hours.has(minute / 60) && minutes.has(minute % 60))?,
                    )
                })
            }
        }
    }

    /// The last time of a run: of those of the same day that follow this one, each at most `step` after the one before. None if
    /// such a run never ends.
    pub fn run_end(&self, of: Timestamp, step: SignedDuration) -> Option<Timestamp> {
        match self {
            Self::Every(delay) => (*delay > step).then_some(of),
            Self::At { minutes, hours, .. } => {
                let zoned = of.to_zoned(TimeZone::UTC);
                let first = i64::from(zoned.hour()) * 60 + i64::from(zoned.minute());
                let later =
                    (first + 1..24 * 60).filter(|time| hours.has(time / 60) && minutes.has(time % 60));
                let within = |last, next| SignedDuration::from_mins(next - last) <= step;
                let run = later
                    .scan(first, |last, next| within(std::mem::replace(last, next), next).then_some(next));
                of.checked_add(SignedDuration::from_mins(run.last().unwrap_or(first) - first)).ok()
            }
        }
    }
}

/// The minute of a day.
fn at(day: Date, minute: i64) -> Option<Timestamp> {
    let midnight = day.to_zoned(TimeZone::UTC).ok()?.timestamp();
    midnight.checked_add(SignedDuration::from_mins(minute)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(schedule: &str, after: &str) -> String {
        let after: Timestamp = after.parse().expect("a time");
        let schedule = Schedule::parse(schedule).expect("a schedule");
        schedule.next(after).map_or("never".to_owned(), |at| at.to_string())
    }

    #[test]
    fn the_next_time_is_after_the_one_asked_for() {
        for (schedule, after, expected) in [
            ("0 22 * * *", "2026-11-28T21:59:59Z", "2026-11-28T22:00:00Z"),
            ("0 22 * * *", "2026-11-28T22:00:00Z", "2026-11-29T22:00:00Z"),
            ("*/15 9-17 * * MON-FRI", "2026-11-28T12:00:00Z", "2026-11-30T09:00:00Z"),
            ("*/15 9-17 * * mon-fri", "2026-11-30T17:45:01Z", "2026-12-01T09:00:00Z"),
            ("5/20 * * * *", "2026-11-28T12:06:00Z", "2026-11-28T12:25:00Z"),
            ("0 0 29 2 ?", "2026-11-28T12:00:00Z", "2028-02-29T00:00:00Z"),
            ("30 4 1,15 * 5", "2026-11-28T12:00:00Z", "2026-12-01T04:30:00Z"), // either day, where both are named
            ("30 4 1,15 * 5", "2026-12-01T12:00:00Z", "2026-12-04T04:30:00Z"),
            ("0 0 */2 * 1", "2026-11-28T12:00:00Z", "2026-11-29T00:00:00Z"), // a step is a day that is named
            ("0 0 1 jan,Jul *", "2026-11-28T12:00:00Z", "2027-01-01T00:00:00Z"),
            ("@hourly", "2026-11-28T12:00:00Z", "2026-11-28T13:00:00Z"),
            ("@weekly", "2026-11-28T12:00:00Z", "2026-11-29T00:00:00Z"),
            ("@annually", "2026-11-28T12:00:00Z", "2027-01-01T00:00:00Z"),
            ("@every 90m", "2026-11-28T12:00:00.5Z", "2026-11-28T13:30:00Z"),
            ("0 0 31 2 *", "2026-11-28T12:00:00Z", "never"),
        ] {
            assert_eq!(next(schedule, after), expected, "{schedule} after {after}");
        }
    }

    #[test]
    fn a_run_ends_where_a_step_is_too_long_and_with_the_day() {
        let end = |schedule: &str, minutes: i64| {
            let schedule = Schedule::parse(schedule).expect("a schedule");
            let of = "2026-11-28T12:00:00Z".parse().expect("a time");
            schedule
                .run_end(of, SignedDuration::from_mins(minutes))
                .map_or("never".to_owned(), |at| at.to_string())
        };
        for (schedule, minutes, expected) in [
            ("* * * * *", 1, "2026-11-28T23:59:00Z"),
            ("*/5 * * * *", 5, "2026-11-28T23:55:00Z"),
            ("*/5 * * * *", 4, "2026-11-28T12:00:00Z"),
            ("* 0-16 * * *", 1, "2026-11-28T16:59:00Z"),
            ("0,10,30 12 * * *", 15, "2026-11-28T12:10:00Z"),
            ("@every 1h", 59, "2026-11-28T12:00:00Z"),
            ("@every 1h", 60, "never"),
        ] {
            assert_eq!(end(schedule, minutes), expected, "{schedule} by {minutes}m");
        }
    }

    #[test]
    fn what_is_none_says_why_in_the_words_of_cron() {
        for (text, why) in [
            ("0 0 * *", "expected exactly 5 fields, found 4: 0 0 * *"),
            ("60 0 * * *", "end of range (60) above maximum (59): 60"),
            ("0 0 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("0 0 * * 7", "end of range (7) above maximum (6): 7"),
            ("9-5 * * * *", "beginning of range (9) beyond end of range (5): 9-5"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("*/5/5 * * * *", "too many slashes: */5/5"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("a * * * *", "failed to parse int from a"),
            ("0 0 * * someday", "failed to parse int from someday"),
            ("@fortnightly", "unrecognized descriptor: @fortnightly"),
            ("@every day", r#"failed to parse duration @every day: time: invalid duration "day""#),
        ] {
            assert_eq!(
                Schedule::parse(text).map_err(|error| error.to_string()),
                Err(why.to_owned()),
                "{text}"
            );
        }
    }
}
