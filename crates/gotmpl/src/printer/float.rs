//! Floats, as Go's `strconv` writes them.

use super::{Printer, sign};
use crate::Value;

/// An f64 has no more digits than these behind the point, nor as many altogether.
const ALL_DIGITS: usize = 1100;

impl Printer<'_> {
    /// Writes a float.
    pub(super) fn float(&mut self, float: f64, value: &Value, verb: char) {
        let precision = self.flags.precision;
        match verb {
            'v' => self.number(float, 'g', precision),
            'b' | 'e' | 'E' | 'f' | 'g' | 'G' | 'x' | 'X' => self.number(float, verb, precision),
            'F' => self.number(float, 'f', precision),
            _ => self.bad_verb(Some(value), verb),
        }
    }

    fn number(&mut self, float: f64, verb: char, precision: Option<usize>) {
        let flags = self.flags;
        if !float.is_finite() {
            return self.infinite(float);
        }
        let mut body = format_float(float.abs(), verb, precision);
        if flags.sharp && verb != 'b' {
            body = sharpen(&body, verb, precision);
        }
        let sign = sign(float.is_sign_negative(), flags);
        let length = sign.len() + body.len();
        let width = flags.width.unwrap_or(0);
        if flags.zero && !flags.minus && !sign.is_empty() && width > length {
            self.out.text(sign);
            self.padding(width - length);
            self.out.text(&body);
        } else {
            self.pad(format!("{sign}{body}").as_bytes());
        }
    }

    /// What does not look like a number is not padded with noughts.
    fn infinite(&mut self, float: f64) {
        let flags = self.flags;
        let shown = match () {
            () if float.is_nan() => format!("{}NaN", sign(false, flags)),
            () if float < 0.0 => "-Inf".to_owned(),
            () if flags.space && !flags.plus => " Inf".to_owned(),
            () => "+Inf".to_owned(),
        };
        self.pad_blank(shown.as_bytes());
    }
}

/// A finite float that is not negative, in the form of the verb. Without a precision `%g` and `%x` are as short as
/// they can be.
fn format_float(float: f64, verb: char, precision: Option<usize>) -> String {
    match verb {
        'f' => fixed(float, precision.unwrap_or(6)),
        'e' | 'E' => {
            let precision = precision.unwrap_or(6);
            exponential(&rounded(float, precision), precision, verb)
        }
        'x' | 'X' => hexadecimal(float, verb, precision),
        'b' => binary(float),
        _ => general(float, verb, precision),
    }
}

/// Decimal digits without noughts at the end; the point stands before the digit number `point`.
struct Decimal {
    digits: String,
    point: i32,
}

impl Decimal {
    /// From `1.25e-7`, as Rust writes it.
    fn parse(text: &str) -> Self {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let digits = mantissa.replace('.', "").trim_end_matches('0').to_owned();
        let exponent: i32 = exponent.parse().unwrap_or_default();
        let point = if digits.is_empty() { 0 } else { exponent + 1 };
        Self { digits, point }
    }

    fn digit(&self, index: i32) -> char {
        let digit = usize::try_from(index).ok().and_then(|index| self.digits.as_bytes().get(index));
        digit.map_or('0', |digit| char::from(*digit))
    }
}

fn shortest(float: f64) -> Decimal {
    Decimal::parse(&format!("{float:e}"))
}

/// One digit before the point and so many behind it.
fn rounded(float: f64, behind: usize) -> Decimal {
    Decimal::parse(&format!("{float:.*e}", behind.min(ALL_DIGITS)))
}

/// `%f`
fn fixed(float: f64, precision: usize) -> String {
    let noughts = precision.saturating_sub(ALL_DIGITS);
    format!("{float:.*}{}", precision.min(ALL_DIGITS), "0".repeat(noughts))
}

/// `%e`
fn exponential(decimal: &Decimal, precision: usize, verb: char) -> String {
    let mut out = String::from(decimal.digit(0));
    if precision > 0 {
        out.push('.');
        let digits = decimal.digits.get(1..).unwrap_or_default();
        out.extend(digits.chars().chain(std::iter::repeat('0')).take(precision));
    }
    let exponent = if decimal.digits.is_empty() { 0 } else { decimal.point - 1 };
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{out}{verb}{sign}{:02}", exponent.unsigned_abs())
}

/// `%g`: with an exponent if that is small or large, else without.
fn general(float: f64, verb: char, precision: Option<usize>) -> String {
    let precision = precision.map(|precision| precision.max(1));
    let decimal = precision.map_or_else(|| shortest(float), |count| rounded(float, count - 1));
    general_of(&decimal, verb, precision)
}

fn general_of(decimal: &Decimal, verb: char, precision: Option<usize>) -> String {
    let count = decimal.digits.len();
    let digits = i32::try_from(count).unwrap_or(i32::MAX);
    let limit = match precision {
        None => 6,
        Some(precision) if precision > count && digits >= decimal.point => digits,
        Some(precision) => i32::try_from(precision).unwrap_or(i32::MAX),
    };
    let exponent = decimal.point - 1;
    if exponent < -4 || exponent >= limit {
        let letter = if verb == 'G' { 'E' } else { 'e' };
        return exponential(decimal, count.saturating_sub(1), letter);
    }
    without_exponent(decimal, (digits - decimal.point).max(0))
}

/// The finite float that Rust's `{:e}` wrote, as Go's `%g` does.
#[cfg(feature = "yaml")]
pub(crate) fn shortest_general(scientific: &str) -> String {
    let (sign, digits) = scientific.strip_prefix('-').map_or(("", scientific), |digits| ("-", digits));
    format!("{sign}{}", general_of(&Decimal::parse(digits), 'g', None))
}

fn without_exponent(decimal: &Decimal, behind: i32) -> String {
    let mut out: String = (0..decimal.point).map(|index| decimal.digit(index)).collect();
    if out.is_empty() {
        out.push('0');
    }
    if behind > 0 {
        out.push('.');
        out.extend((0..behind).map(|index| decimal.digit(decimal.point + index)));
    }
    out
}

/// The mantissa as a whole number, and the power of two that goes with it.
fn parts(float: f64) -> (u64, i64) {
    let bits = float.to_bits();
    let (mantissa, exponent) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i64);
    if exponent == 0 { (mantissa, -1074) } else { (mantissa | 1 << 52, exponent - 1075) }
}

/// `%b`
fn binary(float: f64) -> String {
    let (mantissa, power) = parts(float);
    format!("{mantissa}p{power:+}")
}

/// `%x`
fn hexadecimal(float: f64, verb: char, precision: Option<usize>) -> String {
    let (mantissa, power) = parts(float);
    let shift = mantissa.leading_zeros().saturating_sub(11);
    let power = if mantissa == 0 { 0 } else { power - i64::from(shift) + 52 };
    let (mantissa, power) = round_hexadecimal(mantissa << shift, power, precision);
    let all = format!("{:013x}", mantissa & ((1 << 52) - 1));
    let digits = match precision {
        None => all.trim_end_matches('0').to_owned(),
        Some(precision) => all.chars().chain(std::iter::repeat('0')).take(precision).collect(),
    };
    let point = if digits.is_empty() { "" } else { "." };
    let sign = if power < 0 { '-' } else { '+' };
    let out = format!("0x{}{point}{digits}p{sign}{:02}", mantissa >> 52, power.unsigned_abs());
    if verb == 'X' { out.to_uppercase() } else { out }
}

/// A mantissa of 53 bits, rounded to so many hexadecimal digits behind the point.
fn round_hexadecimal(mantissa: u64, power: i64, precision: Option<usize>) -> (u64, i64) {
    let Some(precision) = precision.filter(|precision| *precision < 13) else {
        return (mantissa, power);
    };
    let dropped = 52 - 4 * precision;
    let (kept, rest, half) = (mantissa >> dropped, mantissa & ((1 << dropped) - 1), 1 << (dropped - 1));
    let up = rest > half || rest == half && kept & 1 == 1;
    let rounded = (kept + u64::from(up)) << dropped;
    if rounded >> 53 == 1 { (rounded >> 1, power + 1) } else { (rounded, power) }
}

/// `#`: always a point, and the noughts at the end are kept.
fn sharpen(body: &str, verb: char, precision: Option<usize>) -> String {
    let mut missing = match verb {
        'g' | 'G' | 'x' => precision.unwrap_or(6),
        _ => 0,
    };
    let hex = matches!(verb, 'x' | 'X');
    let exponent = if hex { body.find(['p', 'P']) } else { body.find(['e', 'E']) };
    let (mantissa, tail) = body.split_at(exponent.unwrap_or(body.len()));
    let digits = mantissa.chars().filter(|c| *c != '.');
    missing = missing.saturating_sub(digits.skip_while(|c| *c == '0').count());
    let mut mantissa = mantissa.to_owned();
    if !mantissa.contains('.') {
        missing = missing.saturating_sub(usize::from(mantissa == "0"));
        mantissa.push('.');
    }
    format!("{mantissa}{}{tail}", "0".repeat(missing))
}
