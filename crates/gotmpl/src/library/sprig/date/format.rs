//! Shows a time in a layout.

use super::layout::{Piece, next};
use super::time::{Shown, Time, Zone};
use crate::buffer::Buffer;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// The name of a month, counted from one.
pub(super) fn month(month: i64) -> &'static str {
    usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or_default()
}

/// The name of a weekday, counted from nought.
pub(super) fn weekday(day: i64) -> &'static str {
    usize::try_from(day).ok().and_then(|index| WEEKDAYS.get(index)).copied().unwrap_or_default()
}

/// The month or weekday that the text begins with, counted from nought, and the text behind it. Letter case does not matter.
pub(super) fn named(text: &[u8], months: bool, long: bool) -> Option<(i64, &[u8])> {
    let names = if months { &MONTHS[..] } else { &WEEKDAYS };
    let shown = |name: &&'static str| if long { *name } else { name.get(..3).unwrap_or_default() };
    let begins =
        |name: &str| text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()));
    let index = names.iter().position(|name| begins(shown(name)))?;
    let length = names.get(index).map(|name| shown(name).len())?;
    Some((i64::try_from(index).ok()?, text.get(length..)?))
}

/// Writes the time.
pub(super) fn time(out: &mut Buffer, time: &Time, mut layout: &[u8]) {
    let shown = time.shown();
    while !layout.is_empty() && out.failed().is_none() {
        let (before, piece, after) = next(layout);
        out.write(before);
        // The dot of a fraction is the layout's own.
        let separator = layout.get(before.len()).copied().unwrap_or_default();
        match piece {
            Some(Piece::Fraction { digits, keep }) => fraction(out, time.nanos(), separator, digits, keep),
            Some(piece) => out.text(&text(piece, &shown, time.zone())),
            None => {}
        }
        layout = after;
    }
}

fn text(piece: Piece, shown: &Shown, zone: &Zone) -> String {
    let Shown { year, month: number, day, year_day, weekday: of_week, second } = *shown;
    let (hour, minute) = (second / 3600, second / 60 % 60);
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let short = |name: &str| name.get(..3).unwrap_or_default().to_owned();
    match piece {
        Piece::LongMonth => month(number).to_owned(),
        Piece::Month => short(month(number)),
        Piece::NumMonth => number.to_string(),
        Piece::ZeroMonth => format!("{number:02}"),
        Piece::LongWeekday => weekday(of_week).to_owned(),
        Piece::Weekday => short(weekday(of_week)),
        Piece::Day => day.to_string(),
        Piece::UnderDay => format!("{day:2}"),
        Piece::ZeroDay => format!("{day:02}"),
        Piece::UnderYearDay => format!("{year_day:3}"),
        Piece::ZeroYearDay => format!("{year_day:03}"),
        Piece::Hour => format!("{hour:02}"),
        Piece::Hour12 => hour12.to_string(),
        Piece::ZeroHour12 => format!("{hour12:02}"),
        Piece::Minute => minute.to_string(),
        Piece::ZeroMinute => format!("{minute:02}"),
        Piece::Second => (second % 60).to_string(),
        Piece::ZeroSecond => format!("{:02}", second % 60),
        Piece::LongYear if year < 0 => format!("-{:04}", -year),
        Piece::LongYear => format!("{year:04}"),
        Piece::Year => format!("{:02}", year.abs() % 100),
        Piece::Pm { small } => match (hour >= 12, small) {
            (true, false) => "PM",
            (false, false) => "AM",
            (true, true) => "pm",
            (false, true) => "am",
        }
        .to_owned(),
        Piece::ZoneName if zone.name.is_empty() => offset(zone.offset, false, 2),
        Piece::ZoneName => zone.name.to_string(),
        Piece::Offset { utc_is_z: true, .. } if zone.offset == 0 => "Z".to_owned(),
        Piece::Offset { utc_is_z: _, colon, parts } => offset(zone.offset, colon, parts),
        Piece::Fraction { .. } => String::new(),
    }
}

/// Hours, and perhaps minutes and seconds.
fn offset(offset: i64, colon: bool, parts: u8) -> String {
    let (sign, size) = (if offset < 0 { '-' } else { '+' }, offset.abs());
    let (hours, minutes, seconds) = (size / 3600, size / 60 % 60, size % 60);
    // Go tells the sign by the minutes.
    let sign = if size < 60 { '+' } else { sign };
    let colon = if colon { ":" } else { "" };
    match parts {
        1 => format!("{sign}{hours:02}"),
        2 => format!("{sign}{hours:02}{colon}{minutes:02}"),
        _ => format!("{sign}{hours:02}{colon}{minutes:02}{colon}{seconds:02}"),
    }
}

fn fraction(out: &mut Buffer, nanos: u32, separator: u8, digits: usize, keep: bool) {
    let all = format!("{nanos:09}");
    let mut shown: String = all.chars().take(digits.min(9)).collect();
    if !keep {
        shown.truncate(shown.trim_end_matches('0').len());
        if shown.is_empty() {
            return;
        }
    }
    out.write(&[separator]);
    out.text(&shown);
}
