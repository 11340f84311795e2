//! Paths in what is almost JSON: a trailing comma, text after the document, a cut end.
//!
//! Go's gjson never checks a document as a whole, so such values have worked with ESO. The library used here may panic
//! on them; this reads them by plain paths (keys and positions), without wildcards, queries and modifiers.

use std::borrow::Cow;

use super::gotext;
use crate::SecretBytes;

/// What a plain path names, as far as the text can be understood up to there.
pub fn lookup(text: &str, path: &str) -> Option<SecretBytes> {
    let mut raw = text;
    for part in parts(path)? {
        raw = child(raw.trim_start_matches(is_blank), &part)?;
    }
    match raw.as_bytes().first()? {
        b'"' => gotext::unquote(raw).map(SecretBytes::from),
        b'n' => Some(SecretBytes::default()),
        b'-' | b'0'..=b'9' => Some(gotext::gjson_number(raw).into()),
        _ => Some(raw.into()),
    }
}

/// The path's parts without their escapes; none if it is more than keys and positions.
fn parts(path: &str) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    let mut chars = path.chars();
    while let Some(char) = chars.next() {
        match char {
            '.' => parts.push(String::new()),
            '*' | '?' | '#' | '|' | '@' | '!' | '{' | '[' => return None,
            '\\' => parts.last_mut()?.push(chars.next()?),
            plain => parts.last_mut()?.push(plain),
        }
    }
    Some(parts)
}

/// The text of an object's or array's child.
fn child<'a>(raw: &'a str, name: &str) -> Option<&'a str> {
    let inside = raw.get(1..)?;
    match raw.as_bytes().first()? {
        b'{' => member(inside, name),
        b'[' => Values(inside).nth(name.parse().ok()?),
        _ => None,
    }
}

fn member<'a>(inside: &'a str, name: &str) -> Option<&'a str> {
    let mut values = Values(inside);
    loop {
        let key = values.next()?;
        let value = values.next()?;
        if key.starts_with('"') && unquoted(key) == name {
            return Some(value);
        }
    }
}

fn unquoted(raw: &str) -> Cow<'_, str> {
    match raw.get(1..raw.len().saturating_sub(1)) {
        Some(inner) if !inner.contains('\\') => Cow::Borrowed(inner),
        _ => Cow::Owned(gotext::unquote(raw).unwrap_or_default()),
    }
}

/// The values of an array, or keys and values of an object by turns, up to its end or the end of the text.
struct Values<'a>(&'a str);

impl<'a> Iterator for Values<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let start = self.0.find(|char| starts_value(char) || matches!(char, '}' | ']'))?;
        let rest = self.0.get(start..)?;
        let end = match rest.as_bytes().first()? {
            b'"' => string_end(rest),
            b'{' | b'[' => nested_end(rest),
            b'}' | b']' => return None,
            _ => rest
                .find(|char| is_blank(char) || matches!(char, ',' | ':' | ']' | '}'))
                .unwrap_or(rest.len()),
        };
        self.0 = rest.get(end..)?;
        rest.get(..end)
    }
}

fn starts_value(char: char) -> bool {
    matches!(char, '"' | '{' | '[' | '-' | '0'..='9' | 't' | 'f' | 'n')
}

fn is_blank(char: char) -> bool {
    char <= ' '
}

/// The length of the string that the text starts with, quotes included.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the object or array that the text starts with.
fn nested_end(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                at += text.get(at..).map_or(1, string_end);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1, // the text starts with an opening one
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, path: &str) -> Option<String> {
        lookup(text, path).map(|value| String::from_utf8_lossy(value.expose()).into_owned())
    }

    #[test]
    fn what_is_almost_json_can_be_read() {
        for (text, path, want) in [
            (r#"{"a":"x","b":1.50,}"#, "a", "x"),
            (r#"{"a":"x","b":1.50,}"#, "b", "1.5"),
            (r#"{"a":"x"} and a note"#, "a", "x"),
            ("\n{\"a\":\"é\\n\",\n\"cut\":\"", "a", "é\n"),
            (r#"{"a":{"b":[1,{"c":"}\"]"},],},"#, "a.b.1.c", "}\"]"),
            (r#"{"a":{"b":[1, 2],},"#, "a.b", "[1, 2]"),
            (r#"{"a.b":true,}"#, r"a\.b", "true"),
            (r#"{"a":null,"b":{}} {}"#, "a", ""),
            (r#"["x","y",]"#, "1", "y"),
            (r#"{"k\"":"v",}"#, "k\"", "v"),
        ] {
            assert_eq!(found(text, path).as_deref(), Some(want), "{text} {path}");
        }
    }

    #[test]
    fn what_is_not_there_is_none() {
        for (text, path) in [
            ("plain text", "a"),
            ("", "a"),
            (r#"{"a":"x",}"#, "b"),
            (r#"{"a":"x",}"#, "a.b"),
            (r#"{"a":"x",}"#, "*"),
            (r#"{"a":"x",}"#, ""),
            (r#"["x",]"#, "7"),
            (r#"["x",]"#, "a"),
            ("{", "a"),
            ("{\"", "a"),
            ("{\"a", "a"),
            ("{\"a\":", "a"),
            ("[", "0"),
            ("}", "a"),
        ] {
            assert_eq!(found(text, path), None, "{text} {path}");
        }
    }

    #[test]
    fn no_cut_of_a_document_panics() {
        let document = r#"{"é":"\u00e9\\","a":[{"b":-1.5e3},"ü\"",null],"c":{"d":{"e":"f"}},}"#;
        for (at, _) in document.char_indices() {
            for path in ["é", "a.0.b", "a.1", "c.d.e", "c.d.e.f"] {
                let _ = (lookup(&document[..at], path), lookup(&document[at..], path));
            }
        }
    }
}
