//! Documents of YAML as JSON values, with the line that each field stands on.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// Why a document cannot be read: in which line of the file, counted from one, and what it is, without a word of its text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) line: u64,
    pub(crate) why: &'static str,
}

/// The lines of an object's fields, by paths such as `spec.data[0].remoteRef.key`, counted from one.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    first: u64,
    fields: BTreeMap<String, u64>,
}

impl Lines {
    /// The line of a field; of one that is not there, of what it would stand in; at last the object's own.
    pub(crate) fn of(&self, field: &str) -> u64 {
        let mut path = plain(field);
        while !path.is_empty() {
            if let Some(line) = self.fields.get(&path) {
                return *line;
            }
            path.truncate(path.rfind(['.', '[']).unwrap_or_default());
        }
        self.first
    }

    /// Those of an object that stands in this one.
    pub(crate) fn below(&self, path: &str) -> Self {
        let prefix = format!("{path}.");
        let inner = self.fields.range(prefix.clone()..).take_while(|(field, _)| field.starts_with(&prefix));
        let fields = inner.map(|(field, line)| (field[prefix.len()..].to_owned(), *line)).collect();
        Self { first: self.of(path), fields }
    }
}

/// The path with keys in quotes as any others: `data["a.b"]` is `data.a.b`.
fn plain(field: &str) -> String {
    field.replace("[\"", ".").replace("\"]", "")
}

/// The documents of a text. Empty ones are left out.
pub(crate) fn documents(text: &str) -> Vec<Result<(Value, Lines), Unreadable>> {
    let mut all = Vec::new();
    let (mut from, mut first, mut at) = (0, 1, 0);
    for (number, line) in (1u64..).zip(text.split_inclusive('\n')) {
        // Such a line ends what is before it wherever it stands: no text of several lines may hold one.
        let ends = line
            .strip_prefix("---")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if ends && at > from {
            all.extend(document(&text[from..at], first));
            (from, first) = (at, number);
        }
        at += line.len();
    }
    all.extend(document(&text[from..], first));
    all
}

/// One document that begins on this line; none if it holds nothing.
fn document(text: &str, first: u64) -> Option<Result<(Value, Lines), Unreadable>> {
    let options = serde_saphyr::options! { legacy_octal_numbers: true, with_snippet: false };
    match serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options) {
        Ok(Spanned { value: Node::Null, .. }) => None,
        Ok(root) => {
            let mut lines = Lines { first: first + root.referenced.line().max(1) - 1, ..Lines::default() };
            let value = root.value.unfold("", first, &mut lines.fields);
            Some(Ok((value, lines)))
        }
        Err(error) => {
            // What never ends is told behind the last line.
            let last = text.lines().count().max(1) as u64;
            let line = first + error.location().map_or(1, |at| at.line().clamp(1, last)) - 1;
            let twice = error.to_string().contains("duplicate");
            let why = match twice {
                true => "a key stands twice in one map",
                false if text.contains("{{") => {
                    "this is no YAML but a template of Helm; give what `helm template` prints, by -f -"
                }
                false if text.lines().any(|line| line.trim_start_matches(' ').starts_with('\t')) => {
                    "this is no YAML: a tab stands where only blanks may indent"
                }
                false => "this is no YAML",
            };
            Some(Err(Unreadable { line, why }))
        }
    }
}

/// The value of a text that holds one document.
///
/// # Errors
/// It is no YAML.
pub(crate) fn value(text: &str) -> Result<Value, Unreadable> {
    document(text, 1).unwrap_or_else(|| Ok((Value::Null, Lines::default()))).map(|(value, _)| value)
}

/// A node of YAML.
enum Node {
    Null,
    Scalar(Value),
    List(Vec<Spanned<Node>>),
    Map(Vec<(Spanned<Key>, Spanned<Node>)>),
}

impl Node {
    /// The value, without what is null in maps; notes where everything stands.
    fn unfold(self, path: &str, first: u64, lines: &mut BTreeMap<String, u64>) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Scalar(value) => value,
            Self::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    lines.insert(path.clone(), first + item.referenced.line().max(1) - 1);
                    values.push(item.value.unfold(&path, first, lines));
                }
                Value::Array(values)
            }
            Self::Map(entries) => {
                let mut map = Map::new();
                for (Spanned { value: Key(key), referenced, .. }, value) in entries {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    lines.insert(path.clone(), first + referenced.line().max(1) - 1);
                    if !matches!(value.value, Self::Null) {
                        map.insert(key, value.value.unfold(&path, first, lines));
                    }
                }
                Value::Object(map)
            }
        }
    }
}

/// A key, as text.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node::deserialize(deserializer)? {
            Node::Scalar(Value::String(text)) => Ok(Self(text)),
            Node::Scalar(value) => Ok(Self(value.to_string())),
            Node::Null => Ok(Self("null".to_owned())),
            Node::List(_) | Node::Map(_) => Err(serde::de::Error::custom("a key is no single value")),
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    /// What is no number in JSON stays a text.
    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> (Value, Lines) {
        documents(text).remove(0).unwrap_or_else(|why| panic!("{text}: {why:?}"))
    }

    #[test]
    fn fields_know_their_lines_behind_comments_and_separators() {
        let text = "# a remark\n---\n# another\nkind: A # here\nspec:\n  data:\n    - key: x\n      b.c: |\n        --- no end\n        y\n    - key: z\n---\nkind: B\n";
        let all = documents(text);
        assert_eq!(all.len(), 2, "{all:?}");
        let (value, lines) = read(text);
        assert_eq!(value["spec"]["data"][0]["b.c"], "--- no end\ny\n");
        for (field, line) in [
            ("kind", 4),
            ("spec.data[0].key", 7),
            ("spec.data[0][\"b.c\"]", 8),
            ("spec.data[1].key", 11),
            ("spec.data[1].absent.more", 11),
            ("spec.nothing", 5),
            ("status", 4),
        ] {
            assert_eq!(lines.of(field), line, "{field}: {lines:?}");
        }
        let (_, second) = all.into_iter().nth(1).expect("two").expect("YAML");
        assert_eq!(second.of("kind"), 13);
        assert_eq!(lines.below("spec.data[1]").of("key"), 11);
    }

    #[test]
    fn anchors_and_merges_are_what_they_stand_for() {
        let text = "base: &b\n  x: 1\n  y: null\nagain: *b\nmerged:\n  <<: *b\n  z: yes\n";
        let (value, _) = read(text);
        assert_eq!(value, json!({"base": {"x": 1}, "again": {"x": 1}, "merged": {"x": 1, "z": true}}));
    }

    #[test]
    fn what_is_no_yaml_is_told_by_its_line_and_nothing_of_it() {
        let bad = |text: &str| documents(text).pop().expect("a document").expect_err(text);
        assert_eq!(bad("a: 1\n---\nb: 'hunter2\n").line, 3);
        assert_eq!(bad("a: 1\nb: 2\na: 3\n"), Unreadable { line: 3, why: "a key stands twice in one map" });
        assert!(documents("# nothing\n---\n---\n").is_empty());
    }
}
