//! Writes values as JSON.

use super::Outcome;
use crate::buffer::Buffer;
use crate::text::{decode, split_run};
use crate::{Bytes, Call, Limit, Value, builtin};

/// How it is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// On one line, with what HTML could misread escaped.
    Plain,
    /// On several lines.
    Pretty,
    /// On one line, with nothing escaped that need not be.
    Raw,
}

/// The argument as JSON; nothing if it holds a number that JSON has not.
pub(super) fn value(call: &Call<'_>, style: Style) -> Outcome<Option<Bytes>> {
    let mut possible = true;
    let bytes = builtin::written(call.budget(), |out| {
        let mut writer = Writer { out, call, style, depth: 0, possible: true };
        writer.value(call.arg(0));
        possible = writer.possible;
    })?;
    Ok(possible.then_some(bytes))
}

struct Writer<'a, 'b> {
    out: &'a mut Buffer,
    call: &'a Call<'b>,
    style: Style,
    depth: usize,
    possible: bool,
}

impl Writer<'_, '_> {
    fn value(&mut self, value: &Value) {
        let limit = self.call.budget().limits().depth;
        let taken = if self.depth < limit { self.call.budget().steps(1) } else { Err(Limit::Depth(limit)) };
        if let Err(limit) = taken {
            self.out.fail(limit);
        }
        if self.out.failed().is_some() {
            return;
        }
        match value {
            Value::Nil => self.out.text("null"),
            Value::List(list) if list.is_nil() => self.out.text("null"),
            Value::Map(map) if map.is_nil() => self.out.text("null"),
            Value::Bool(bit) => self.out.text(if *bit { "true" } else { "false" }),
            Value::Int(number) | Value::Int64(number) => self.out.text(&number.to_string()),
            Value::Byte(number) => self.out.text(&number.to_string()),
            Value::Float(float) if float.is_finite() => self.out.text(&number(*float)),
            Value::Float(_) => self.possible = false,
            Value::Str(bytes) => self.string(bytes),
            Value::List(list) => {
                let items = list.values().iter().map(|value| (None, value.clone()));
                self.collection(b"[", items.collect(), b"]");
            }
            Value::Map(map) => {
                let items = map.entries().into_iter().map(|(key, value)| (Some(key), value));
                self.collection(b"{", items.collect(), b"}");
            }
            Value::Object(object) => match object.json() {
                Some(value) => self.value(&value),
                None => self.possible = false,
            },
        }
    }

    fn collection(&mut self, open: &[u8], items: Vec<(Option<Bytes>, Value)>, close: &[u8]) {
        self.out.write(open);
        self.depth += 1;
        for (index, (key, value)) in items.iter().enumerate() {
            self.out.text(if index > 0 { "," } else { "" });
            self.line();
            if let Some(key) = key {
                self.string(key);
                self.out.text(if self.style == Style::Pretty { ": " } else { ":" });
            }
            self.value(value);
            if self.out.failed().is_some() {
                return;
            }
        }
        self.depth -= 1;
        if !items.is_empty() {
            self.line();
        }
        self.out.write(close);
    }

    /// A new line, where there are lines.
    fn line(&mut self) {
        if self.style == Style::Pretty {
            self.out.text("\n");
            self.out.fill(b' ', 2 * self.depth);
        }
    }

    fn string(&mut self, mut bytes: &[u8]) {
        self.out.text("\"");
        loop {
            let (plain, rest) = split_run(bytes, |byte| {
                matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&')
            });
            self.out.write(plain);
            let (c, length) = decode(rest);
            bytes = rest.get(length..).unwrap_or_default();
            match c {
                _ if length == 0 => break,
                '"' => self.out.text("\\\""),
                '\\' => self.out.text("\\\\"),
                '\x08' => self.out.text("\\b"),
                '\x0c' => self.out.text("\\f"),
                '\n' => self.out.text("\\n"),
                '\r' => self.out.text("\\r"),
                '\t' => self.out.text("\\t"),
                '<' | '>' | '&' if self.style == Style::Raw => self.out.char(c),
                '\0'..' ' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                    self.out.text(&format!("\\u{:04x}", u32::from(c)))
                }
                char::REPLACEMENT_CHARACTER if length == 1 => self.out.text("\\ufffd"),
                c => self.out.char(c),
            }
        }
        self.out.text("\"");
    }
}

/// A finite float: with an exponent if it is very large or very small.
fn number(float: f64) -> String {
    let size = float.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let shown = format!("{float:e}");
        return if shown.contains("e-") { shown } else { shown.replace('e', "e+") };
    }
    format!("{float}")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn writes_floats_as_go_does() {
        let cases = [
            (1e21, "1e+21"),
            (1e-7, "1e-7"),
            (1.5e-10, "1.5e-10"),
            (1e20, "100000000000000000000"),
            (-0.0, "-0"),
            (0.1, "0.1"),
        ];
        for (float, expected) in cases {
            assert_eq!(number(float), expected);
        }
    }
}
