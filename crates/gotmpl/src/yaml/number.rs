//! Numbers and times, as Go's `strconv` and `time` read them.

/// A whole number of 64 bits with Go's prefixes: whether it is negative, and how large.
pub(super) fn integer(text: &str) -> Option<(bool, u64)> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let (digits, radix) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (unsigned.get(2..)?, 16),
        [b'0', b'o' | b'O', ..] => (unsigned.get(2..)?, 8),
        [b'0', b'b' | b'B', ..] => (unsigned.get(2..)?, 2),
        [b'0', _, ..] => (unsigned.get(1..)?, 8),
        _ => (unsigned, 10),
    };
    if digits.starts_with('+') {
        return None;
    }
    let size = u64::from_str_radix(digits, radix).ok()?;
    let fits = if negative { size <= 1 << 63 } else { size <= i64::MAX as u64 || !text.starts_with('+') };
    fits.then_some((negative && size > 0, size))
}

/// A decimal number with a point or an exponent. One that is too large is none.
pub(super) fn float(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_fits = exponent.is_none_or(|text| {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        !unsigned.is_empty() && digits(unsigned)
    });
    if !digits(whole) || !digits(fraction) || whole.is_empty() && fraction.is_empty() || !exponent_fits {
        return None;
    }
    text.parse::<f64>().ok().filter(|float| float.is_finite())
}

/// Whether the text is a date, or a date with a time.
pub(super) fn is_timestamp(text: &str) -> bool {
    let mut rest = text;
    let parts = (|| {
        let year = digits(&mut rest, 4, 4)?;
        let month = digits(expect(&mut rest, b"-")?, 1, 2)?;
        let day = digits(expect(&mut rest, b"-")?, 1, 2)?;
        Some((year, month, day))
    })();
    let Some((year, month, day)) = parts else { return false };
    if !(1..=12).contains(&month) || day == 0 || day > days(year, month) {
        return false;
    }
    rest.is_empty() || is_time(rest).is_some()
}

/// A time behind a `T` with a zone, or behind a blank without.
fn is_time(mut rest: &str) -> Option<()> {
    let zoned = !rest.starts_with(' ');
    let hour = digits(expect(&mut rest, b"Tt ")?, 1, 2)?;
    let minute = digits(expect(&mut rest, b":")?, 1, 2)?;
    let second = digits(expect(&mut rest, b":")?, 1, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if rest.starts_with(['.', ',']) {
        let fraction = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        rest = if fraction > 0 { &rest[fraction + 1..] } else { rest };
    }
    if !zoned || rest == "Z" {
        return (zoned == (rest == "Z")).then_some(()).filter(|()| zoned || rest.is_empty());
    }
    let hours = digits(expect(&mut rest, b"+-")?, 2, 2)?;
    let minutes = digits(expect(&mut rest, b":")?, 2, 2)?;
    (hours <= 24 && minutes < 60 && rest.is_empty()).then_some(())
}

/// Takes one of these bytes.
fn expect<'a, 'b>(rest: &'b mut &'a str, bytes: &[u8]) -> Option<&'b mut &'a str> {
    let first = rest.as_bytes().first()?;
    bytes.contains(first).then(|| *rest = &rest[1..])?;
    Some(rest)
}

/// Takes so many digits.
fn digits(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let number = rest.get(..count)?.parse().ok()?;
    *rest = &rest[count..];
    (count >= least).then_some(number)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_times() {
        for text in [
            "2001-01-02",
            "2001-1-2",
            "2001-1-2T3:4:5Z",
            "2001-01-02t03:04:05.678+01:30",
            "2001-1-2 3:4:5.5",
            "2000-02-29",
        ] {
            assert!(is_timestamp(text), "{text}");
        }
        for text in [
            "2001",
            "2001-",
            "201-01-02",
            "2001-13-01",
            "2001-02-29",
            "2001-1-2T3:4:5",
            "2001-1-2 3:4:5Z",
            "2001-01-02x",
            "2001-1-2 24:0:0",
            "2001-1-2T1:1:1+1:00",
        ] {
            assert!(!is_timestamp(text), "{text}");
        }
    }

    #[test]
    fn knows_whole_numbers() {
        assert_eq!(integer("-0x10"), Some((true, 16)));
        assert_eq!(integer("010"), Some((false, 8)));
        assert_eq!(integer("18446744073709551615"), Some((false, u64::MAX)));
        for text in
            ["08", "0x", "+18446744073709551615", "-9223372036854775809", "1e3", "", "+", "++1", "0x+1"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}
