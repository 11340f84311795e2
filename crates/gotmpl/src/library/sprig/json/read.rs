//! Reads JSON into values.

use super::Outcome;
use crate::buffer::Buffer;
use crate::library::sprig::cast;
use crate::text::{decode, split_run};
use crate::{Budget, Bytes, Call, FuncError, Limit, List, Map, Value};

/// The value that the text is, and whether all of it is right. What is no JSON is nil; a number that is too large is nil in its
/// place.
pub(super) fn value(call: &Call<'_>) -> Outcome<(Value, bool)> {
    let bytes = call.bytes(0);
    let mut reader = Reader { bytes: &bytes, at: 0, budget: call.budget(), large: false };
    match reader.document() {
        Ok(value) => Ok((value, !reader.large)),
        Err(Stop::Syntax) => Ok((Value::Nil, false)),
        Err(Stop::Limit(error)) => Err(error),
    }
}

/// Why reading ends early.
enum Stop {
    Syntax,
    Limit(FuncError),
}

impl<E: Into<FuncError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Limit(error.into())
    }
}

type Read<T> = Result<T, Stop>;

struct Reader<'a, 'b> {
    bytes: &'a [u8],
    at: usize,
    budget: &'a Budget<'b>,
    large: bool,
}

impl Reader<'_, '_> {
    fn document(&mut self) -> Read<Value> {
        let value = self.value()?;
        self.space();
        if self.at == self.bytes.len() { Ok(value) } else { Err(Stop::Syntax) }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Goes past the byte if it is the next one.
    fn skip(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn expect(&mut self, text: &[u8]) -> Read<()> {
        if text.iter().all(|byte| self.skip(*byte)) { Ok(()) } else { Err(Stop::Syntax) }
    }

    fn value(&mut self) -> Read<Value> {
        self.budget.steps(1)?;
        self.budget.memory(size_of::<Value>())?;
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::Str),
            Some(b't') => self.expect(b"true").map(|()| Value::Bool(true)),
            Some(b'f') => self.expect(b"false").map(|()| Value::Bool(false)),
            Some(b'n') => self.expect(b"null").map(|()| Value::Nil),
            _ => self.number(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Read<Value>) -> Read<Value> {
        self.budget.enter()?;
        self.at += 1;
        let value = read(self);
        self.budget.leave();
        value
    }

    /// What stands between brackets, each item read by `item`.
    fn items(&mut self, close: u8, mut item: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        self.space();
        if self.skip(close) {
            return Ok(());
        }
        loop {
            item(self)?;
            self.space();
            if self.skip(close) {
                return Ok(());
            }
            self.expect(b",")?;
        }
    }

    fn array(&mut self) -> Read<Value> {
        let mut values = Vec::new();
        self.items(b']', |reader| {
            values.push(reader.value()?);
            Ok(())
        })?;
        Ok(List::any(values).into())
    }

    fn object(&mut self) -> Read<Value> {
        let mut entries = Vec::new();
        self.items(b'}', |reader| {
            reader.space();
            let key = reader.string()?;
            reader.space();
            reader.expect(b":")?;
            entries.push((key, reader.value()?));
            Ok(())
        })?;
        Ok(Map::any(entries).into())
    }

    fn number(&mut self) -> Read<Value> {
        let start = self.at;
        self.skip(b'-');
        if !self.skip(b'0') {
            self.digits()?;
        }
        if self.skip(b'.') {
            self.digits()?;
        }
        if self.skip(b'e') || self.skip(b'E') {
            let _ = self.skip(b'+') || self.skip(b'-');
            self.digits()?;
        }
        let text = self.bytes.get(start..self.at).and_then(|text| std::str::from_utf8(text).ok());
        let float = text.and_then(cast::parse_float);
        self.large |= float.is_none();
        Ok(float.map(Value::Float).unwrap_or_default())
    }

    fn digits(&mut self) -> Read<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(Stop::Syntax) }
    }

    fn string(&mut self) -> Read<Bytes> {
        self.expect(b"\"")?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (plain, end) =
            split_run(rest, |byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\'));
        self.at += plain.len();
        if end.first() == Some(&b'"') {
            self.at += 1;
            self.budget.memory(plain.len())?;
            return Ok(plain.into());
        }
        let mut out = Buffer::new(self.budget.memory_left(), Limit::Memory(self.budget.limits().memory));
        out.write(plain);
        loop {
            let (c, length) = decode(self.bytes.get(self.at..).unwrap_or_default());
            self.at += length;
            let c = match c {
                _ if length == 0 => return Err(Stop::Syntax),
                '"' => break,
                '\0'..' ' => return Err(Stop::Syntax),
                '\\' => self.escape()?,
                c => c,
            };
            out.char(c);
        }
        let text = out.finish()?;
        self.budget.memory(text.len())?;
        Ok(text.into())
    }

    fn escape(&mut self) -> Read<char> {
        let byte = self.peek().ok_or(Stop::Syntax)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return Err(Stop::Syntax),
        })
    }

    /// Four digits; two surrogates that belong together are one character, others are none.
    fn unicode(&mut self) -> Read<char> {
        let first = self.four_digits()?;
        let after = self.at;
        if (0xd800..0xdc00).contains(&first) && self.skip(b'\\') && self.skip(b'u') {
            let second = self.four_digits()?;
            if (0xdc00..0xe000).contains(&second) {
                let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        self.at = after;
        Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Read<u32> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16)).ok_or(Stop::Syntax)?;
            self.at += 1;
            code = code << 4 | digit;
        }
        Ok(code)
    }
}
