//! Go's syntax of patterns (RE2), written anew for the regex crate.
//!
//! The two engines match alike; they differ in syntax. Go's ASCII classes, `\Q…\E`, octal escapes and literal braces become
//! what the crate reads the same way, and what is an operator to the crate alone (`[a&&b]`, `\<`) becomes the literal that
//! Go sees.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::class::write_class;

const INVALID_ESCAPE: &str = "invalid escape sequence";

/// The pattern in the regex crate's syntax.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = Scan(pattern);
    let (mut repeated, mut names) = (false, BTreeSet::new());
    while let Some(char) = rest.next() {
        // Go has no repetition of a repetition.
        let repeats = matches!(char, '*' | '+' | '?') || char == '{' && counts(rest.0)?;
        if repeats && std::mem::replace(&mut repeated, true) {
            return Err("invalid nested repetition operator".to_owned());
        }
        repeated = repeats;
        match char {
            '\\' => write_escape(&mut out, &mut rest)?,
            '[' => write_class(&mut out, &mut rest)?,
            '(' => write_group(&mut out, &mut rest, &mut names)?,
            '{' => write_brace(&mut out, &mut rest),
            plain => out.push(plain),
        }
        if repeats && char != '{' && rest.skip("?") {
            out.push('?');
        }
    }
    Ok(out)
}

/// A text that is read from the front.
pub(super) struct Scan<'a>(pub(super) &'a str);

impl<'a> Scan<'a> {
    pub(super) fn peek(&self) -> Option<char> {
        self.0.chars().next()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let char = self.peek()?;
        self.0 = &self.0[char.len_utf8()..];
        Some(char)
    }

    /// Whether the text went on like this, which is then behind.
    pub(super) fn skip(&mut self, text: &str) -> bool {
        match self.0.strip_prefix(text) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    /// What stands before this text, which is then behind as well.
    pub(super) fn until(&mut self, text: &str) -> Option<&'a str> {
        let (before, after) = self.0.split_once(text)?;
        self.0 = after;
        Some(before)
    }
}

pub(super) fn write_literal(out: &mut String, char: char) {
    let _ = write!(out, "\\x{{{:x}}}", u32::from(char)); // writing to a String cannot fail
}

/// What stands behind a backslash outside of a class.
fn write_escape(out: &mut String, rest: &mut Scan<'_>) -> Result<(), String> {
    match rest.peek() {
        Some('Q') => write_quoted(out, rest),
        Some(edge @ ('b' | 'B')) => {
            rest.next();
            let _ = write!(out, "(?-u:\\{edge})"); // writing to a String cannot fail
        }
        Some(edge @ ('A' | 'z')) => {
            rest.next();
            out.extend(['\\', edge]);
        }
        _ => match escape(rest)? {
            Escape::Literal(char) => write_literal(out, char),
            Escape::Class { inside, negated } => {
                let _ = write!(out, "[{}{inside}]", if negated { "^" } else { "" }); // as above
            }
            Escape::Property(property) => out.push_str(&property),
        },
    }
    Ok(())
}

/// `\Q…\E`, or to the end of the pattern.
fn write_quoted(out: &mut String, rest: &mut Scan<'_>) {
    rest.next();
    let all = rest.0;
    let quoted = rest.until("\\E").unwrap_or_else(|| {
        rest.0 = "";
        all
    });
    quoted.chars().for_each(|char| write_literal(out, char));
}

/// What an escape stands for, in a class or outside of one.
pub(super) enum Escape {
    /// One character.
    Literal(char),
    /// Go's `\d`, `\s`, `\w`, which are ASCII.
    Class { inside: &'static str, negated: bool },
    /// `\p{…}`, in the crate's syntax.
    Property(String),
}

pub(super) fn escape(rest: &mut Scan<'_>) -> Result<Escape, String> {
    let class = |inside, negated| Ok(Escape::Class { inside, negated });
    match rest.next().ok_or("trailing backslash at end of expression")? {
        'd' => class("0-9", false),
        'D' => class("0-9", true),
        's' => class("\\t\\n\\f\\r\\x20", false),
        'S' => class("\\t\\n\\f\\r\\x20", true),
        'w' => class("0-9A-Za-z_", false),
        'W' => class("0-9A-Za-z_", true),
        'a' => Ok(Escape::Literal('\u{7}')),
        'f' => Ok(Escape::Literal('\u{c}')),
        'n' => Ok(Escape::Literal('\n')),
        'r' => Ok(Escape::Literal('\r')),
        't' => Ok(Escape::Literal('\t')),
        'v' => Ok(Escape::Literal('\u{b}')),
        'x' => hexadecimal(rest).map(Escape::Literal),
        'p' => property(rest, false),
        'P' => property(rest, true),
        digit @ '0'..='7' => octal(digit, rest).map(Escape::Literal),
        mark if mark.is_ascii() && !mark.is_ascii_alphanumeric() => Ok(Escape::Literal(mark)),
        _ => Err(INVALID_ESCAPE.to_owned()),
    }
}

fn hexadecimal(rest: &mut Scan<'_>) -> Result<char, String> {
    let digits = if rest.skip("{") {
        rest.until("}")
    } else {
        let two = rest.0.get(..2);
        rest.0 = rest.0.get(2..).unwrap_or_default();
        two
    };
    let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    number.and_then(char::from_u32).ok_or_else(|| INVALID_ESCAPE.to_owned())
}

/// `\0` and up to two more digits, or two or three digits; one digit alone would refer back, which Go cannot.
fn octal(first: char, rest: &mut Scan<'_>) -> Result<char, String> {
    let is_digit = |char: &char| matches!(char, '0'..='7');
    if first != '0' && !rest.peek().as_ref().is_some_and(is_digit) {
        return Err(INVALID_ESCAPE.to_owned());
    }
    let mut number = first.to_digit(8).unwrap_or_default();
    for _ in 0..2 {
        let Some(digit) = rest.peek().and_then(|char| char.to_digit(8)) else { break };
        rest.next();
        number = number * 8 + digit;
    }
    char::from_u32(number).ok_or_else(|| INVALID_ESCAPE.to_owned())
}

/// `\pN` or `\p{Name}`; Go negates by a caret inside the braces as well.
fn property(rest: &mut Scan<'_>, mut negated: bool) -> Result<Escape, String> {
    let unclosed = "invalid character class range";
    let name = if rest.skip("{") {
        let name = rest.until("}").ok_or(unclosed)?;
        negated ^= name.starts_with('^');
        name.trim_start_matches('^').to_owned()
    } else {
        rest.next().ok_or(unclosed)?.to_string()
    };
    let letter = if negated { 'P' } else { 'p' };
    Ok(Escape::Property(format!("\\{letter}{{{name}}}")))
}

/// Go's flags are `imsU`; the crate knows more, which change what a pattern means.
fn write_group<'a>(
    out: &mut String,
    rest: &mut Scan<'a>,
    names: &mut BTreeSet<&'a str>,
) -> Result<(), String> {
    out.push('(');
    if !rest.skip("?") {
        return Ok(());
    }
    if ["P<", "<"].iter().any(|name| rest.0.starts_with(name)) {
        let name = rest.until(">").ok_or("invalid named capture")?;
        // Go lets two groups have one name; the crate does not, so the first one keeps it.
        if names.insert(name.trim_start_matches("P<").trim_start_matches('<')) {
            out.extend(["?", name, ">"]);
        }
        return Ok(());
    }
    out.push('?');
    while let Some(char) = rest.next() {
        match char {
            'i' | 'm' | 's' | 'U' | '-' => out.push(char),
            ')' | ':' => {
                out.push(char);
                return Ok(());
            }
            _ => return Err("invalid or unsupported Perl syntax".to_owned()),
        }
    }
    Err("missing closing )".to_owned())
}

/// Whether what stands behind a brace is `n}`, `n,}` or `n,m}`. Go counts to a thousand.
fn counts(text: &str) -> Result<bool, String> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits && (text == "0" || !text.starts_with('0'))
    };
    let small = |text: &str| text.is_empty() || text.parse().is_ok_and(|count: u16| count <= 1000);
    let Some((inside, _)) = text.split_once('}') else { return Ok(false) };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let repeats = number(least) && (most.is_empty() || number(most));
    if repeats && !(small(least) && small(most)) {
        return Err("invalid repeat count".to_owned());
    }
    Ok(repeats)
}

/// A brace is a literal unless it is a repetition.
fn write_brace(out: &mut String, rest: &mut Scan<'_>) {
    if !counts(rest.0).unwrap_or_default() {
        return write_literal(out, '{');
    }
    out.push('{');
    // The closing brace is a plain character, and a question mark may follow it.
    if let Some(inside) = rest.until("}") {
        out.push_str(inside);
        out.push('}');
    }
    if rest.skip("?") {
        out.push('?');
    }
}
