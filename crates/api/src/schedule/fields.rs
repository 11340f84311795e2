//! The five fields of a schedule.

use jiff::civil::Date;

use super::ScheduleError;

/// What numbers and names a field may have.
pub(super) struct Bounds {
    least: i64,
    most: i64,
    /// The names of the numbers from `least` on.
    names: &'static [&'static str],
}

pub(super) const MINUTES: Bounds = Bounds { least: 0, most: 59, names: &[] };
pub(super) const HOURS: Bounds = Bounds { least: 0, most: 23, names: &[] };
const DAYS_OF_MONTH: Bounds = Bounds { least: 1, most: 31, names: &[] };
const MONTHS: Bounds = Bounds {
    least: 1,
    most: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const DAYS_OF_WEEK: Bounds =
    Bounds { least: 0, most: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

/// The numbers that a field names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// A bit for each.
    numbers: u64,
    /// Whether it is any number: a star.
    any: bool,
}

impl Field {
    pub(super) fn parse(text: &str, bounds: &Bounds) -> Result<Self, ScheduleError> {
        let mut field = Self { numbers: 0, any: false };
        for expression in text.split(',').filter(|expression| !expression.is_empty()) {
            let Self { numbers, any } = range(expression, bounds)?;
            field = Self { numbers: field.numbers | numbers, any: field.any || any };
        }
        Ok(field)
    }

    pub(super) fn has(&self, number: i64) -> bool {
        (0..64).contains(&number) && self.numbers >> number & 1 == 1
    }
}

/// `*`, `?`, `a`, `a-b`, each perhaps with `/step`.
fn range(text: &str, bounds: &Bounds) -> Result<Field, ScheduleError> {
    let too_many = |signs| ScheduleError::TooMany { signs, text: text.to_owned() };
    let (numbers, step) = match text.split('/').collect::<Vec<_>>()[..] {
        [numbers] => (numbers, None),
        [numbers, step] => (numbers, Some(step)),
        _ => return Err(too_many("slashes")),
    };
    let (first, last, any) = match numbers.split('-').collect::<Vec<_>>()[..] {
        ["*" | "?"] => (bounds.least, bounds.most, true),
        [first] => {
            let first = number(first, bounds)?;
            (first, if step.is_some() { bounds.most } else { first }, false) // "5/20" goes on to the end
        }
        [first, last] => (number(first, bounds)?, number(last, bounds)?, false),
        _ => return Err(too_many("hyphens")),
    };
    let step = step.map(plain).transpose()?.unwrap_or(1);
    let problem = match () {
        () if first < bounds.least => {
            format!("beginning of range ({first}) below minimum ({})", bounds.least)
        }
        () if last > bounds.most => format!("end of range ({last}) above maximum ({})", bounds.most),
        () if first > last => format!("beginning of range ({first}) beyond end of range ({last})"),
        () if step == 0 => "step of range should be a positive number".to_owned(),
        () => {
            let stepped = (first..=last).step_by(usize::try_from(step).unwrap_or(usize::MAX));
            let numbers = stepped.fold(0, |numbers, number| numbers | 1 << number);
            return Ok(Field { numbers, any: any && step == 1 });
        }
    };
    Err(ScheduleError::Range { problem, text: text.to_owned() })
}

/// A number, or the name of one.
fn number(text: &str, bounds: &Bounds) -> Result<i64, ScheduleError> {
    let place = bounds.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    match place.and_then(|place| i64::try_from(place).ok()) {
        Some(place) => Ok(bounds.least + place),
        None => plain(text),
    }
}

fn plain(text: &str) -> Result<i64, ScheduleError> {
    let number: i64 = text.parse().map_err(|_| ScheduleError::NoNumber(text.to_owned()))?;
    match number {
        0.. => Ok(number),
        _ => Err(ScheduleError::Range {
            problem: format!("negative number ({number}) not allowed"),
            text: text.to_owned(),
        }),
    }
}

/// Which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Days {
    of_month: Field,
    months: Field,
    of_week: Field,
}

impl Days {
    pub(super) fn parse(of_month: &str, months: &str, of_week: &str) -> Result<Self, ScheduleError> {
        Ok(Self {
            of_month: Field::parse(of_month, &DAYS_OF_MONTH)?,
            months: Field::parse(months, &MONTHS)?,
            of_week: Field::parse(of_week, &DAYS_OF_WEEK)?,
        })
    }

    /// Where both the day of the month and the day of the week are named, either will do.
    pub(super) fn have(&self, day: Date) -> bool {
        let of_month = self.of_month.has(day.day().into());
        let of_week = self.of_week.has(day.weekday().to_sunday_zero_offset().into());
        let is_day =
            if self.of_month.any || self.of_week.any { of_month && of_week } else { of_month || of_week };
        self.months.has(day.month().into()) && is_day
    }
}
