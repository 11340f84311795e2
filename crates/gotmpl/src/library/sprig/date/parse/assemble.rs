//! Puts together what was read.

use super::super::time::{Time, Zone, days_in, is_leap};
use super::Parser;

impl Parser<'_> {
    /// Puts it together.
    pub(super) fn time(self) -> Option<Time> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let (month, day) = self.date()?;
        let seconds = hour * 3600 + self.minute * 60 + self.second;
        let made = |zone| Time::of((self.year, month, day), seconds, self.nanos, zone);
        let name = || String::from_utf8_lossy(self.zone).into();
        if self.utc {
            return Some(made(Zone::utc()));
        }
        if let Some(offset) = self.offset {
            let local = offset == 0 && matches!(self.zone, b"" | b"UTC");
            return Some(made(if local { Zone::utc() } else { Zone { offset, name: name() } }));
        }
        if self.zone.is_empty() {
            return Some(made(Zone::utc()));
        }
        // Nobody knows how far a name is from UTC; that of GMT+3 is only shown.
        let hours =
            self.zone.strip_prefix(b"GMT").and_then(|hours| std::str::from_utf8(hours).ok()?.parse().ok());
        let offset = hours.unwrap_or(0_i64) * 3600;
        let seconds = seconds + offset;
        Some(Time::of((self.year, month, day), seconds, self.nanos, Zone { offset, name: name() }))
    }

    /// Month and day, which must be ones that the year has.
    fn date(&self) -> Option<(i64, i64)> {
        let (mut month, mut day) = (self.month, self.day);
        if let Some(of_year) = self.year_day {
            if of_year < 1 || of_year > 365 + i64::from(is_leap(self.year)) {
                return None;
            }
            let (mut found, mut left) = (1, of_year);
            while left > days_in(self.year, found) {
                left -= days_in(self.year, found);
                found += 1;
            }
            if month.is_some_and(|month| month != found) || day.is_some_and(|day| day != left) {
                return None;
            }
            (month, day) = (Some(found), Some(left));
        }
        let (month, day) = (month.unwrap_or(1), day.unwrap_or(1));
        (1..=days_in(self.year, month)).contains(&day).then_some((month, day))
    }
}
