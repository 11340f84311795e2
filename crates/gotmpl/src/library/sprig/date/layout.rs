//! Go's layouts: what stands for what in the example date of 2 January 2006, 15:04:05.

/// A piece of a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    Pm {
        small: bool,
    },
    /// The zone's name.
    ZoneName,
    /// The zone's distance from UTC.
    Offset {
        utc_is_z: bool,
        colon: bool,
        parts: u8,
    },
    /// A point or comma and so many digits of the second; noughts at the end are kept or not.
    Fraction {
        digits: usize,
        keep: bool,
    },
}

/// What stands for itself: in this order, the first that fits is it.
const FIXED: &[(&str, Piece)] = &[
    ("January", Piece::LongMonth),
    ("Monday", Piece::LongWeekday),
    ("MST", Piece::ZoneName),
    ("002", Piece::ZeroYearDay),
    ("01", Piece::ZeroMonth),
    ("02", Piece::ZeroDay),
    ("03", Piece::ZeroHour12),
    ("04", Piece::ZeroMinute),
    ("05", Piece::ZeroSecond),
    ("06", Piece::Year),
    ("15", Piece::Hour),
    ("1", Piece::NumMonth),
    ("2006", Piece::LongYear),
    ("2", Piece::Day),
    ("__2", Piece::UnderYearDay),
    ("3", Piece::Hour12),
    ("4", Piece::Minute),
    ("5", Piece::Second),
    ("PM", Piece::Pm { small: false }),
    ("pm", Piece::Pm { small: true }),
    ("-070000", Piece::Offset { utc_is_z: false, colon: false, parts: 3 }),
    ("-07:00:00", Piece::Offset { utc_is_z: false, colon: true, parts: 3 }),
    ("-0700", Piece::Offset { utc_is_z: false, colon: false, parts: 2 }),
    ("-07:00", Piece::Offset { utc_is_z: false, colon: true, parts: 2 }),
    ("-07", Piece::Offset { utc_is_z: false, colon: false, parts: 1 }),
    ("Z070000", Piece::Offset { utc_is_z: true, colon: false, parts: 3 }),
    ("Z07:00:00", Piece::Offset { utc_is_z: true, colon: true, parts: 3 }),
    ("Z0700", Piece::Offset { utc_is_z: true, colon: false, parts: 2 }),
    ("Z07:00", Piece::Offset { utc_is_z: true, colon: true, parts: 2 }),
    ("Z07", Piece::Offset { utc_is_z: true, colon: false, parts: 1 }),
];

/// What stands before the next piece, the piece, and what follows it. Without a piece all of it stands for itself.
pub(super) fn next(layout: &[u8]) -> (&[u8], Option<Piece>, &[u8]) {
    for start in 0..layout.len() {
        let rest = layout.get(start..).unwrap_or_default();
        if let Some((piece, length)) = piece_at(rest) {
            let (before, after) = (layout.get(..start), rest.get(length..));
            return (before.unwrap_or_default(), Some(piece), after.unwrap_or_default());
        }
    }
    (layout, None, b"")
}

fn piece_at(rest: &[u8]) -> Option<(Piece, usize)> {
    let small_follows = |at: usize| rest.get(at).is_some_and(u8::is_ascii_lowercase);
    if let Some((text, piece)) = FIXED.iter().find(|(text, _)| rest.starts_with(text.as_bytes())) {
        return Some((*piece, text.len()));
    }
    match rest.first()? {
        b'J' if rest.starts_with(b"Jan") && !small_follows(3) => Some((Piece::Month, 3)),
        b'M' if rest.starts_with(b"Mon") && !small_follows(3) => Some((Piece::Weekday, 3)),
        // An underscore before a year is one; before a two alone it is the space of a short day.
        b'_' if rest.starts_with(b"_2") && !rest.starts_with(b"_2006") => Some((Piece::UnderDay, 2)),
        b'.' | b',' => {
            let digit = rest.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
            let digits = rest.iter().skip(1).take_while(|byte| *byte == digit).count();
            let ends = !rest.get(digits + 1).is_some_and(u8::is_ascii_digit);
            ends.then_some((Piece::Fraction { digits, keep: *digit == b'0' }, digits + 1))
        }
        _ => None,
    }
}
