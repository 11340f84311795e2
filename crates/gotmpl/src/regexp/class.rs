//! `[…]`: each item is written anew, so that no two of them join to an operator that Go does not have.

use super::syntax::{Escape, Scan, escape, write_literal};

const UNCLOSED: &str = "missing closing ]";

/// One end of a range, or an item of its own.
enum Item {
    Char(char),
    /// Already in the crate's syntax.
    Set(String),
}

/// What stands behind an opening bracket.
pub(super) fn write_class(out: &mut String, rest: &mut Scan<'_>) -> Result<(), String> {
    out.push('[');
    if rest.skip("^") {
        out.push('^');
    }
    let mut first = true; // a closing bracket that comes first is a literal
    while first || !rest.0.starts_with(']') {
        first = false;
        match item(rest)? {
            Item::Set(set) => out.push_str(&set),
            Item::Char(from) => write_range(out, from, rest)?,
        }
    }
    rest.next();
    out.push(']');
    Ok(())
}

/// A range if a dash follows that is not the last item, else the character alone.
fn write_range(out: &mut String, from: char, rest: &mut Scan<'_>) -> Result<(), String> {
    write_literal(out, from);
    if !rest.0.starts_with('-') || rest.0.starts_with("-]") {
        return Ok(());
    }
    rest.next();
    match item(rest)? {
        Item::Char(to) => {
            out.push('-');
            write_literal(out, to);
            Ok(())
        }
        Item::Set(_) => Err("invalid character class range".to_owned()),
    }
}

fn item(rest: &mut Scan<'_>) -> Result<Item, String> {
    if let Some(set) = posix(rest) {
        return Ok(Item::Set(set));
    }
    match rest.next().ok_or(UNCLOSED)? {
        '\\' => Ok(match escape(rest)? {
            Escape::Literal(char) => Item::Char(char),
            Escape::Class { inside, negated: true } => Item::Set(format!("[^{inside}]")),
            Escape::Class { inside, negated: false } => Item::Set(inside.to_owned()),
            Escape::Property(property) => Item::Set(property),
        }),
        char => Ok(Item::Char(char)),
    }
}

/// `[:alpha:]`; an opening bracket that begins nothing of the kind is a literal.
fn posix(rest: &mut Scan<'_>) -> Option<String> {
    let (name, after) = rest.0.strip_prefix("[:")?.split_once(":]")?;
    let letters = name.strip_prefix('^').unwrap_or(name);
    if letters.is_empty() || !letters.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    rest.0 = after;
    Some(format!("[:{name}:]"))
}
