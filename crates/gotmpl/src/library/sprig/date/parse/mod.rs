//! Reads a time that is written in a layout.

mod assemble;
mod zone;

use super::format::named;
use super::layout::{Piece, next};
use super::time::Time;

/// The time that the text is, if it is one.
pub(super) fn time(layout: &[u8], text: &[u8]) -> Option<Time> {
    let mut parser = Parser { rest: text, ..Parser::default() };
    let mut layout = layout;
    loop {
        let (before, piece, after) = next(layout);
        parser.skip(before)?;
        layout = after;
        let Some(piece) = piece else { break };
        parser.piece(piece, layout)?;
    }
    if parser.rest.is_empty() { parser.time() } else { None }
}

/// What was read until now.
#[derive(Default)]
struct Parser<'t> {
    rest: &'t [u8],
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanos: u32,
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i64>,
    zone: &'t [u8],
}

fn starts_with_digit(text: &[u8]) -> bool {
    text.first().is_some_and(u8::is_ascii_digit)
}

fn begins_fraction(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'.' | b',')) && text.get(1).is_some_and(u8::is_ascii_digit)
}

impl<'t> Parser<'t> {
    /// What the layout has between its pieces. Spaces stand for as many as there are.
    fn skip(&mut self, mut text: &[u8]) -> Option<()> {
        while let Some((first, after)) = text.split_first() {
            if *first != b' ' {
                self.rest = self.rest.strip_prefix(&[*first])?;
                text = after;
                continue;
            }
            if !self.rest.is_empty() && !self.rest.starts_with(b" ") {
                return None;
            }
            text = without_spaces(text);
            self.rest = without_spaces(self.rest);
        }
        Some(())
    }

    fn take(&mut self, length: usize) -> Option<&'t [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A number of exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let taken = self.take(count)?;
        taken
            .iter()
            .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i64::from(byte - b'0')))
    }

    /// One or two digits; always two if `fixed`.
    fn number(&mut self, fixed: bool) -> Option<i64> {
        if !starts_with_digit(self.rest) {
            return None;
        }
        let two = self.rest.get(1).is_some_and(u8::is_ascii_digit);
        if fixed && !two { None } else { self.digits(if two { 2 } else { 1 }) }
    }

    fn piece(&mut self, piece: Piece, after: &[u8]) -> Option<()> {
        match piece {
            Piece::Year => {
                let year = self.digits(2)?;
                self.year = if year >= 69 { 1900 + year } else { 2000 + year };
            }
            Piece::LongYear => self.year = self.digits(4)?,
            Piece::Month | Piece::LongMonth => {
                let (index, rest) = named(self.rest, true, piece == Piece::LongMonth)?;
                (self.month, self.rest) = (Some(index + 1), rest);
            }
            Piece::NumMonth | Piece::ZeroMonth => {
                let month = self.number(piece == Piece::ZeroMonth)?;
                self.month = Some(month).filter(|month| (1..=12).contains(month));
                self.month?;
            }
            Piece::Weekday | Piece::LongWeekday => {
                self.rest = named(self.rest, false, piece == Piece::LongWeekday)?.1;
            }
            Piece::Day | Piece::UnderDay | Piece::ZeroDay => {
                if piece == Piece::UnderDay {
                    self.rest = self.rest.strip_prefix(b" ").unwrap_or(self.rest);
                }
                self.day = Some(self.number(piece == Piece::ZeroDay)?);
            }
            Piece::UnderYearDay | Piece::ZeroYearDay => self.day_of_year(piece == Piece::ZeroYearDay)?,
            Piece::Pm { small } => {
                let (before, after): (&[u8], &[u8]) = if small { (b"am", b"pm") } else { (b"AM", b"PM") };
                let taken = self.take(2)?;
                self.afternoon = Some(taken == after).filter(|_| taken == before || taken == after);
                self.afternoon?;
            }
            Piece::Hour
            | Piece::Hour12
            | Piece::ZeroHour12
            | Piece::Minute
            | Piece::ZeroMinute
            | Piece::Second
            | Piece::ZeroSecond
            | Piece::ZoneName
            | Piece::Offset { .. }
            | Piece::Fraction { .. } => self.clock(piece, after)?,
        }
        Some(())
    }

    fn clock(&mut self, piece: Piece, after: &[u8]) -> Option<()> {
        let within = |number: i64, end: i64| Some(number).filter(|number| *number < end);
        match piece {
            Piece::Hour => self.hour = within(self.number(false)?, 24)?,
            Piece::Hour12 => self.hour = within(self.number(false)?, 13)?,
            Piece::ZeroHour12 => self.hour = within(self.number(true)?, 13)?,
            Piece::Minute | Piece::ZeroMinute => {
                self.minute = within(self.number(piece == Piece::ZeroMinute)?, 60)?
            }
            Piece::Second | Piece::ZeroSecond => {
                self.second = within(self.number(piece == Piece::ZeroSecond)?, 60)?;
                // A fraction may follow, whether or not the layout has one.
                let own = matches!(next(after).1, Some(Piece::Fraction { .. }));
                if begins_fraction(self.rest) && !own {
                    self.fraction()?;
                }
            }
            Piece::Fraction { digits, keep: true } => {
                let taken = self.take(digits + 1)?;
                let fits = matches!(taken.first(), Some(b'.' | b','))
                    && taken.iter().skip(1).all(u8::is_ascii_digit);
                self.nanos = nanos(taken.get(1..).filter(|_| fits)?);
            }
            Piece::Fraction { .. } if begins_fraction(self.rest) => self.fraction()?,
            Piece::Offset { utc_is_z, colon, parts } => self.offset(utc_is_z, colon, parts)?,
            Piece::ZoneName => self.zone_name()?,
            // A fraction that is not there, and what is no part of the clock.
            Piece::LongMonth
            | Piece::Month
            | Piece::NumMonth
            | Piece::ZeroMonth
            | Piece::LongWeekday
            | Piece::Weekday
            | Piece::Day
            | Piece::UnderDay
            | Piece::ZeroDay
            | Piece::UnderYearDay
            | Piece::ZeroYearDay
            | Piece::LongYear
            | Piece::Year
            | Piece::Pm { .. }
            | Piece::Fraction { .. } => {}
        }
        Some(())
    }

    /// All digits behind the point.
    fn fraction(&mut self) -> Option<()> {
        let digits = self.rest.iter().skip(1).take_while(|byte| byte.is_ascii_digit()).count();
        self.nanos = nanos(self.take(digits + 1)?.get(1..)?);
        Some(())
    }

    fn day_of_year(&mut self, fixed: bool) -> Option<()> {
        let mut spaces = 0;
        while !fixed && spaces < 2 && self.rest.starts_with(b" ") {
            self.take(1)?;
            spaces += 1;
        }
        let found = self.rest.iter().take(3 - spaces).take_while(|byte| byte.is_ascii_digit()).count();
        if found == 0 || fixed && found != 3 {
            return None;
        }
        self.year_day = Some(self.digits(found)?);
        Some(())
    }

    fn offset(&mut self, utc_is_z: bool, colon: bool, parts: u8) -> Option<()> {
        if utc_is_z && self.rest.starts_with(b"Z") {
            self.take(1)?;
            self.utc = true;
            return Some(());
        }
        let sign = match self.take(1)? {
            b"+" => 1,
            b"-" => -1,
            _ => return None,
        };
        let mut numbers = [0; 3];
        for (index, number) in numbers.iter_mut().take(usize::from(parts)).enumerate() {
            if colon && index > 0 && self.take(1)? != b":" {
                return None;
            }
            *number = self.digits(2)?;
        }
        let [hours, minutes, seconds] = numbers;
        if hours > 24 || minutes > 60 || seconds > 60 {
            return None;
        }
        self.offset = Some(sign * (hours * 3600 + minutes * 60 + seconds));
        Some(())
    }

    fn zone_name(&mut self) -> Option<()> {
        if self.rest.starts_with(b"UTC") {
            self.take(3)?;
            self.utc = true;
            return Some(());
        }
        self.zone = self.take(zone::length(self.rest)?)?;
        Some(())
    }
}

/// Digits behind the point; more than nine do not count.
fn nanos(digits: &[u8]) -> u32 {
    let digits = digits.iter().copied().chain(std::iter::repeat(b'0')).take(9);
    digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
}

/// The text without the spaces at its front.
fn without_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|byte| **byte == b' ').count();
    text.get(spaces..).unwrap_or_default()
}
