//! The Go types that values and parameters have.

use std::fmt;

use super::{List, Map, Value};

/// A type. Its text is Go's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// `interface {}`: anything.
    Any,
    /// `reflect.Value`: anything, for functions that look at nil themselves.
    Reflect,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `int64`
    Int64,
    /// `uint8`
    Byte,
    /// `float64`
    Float,
    /// `string`
    Str,
    /// A slice of this.
    List(&'static Self),
    /// A map from strings to this.
    Map(&'static Self),
    /// A struct of this name.
    Object(&'static str),
}

impl Type {
    /// Whether nil can be passed for it.
    pub(crate) fn takes_nil(self) -> bool {
        matches!(self, Self::Any | Self::Reflect | Self::List(_) | Self::Map(_))
    }

    /// The zero of the type.
    pub(crate) fn zero(self) -> Value {
        match self {
            Self::Any | Self::Reflect | Self::Object(_) => Value::Nil,
            Self::Bool => Value::Bool(false),
            Self::Int => Value::Int(0),
            Self::Int64 => Value::Int64(0),
            Self::Byte => Value::Byte(0),
            Self::Float => Value::Float(0.0),
            Self::Str => Value::str(""),
            Self::List(elem) => Value::List(List::nil(elem)),
            Self::Map(elem) => Value::Map(Map::nil(elem)),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("interface {}"),
            Self::Reflect => f.write_str("reflect.Value"),
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Int64 => f.write_str("int64"),
            Self::Byte => f.write_str("uint8"),
            Self::Float => f.write_str("float64"),
            Self::Str => f.write_str("string"),
            Self::List(elem) => write!(f, "[]{elem}"),
            Self::Map(elem) => write!(f, "map[string]{elem}"),
            Self::Object(name) => f.write_str(name),
        }
    }
}
