//! What looks into strings and puts them together: `contains`, `replace`, `split…`, `join`, `cat`, `quote`, `repeat`, `plural` …

use memchr::memmem;

use super::trim::split_first;
use super::{Outcome, Result, Shelf, refuse, string_of, text};
use crate::Type::{Any, Int, Str};
use crate::buffer::Buffer;
use crate::text::{quote_into, runes};
use crate::{Bytes, Call, FuncError, List, Map, Signature, Value};

pub(super) fn add(shelf: &mut Shelf<'_>) {
    let two = Signature::new(&[Str, Str]);
    shelf
        .add("contains", two, |call| Ok(Value::Bool(memmem::find(&call.bytes(1), &call.bytes(0)).is_some())))
        .add("hasPrefix", two, |call| Ok(Value::Bool(call.bytes(1).starts_with(&call.bytes(0)))))
        .add("hasSuffix", two, |call| Ok(Value::Bool(call.bytes(1).ends_with(&call.bytes(0)))))
        .add("replace", Signature::new(&[Str, Str, Str]), |call| {
            text(call, |out| replace(out, &call.bytes(0), &call.bytes(1), &call.bytes(2)))
        })
        .add("repeat", Signature::new(&[Int, Str]), repeat)
        .add("plural", Signature::new(&[Str, Str, Int]), |call| {
            Ok(call.bytes(usize::from(call.int(2) != 1)).into())
        })
        .add("hello", Signature::new(&[]), |_| Ok("Hello!".into()))
        .add("fail", Signature::new(&[Str]), |call| Err(FuncError::Told(call.bytes(0))));
    add_lists(shelf);
}

fn add_lists(shelf: &mut Shelf<'_>) {
    let any = Signature::variadic(&[], Any);
    shelf
        .add("splitList", Signature::new(&[Str, Str]), |call| {
            let parts = split(call, &call.bytes(0), &call.bytes(1), -1)?;
            Ok(List::new(&Str, parts).into())
        })
        .add("split", Signature::new(&[Str, Str]), |call| {
            Ok(numbered(split(call, &call.bytes(0), &call.bytes(1), -1)?))
        })
        .add("splitn", Signature::new(&[Str, Int, Str]), |call| {
            Ok(numbered(split(call, &call.bytes(0), &call.bytes(2), call.int(1))?))
        })
        .add("toStrings", Signature::new(&[Any]), |call| {
            if matches!(call.arg(0), Value::List(list) if *list.elem() == Str) {
                return Ok(call.arg(0).clone());
            }
            let strings = strings_of(call, call.arg(0))?;
            Ok(List::new(&Str, strings.into_iter().map(Value::Str).collect()).into())
        })
        .add("join", Signature::new(&[Str, Any]), |call| {
            let (separator, strings) = (call.bytes(0), strings_of(call, call.arg(1))?);
            text(call, |out| joined(out, &separator, &strings))
        })
        .add("cat", any, cat)
        .add("quote", any, |call| quoted(call, |out, shown| quote_into(out, shown, false)))
        .add("squote", any, |call| {
            quoted(call, |out, shown| {
                out.text("'");
                out.write(shown);
                out.text("'");
            })
        });
}

fn replace(out: &mut Buffer, old: &[u8], new: &[u8], bytes: &[u8]) {
    if old.is_empty() {
        // Nothing is found before each character, and at the end.
        let mut at = 0;
        for (_, length) in runes(bytes) {
            out.write(new);
            out.write(bytes.get(at..at + length).unwrap_or_default());
            at += length;
        }
        return out.write(new);
    }
    let mut start = 0;
    for found in memmem::find_iter(bytes, old) {
        out.write(bytes.get(start..found).unwrap_or_default());
        out.write(new);
        start = found + old.len();
    }
    out.write(bytes.get(start..).unwrap_or_default());
}

fn repeat(call: &Call<'_>) -> Result {
    let (count, bytes) = (call.int(0), call.bytes(1));
    let Ok(count) = usize::try_from(count) else { return refuse("strings: negative Repeat count") };
    if bytes.is_empty() {
        return Ok(Value::str(""));
    }
    text(call, |out| {
        for _ in 0..count {
            out.write(&bytes);
            if out.failed().is_some() {
                return;
            }
        }
    })
}

/// The parts between separators: all, or as many as `limit` says, of which the last has the rest.
fn split(call: &Call<'_>, separator: &[u8], bytes: &[u8], limit: i64) -> Outcome<Vec<Value>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut parts, mut rest) = (Vec::new(), Some(bytes));
    if limit == 0 || separator.is_empty() && bytes.is_empty() {
        return Ok(parts);
    }
    let finder = memmem::Finder::new(separator);
    while let Some(now) = rest {
        let cut = if parts.len() + 1 == limit { None } else { next_cut(&finder, separator, now) };
        let (part, after) = cut.map_or((now, None), |(end, next)| (&now[..end], now.get(next..)));
        call.budget().memory(part.len() + size_of::<Value>())?;
        parts.push(Value::str(part));
        rest = after;
    }
    Ok(parts)
}

/// Where the next part ends, and where the one behind it begins.
fn next_cut(finder: &memmem::Finder<'_>, separator: &[u8], bytes: &[u8]) -> Option<(usize, usize)> {
    if separator.is_empty() {
        let (_, rest) = split_first(bytes)?;
        let end = bytes.len() - rest.len();
        return (!rest.is_empty()).then_some((end, end));
    }
    finder.find(bytes).map(|end| (end, end + separator.len()))
}

/// `_0`, `_1` …
fn numbered(parts: Vec<Value>) -> Value {
    let key = |index| Bytes::from(format!("_{index}"));
    Map::new(&Str, parts.into_iter().enumerate().map(|(index, part)| (key(index), part))).into()
}

/// A list of strings of whatever it is; nil is left out.
pub(in super::super) fn strings_of(call: &Call<'_>, value: &Value) -> Outcome<Vec<Bytes>> {
    let single = [value.clone()];
    let values = if let Value::List(list) = value { list.values() } else { &single };
    call.budget().memory(size_of_val(values))?;
    values.iter().filter(|value| !matches!(value, Value::Nil)).map(|value| string_of(call, value)).collect()
}

fn joined(out: &mut Buffer, separator: &[u8], strings: &[Bytes]) {
    for (index, string) in strings.iter().enumerate() {
        out.write(if index > 0 { separator } else { b"" });
        out.write(string);
    }
}

/// What is not nil, with spaces between.
fn cat(call: &Call<'_>) -> Result {
    quoted(call, |out, shown| out.write(shown))
}

/// All that is not nil, each written in this way, with spaces between.
fn quoted(call: &Call<'_>, write: impl Fn(&mut Buffer, &[u8])) -> Result {
    let present = call.args().iter().filter(|value| !matches!(value, Value::Nil));
    let shown = present.map(|value| string_of(call, value)).collect::<Outcome<Vec<_>>>()?;
    text(call, |out| {
        for (index, shown) in shown.iter().enumerate() {
            out.text(if index > 0 { " " } else { "" });
            write(out, shown);
        }
    })
}
