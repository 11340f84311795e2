//! Go's durations: nanoseconds, shown as `1h2m3.5s`.

pub(super) const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;

/// The duration that a text such as `-1.5h20m` is.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total = 0_u64;
    loop {
        let part;
        (part, rest) = next(rest)?;
        total = total.checked_add(part).filter(|total| *total <= 1 << 63)?;
        if rest.is_empty() {
            break;
        }
    }
    let total = i128::from(total);
    i64::try_from(if negative { -total } else { total }).ok()
}

/// A number with its unit, and what follows.
fn next(text: &str) -> Option<(u64, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at_checked(digits(text))?;
    let (behind, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at_checked(digits(rest))?,
        None => ("", rest),
    };
    if whole.is_empty() && behind.is_empty() {
        return None;
    }
    let length = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(length)?;
    let unit: u64 = match unit {
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    };
    let whole: u64 =
        if whole.is_empty() { 0 } else { whole.parse().ok().filter(|number| *number <= 1 << 63)? };
    Some((whole.checked_mul(unit)?.checked_add(fraction(behind, unit))?, rest))
}

/// The part of the unit that the digits behind the point are, rounded down as Go does. Digits that go beyond what an int64 holds
/// do not count.
fn fraction(digits: &str, unit: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0_f64);
    for digit in digits.bytes() {
        let Some(next) = value.checked_mul(10).and_then(|value| value.checked_add(u64::from(digit - b'0')))
        else {
            break;
        };
        if next > 1 << 63 {
            break;
        }
        value = next;
        scale *= 10.0;
    }
    (value as f64 * (unit as f64 / scale)) as u64
}

/// The duration as text.
pub(super) fn shown(span: i64) -> String {
    let size = span.unsigned_abs();
    let sign = if span < 0 { "-" } else { "" };
    let second = SECOND.unsigned_abs();
    match size {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{size}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(size, 1_000)),
        1_000_000..1_000_000_000 => format!("{sign}{}ms", decimal(size, 1_000_000)),
        _ => {
            let (minutes, rest) = (size / second / 60, size % (60 * second));
            let seconds = decimal(rest, second);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

/// So many units, without noughts at the end.
fn decimal(size: u64, unit: u64) -> String {
    let (whole, rest) = (size / unit, size % unit);
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    format!("{whole}.{rest:0width$}").trim_end_matches('0').to_owned()
}

/// Rounded to seconds, half away from nought; what would be too large stays as it is.
pub(super) fn to_seconds(span: i64) -> i64 {
    let rest = span % SECOND;
    let down = span - rest;
    if rest.abs() * 2 < SECOND { down } else { down.checked_add(SECOND * rest.signum()).unwrap_or(span) }
}

/// How long it is in the largest unit that fits.
pub(super) fn rounded(span: i64) -> String {
    let units = [
        (365 * 24 * HOUR, "y"),
        (30 * 24 * HOUR, "mo"),
        (24 * HOUR, "d"),
        (HOUR, "h"),
        (MINUTE, "m"),
        (SECOND, "s"),
    ];
    let size = span.unsigned_abs();
    let unit = units.iter().find(|(unit, _)| size > unit.unsigned_abs());
    unit.map_or_else(|| "0s".to_owned(), |(unit, name)| format!("{}{name}", size / unit.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_ends_of_what_there_is() {
        assert_eq!(to_seconds(i64::MAX), i64::MAX);
        assert_eq!(shown(to_seconds(i64::MAX)), "2562047h47m16.854775807s");
        assert_eq!(shown(i64::MIN), "-2562047h47m16.854775808s");
        assert_eq!(parse(b"-2562047h47m16.854775808s"), Some(i64::MIN));
        assert_eq!(parse(b"2562047h47m16.854775808s"), None);
    }
}
