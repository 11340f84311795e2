//! Nodes as Go's values, or as text.

use std::collections::BTreeMap;

use base64::Engine;

use super::YamlError;
use super::resolve::{Resolved, resolve};
use super::tree::{Node, Scalar, Shared, failed};
use crate::{Budget, Bytes, List, Map, Value};

/// The node behind its names.
pub(super) fn target(node: &Node) -> &Node {
    let mut node = node;
    while let Node::Alias(named) = node {
        node = named;
    }
    node
}

/// Reads nodes.
pub(super) struct Reader<'a> {
    pub(super) budget: &'a Budget<'a>,
}

type Entry<'a> = dyn FnMut(Bytes, &Shared) + 'a;

impl Reader<'_> {
    /// A node as JSON has it. Names are followed as long as there are steps and memory.
    pub(super) fn value(&self, node: &Node) -> Result<Value, YamlError> {
        self.budget.steps(1)?;
        self.budget.memory(size_of::<Value>())?;
        match target(node) {
            Node::Scalar(scalar) => self.scalar(scalar),
            Node::Sequence(items) => self.deeper(|| {
                let items: Result<Vec<Value>, YamlError> =
                    items.iter().map(|item| self.value(item)).collect();
                Ok(List::any(items?).into())
            }),
            Node::Mapping(_) => self.deeper(|| {
                let mut found = BTreeMap::new();
                for (key, value) in self.last(node)? {
                    found.insert(key, self.value(&value)?);
                }
                Ok(Map::any(found).into())
            }),
            Node::Alias(_) => Ok(Value::Nil),
        }
    }

    fn deeper<T>(&self, read: impl FnOnce() -> Result<T, YamlError>) -> Result<T, YamlError> {
        self.budget.enter()?;
        let read = read();
        self.budget.leave();
        read
    }

    /// The entries of a mapping. Of equal keys the last one counts, and the others are not even looked at.
    pub(super) fn last(&self, node: &Node) -> Result<BTreeMap<Bytes, Shared>, YamlError> {
        let mut found = BTreeMap::new();
        self.entries(node, &mut |key, value| {
            found.insert(key, Shared::clone(value));
        })?;
        Ok(found)
    }

    /// The entries of a mapping one after the other, merged ones where they are merged.
    fn entries(&self, node: &Node, entry: &mut Entry<'_>) -> Result<(), YamlError> {
        let Node::Mapping(entries) = target(node) else { return Err(merged_something_else()) };
        for (key, value) in entries {
            self.budget.steps(1)?;
            if matches!(&**key, Node::Scalar(scalar) if scalar.is_merge()) {
                self.deeper(|| self.merge(value, entry))?;
                continue;
            }
            let key = self.key(key)?;
            self.budget.memory(key.len() + size_of::<(Bytes, Value)>())?;
            entry(key, value);
        }
        Ok(())
    }

    /// The entries of a mapping, or of several of which the first ones count most.
    fn merge(&self, value: &Shared, entry: &mut Entry<'_>) -> Result<(), YamlError> {
        if let Node::Sequence(maps) = &**value {
            return maps.iter().rev().try_for_each(|map| self.entries(map, entry));
        }
        self.entries(value, entry)
    }

    /// A key as text.
    fn key(&self, node: &Shared) -> Result<Bytes, YamlError> {
        let Node::Scalar(scalar) = target(node) else { return Err(failed("invalid map key")) };
        match self.resolved(scalar)? {
            Resolved::Null => Err(YamlError::Failed("unsupported map key of type: %!s(<nil>)".to_owned())),
            Resolved::Float(float) if !float.is_finite() => {
                let word = if float.is_nan() {
                    ".nan"
                } else if float > 0.0 {
                    ".inf"
                } else {
                    "-.inf"
                };
                Ok(word.into())
            }
            Resolved::Int(false, size) if size > i64::MAX as u64 => {
                Err(YamlError::Failed("unsupported map key of type: uint64".to_owned()))
            }
            resolved @ (Resolved::Bool(_)
            | Resolved::Int(..)
            | Resolved::Float(_)
            | Resolved::Timestamp
            | Resolved::Text) => self.spelled(scalar, resolved),
        }
    }

    /// A value as text; null is none.
    pub(super) fn text(&self, node: &Node) -> Result<Bytes, YamlError> {
        let Node::Scalar(scalar) = target(node) else {
            let kind = if matches!(target(node), Node::Sequence(_)) { "array" } else { "object" };
            return Err(YamlError::Failed(format!(
                "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {kind} into Go value of type string"
            )));
        };
        let resolved = self.resolved(scalar)?;
        self.spelled(scalar, resolved)
    }

    fn spelled(&self, scalar: &Scalar, resolved: Resolved) -> Result<Bytes, YamlError> {
        Ok(match resolved {
            Resolved::Null => Bytes::default(),
            Resolved::Bool(value) => value.to_string().into(),
            Resolved::Int(negative, size) => format!("{}{size}", if negative { "-" } else { "" }).into(),
            Resolved::Float(float) => single(float).into(),
            Resolved::Timestamp | Resolved::Text => self.content(scalar)?,
        })
    }

    fn scalar(&self, scalar: &Scalar) -> Result<Value, YamlError> {
        Ok(match self.resolved(scalar)? {
            Resolved::Null => Value::Nil,
            Resolved::Bool(value) => Value::Bool(value),
            Resolved::Int(negative, size) => Value::Float(whole(negative, size)),
            Resolved::Float(float) if float.is_finite() => Value::Float(float),
            Resolved::Float(float) => {
                let word = if float.is_nan() {
                    "NaN"
                } else if float > 0.0 {
                    "+Inf"
                } else {
                    "-Inf"
                };
                return Err(YamlError::Failed(format!("json: unsupported value: {word}")));
            }
            Resolved::Timestamp | Resolved::Text => Value::Str(self.content(scalar)?),
        })
    }

    /// The text of a scalar that is text.
    fn content(&self, scalar: &Scalar) -> Result<Bytes, YamlError> {
        self.budget.memory(scalar.text.len())?;
        if scalar.tag.as_deref() != Some("!!binary") {
            return Ok(scalar.text.as_bytes().into());
        }
        let digits: String = scalar.text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let decoded = base64::engine::general_purpose::STANDARD.decode(digits);
        let bytes = decoded.map_err(|_| failed("!!binary value contains invalid base64 data"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned().into())
    }

    /// What a scalar is, by its tag or by its looks.
    fn resolved(&self, scalar: &Scalar) -> Result<Resolved, YamlError> {
        let Some(tag) = &scalar.tag else {
            return Ok(if scalar.plain { resolve(&scalar.text) } else { Resolved::Text });
        };
        let found = match tag.as_str() {
            "!!str" => return Ok(Resolved::Text),
            "!!bool" | "!!int" | "!!float" | "!!null" | "!!timestamp" => resolve(&scalar.text),
            _ => return Ok(Resolved::Text),
        };
        if let Resolved::Int(negative, size) = found
            && tag == "!!float"
            && i64::try_from(size).is_ok()
        {
            return Ok(Resolved::Float(whole(negative, size)));
        }
        if found.tag() == tag {
            return Ok(found);
        }
        Err(failed(format!("cannot decode {} as a {tag}", found.tag())))
    }
}

fn merged_something_else() -> YamlError {
    failed("map merge requires map or sequence of maps as the value")
}

#[expect(clippy::cast_precision_loss, reason = "JSON has floats only, in Go too")]
fn whole(negative: bool, size: u64) -> f64 {
    if negative { -(size as f64) } else { size as f64 }
}

/// A float as Go writes it with 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "Go rounds to 32 bits here too")]
fn single(float: f64) -> String {
    let float = float as f32;
    match () {
        () if float.is_nan() => "NaN".to_owned(),
        () if float.is_infinite() => if float > 0.0 { "+Inf" } else { "-Inf" }.to_owned(),
        () => crate::printer::shortest_general(&format!("{float:e}")),
    }
}
