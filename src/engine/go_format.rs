//! Go's `fmt.Sprintf("%+v", …)` for the few shapes that External Secrets Operator hashes.
//!
//! Maps are printed with sorted keys, byte slices as decimal lists, strings as they are; a nil map prints as an empty
//! one. Everything is written piece by piece to a sink, so that no formatted copy of a value is ever made.

use std::collections::BTreeMap;

/// Where the pieces go: a hasher, or a buffer in tests.
pub trait Sink {
    /// Takes the next piece.
    fn piece(&mut self, bytes: &[u8]);
}

/// A `string`.
pub fn string(sink: &mut impl Sink, text: &str) {
    sink.piece(text.as_bytes());
}

/// A `map[string][]byte`, its entries in the order of their keys' bytes.
pub fn bytes_map<'a>(sink: &mut impl Sink, entries: impl IntoIterator<Item = (&'a str, &'a [u8])>) {
    map(sink, entries, bytes);
}

/// The struct `{annotations, labels}` of two `map[string]string`.
pub fn metadata(
    sink: &mut impl Sink,
    annotations: &BTreeMap<String, String>,
    labels: &BTreeMap<String, String>,
) {
    sink.piece(b"{annotations:");
    string_map(sink, annotations);
    sink.piece(b" labels:");
    string_map(sink, labels);
    sink.piece(b"}");
}

fn string_map(sink: &mut impl Sink, entries: &BTreeMap<String, String>) {
    map(sink, entries.iter().map(|(key, value)| (key.as_str(), value.as_str())), string);
}

fn map<'a, S: Sink, V>(
    sink: &mut S,
    entries: impl IntoIterator<Item = (&'a str, V)>,
    value: impl Fn(&mut S, V),
) {
    sink.piece(b"map[");
    for (index, (key, entry)) in entries.into_iter().enumerate() {
        sink.piece(if index == 0 { b"" } else { b" " });
        sink.piece(key.as_bytes());
        sink.piece(b":");
        value(sink, entry);
    }
    sink.piece(b"]");
}

fn bytes(sink: &mut impl Sink, bytes: &[u8]) {
    sink.piece(b"[");
    for (index, byte) in bytes.iter().enumerate() {
        sink.piece(if index == 0 { b"" } else { b" " });
        decimal(sink, *byte);
    }
    sink.piece(b"]");
}

fn decimal(sink: &mut impl Sink, byte: u8) {
    let digits = [b'0' + byte / 100, b'0' + byte / 10 % 10, b'0' + byte % 10];
    let leading = if byte >= 100 { 0 } else { 2 - usize::from(byte >= 10) };
    sink.piece(&digits[leading..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Sink for Vec<u8> {
        fn piece(&mut self, bytes: &[u8]) {
            self.extend_from_slice(bytes);
        }
    }

    fn printed(entries: &[(&str, &[u8])]) -> String {
        let mut out = Vec::new();
        bytes_map(&mut out, entries.iter().copied());
        String::from_utf8(out).expect("keys are text")
    }

    #[test]
    fn bytes_are_decimal_lists() {
        assert_eq!(printed(&[("foo", b"bar")]), "map[foo:[98 97 114]]");
        assert_eq!(printed(&[("all", &[0, 9, 10, 99, 100, 255])]), "map[all:[0 9 10 99 100 255]]");
    }

    #[test]
    fn empty_is_empty_brackets() {
        assert_eq!(printed(&[]), "map[]");
        assert_eq!(printed(&[("a", b""), ("b", b"")]), "map[a:[] b:[]]");
    }

    #[test]
    fn metadata_is_a_struct_of_two_maps() {
        let mut out = Vec::new();
        metadata(&mut out, &BTreeMap::from([("a".into(), "b".into())]), &BTreeMap::new());
        assert_eq!(String::from_utf8(out).expect("text"), "{annotations:map[a:b] labels:map[]}");
    }
}
