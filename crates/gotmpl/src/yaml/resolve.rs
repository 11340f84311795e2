//! What a plain scalar is: YAML 1.1, as Go reads it.

use super::number;

/// A scalar that is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Resolved {
    Null,
    Bool(bool),
    /// Negative or not, and how large.
    Int(bool, u64),
    Float(f64),
    Timestamp,
    Text,
}

impl Resolved {
    /// The tag, as Go's errors name it.
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Null => "!!null",
            Self::Bool(_) => "!!bool",
            Self::Int(..) => "!!int",
            Self::Float(_) => "!!float",
            Self::Timestamp => "!!timestamp",
            Self::Text => "!!str",
        }
    }
}

/// What the text is when it stands without quotes and tag.
pub(super) fn resolve(text: &str) -> Resolved {
    match text.as_bytes().first() {
        None | Some(b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~') => word(text),
        Some(b'.') => special(text).or_else(|| fraction(text)).map_or(Resolved::Text, Resolved::Float),
        Some(b'0'..=b'9' | b'+' | b'-') => numeric(text),
        Some(_) => Resolved::Text,
    }
}

fn word(text: &str) -> Resolved {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Resolved::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Resolved::Bool(false)
        }
        "" | "~" | "null" | "Null" | "NULL" => Resolved::Null,
        _ => Resolved::Text,
    }
}

fn special(text: &str) -> Option<f64> {
    match text {
        ".nan" | ".NaN" | ".NAN" => Some(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

/// A number that begins with a point. Here, other than elsewhere, lines below stand between digits only.
fn fraction(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let between = |at: usize| at.checked_sub(1).is_some_and(digit) && digit(at + 1);
    let separated = bytes.iter().enumerate().all(|(at, byte)| *byte != b'_' || between(at));
    separated.then(|| number::float(&text.replace('_', ""))).flatten()
}

fn numeric(text: &str) -> Resolved {
    if let Some(float) = special(text) {
        return Resolved::Float(float);
    }
    if number::is_timestamp(text) {
        return Resolved::Timestamp;
    }
    let plain = text.replace('_', "");
    if let Some((negative, size)) = number::integer(&plain) {
        return Resolved::Int(negative, size);
    }
    number::float(&plain).map_or(Resolved::Text, Resolved::Float)
}

/// Whether the text is a number to the base of sixty, which Go does not read but quotes for others who do.
pub(super) fn is_sexagesimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digit = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    let mut places = whole.split(':');
    let first = places.next().unwrap_or_default();
    let mut count = 0;
    let place = |place: &str| match place.as_bytes() {
        [ones] => ones.is_ascii_digit(),
        [tens, ones] => matches!(tens, b'0'..=b'5') && ones.is_ascii_digit(),
        _ => false,
    };
    first.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && first.bytes().all(digit)
        && fraction.bytes().all(digit)
        && places.inspect(|_| count += 1).all(place)
        && count > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_numbers_to_the_base_of_sixty() {
        for text in ["1:2", "-1_0:59", "+0:0:0.5_", "190:20:30.15"] {
            assert!(is_sexagesimal(text), "{text}");
        }
        for text in ["1", "1:60", ":1", "1:", "1:2x", "_1:2", "1:222", "1.5:2", ""] {
            assert!(!is_sexagesimal(text), "{text}");
        }
    }
}
