//! The values that templates work on: Go's, as far as templates of secrets meet them.

mod bytes;
mod list;
mod map;
mod object;
mod types;

use std::fmt;
use std::rc::Rc;

pub use bytes::Bytes;
pub use list::List;
pub use map::Map;
pub use object::Object;
pub use types::Type;

/// A value. Cloning is cheap and shares: a map that a function changes is changed for everyone who holds it.
#[derive(Clone, Default)]
pub enum Value {
    /// Go's nil, and what is missing.
    #[default]
    Nil,
    /// A bool.
    Bool(bool),
    /// An int, which is what number literals are.
    Int(i64),
    /// An int64, which is what arithmetic functions return.
    Int64(i64),
    /// A uint8, which is what indexing a string gives.
    Byte(u8),
    /// A float64.
    Float(f64),
    /// A string: bytes of any kind.
    Str(Bytes),
    /// A slice.
    List(List),
    /// A map with string keys.
    Map(Map),
    /// A struct: a time, a version, a certificate.
    Object(Rc<dyn Object>),
}

impl Value {
    /// Its type, as `%T` prints it; None for nil.
    pub fn go_type(&self) -> Option<Type> {
        Some(match self {
            Self::Nil => return None,
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Int64(_) => Type::Int64,
            Self::Byte(_) => Type::Byte,
            Self::Float(_) => Type::Float,
            Self::Str(_) => Type::Str,
            Self::List(list) => list.go_type(),
            Self::Map(map) => map.go_type(),
            Self::Object(object) => Type::Object(object.type_name()),
        })
    }

    /// The name of its type, for messages.
    pub fn type_name(&self) -> String {
        self.go_type().map_or_else(|| "nil".to_owned(), |kind| kind.to_string())
    }

    /// Whether `if` takes it for true: it is not the zero of its type.
    pub fn truth(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(value) | Self::Int64(value) => *value != 0,
            Self::Byte(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(list) => !list.is_empty(),
            Self::Map(map) => !map.is_empty(),
            Self::Object(object) => object.number() != Some(0),
        }
    }

    /// The whole number that it is, whatever its width.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Int(value) | Self::Int64(value) => Some(*value),
            Self::Byte(value) => Some(i64::from(*value)),
            Self::Object(object) => object.number(),
            Self::Nil | Self::Bool(_) | Self::Float(_) | Self::Str(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// A string of these bytes.
    pub fn str(bytes: impl AsRef<[u8]>) -> Self {
        Self::Str(bytes.as_ref().into())
    }

    /// A `map[string]string`, which is what a Secret's data is to a template.
    pub fn string_map<K: AsRef<[u8]>, V: AsRef<[u8]>>(data: impl IntoIterator<Item = (K, V)>) -> Self {
        let entries = data.into_iter().map(|(key, value)| (key.as_ref().into(), Self::str(value)));
        Self::Map(Map::new(&Type::Str, entries))
    }
}

/// Tells the type only.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({})", self.type_name())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::str(text)
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::Str(bytes)
    }
}

impl From<List> for Value {
    fn from(list: List) -> Self {
        Self::List(list)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

/// Lets go of values one after the other. Left to themselves, lists in lists would do so one inside the other,
/// as deep as they are nested, and a loop can nest them deeper than any stack is.
fn release(mut pending: Vec<Value>) {
    while let Some(value) = pending.pop() {
        if let Value::List(list) = value {
            pending.append(&mut list.into_unshared());
        } else if let Value::Map(map) = value {
            pending.append(&mut map.into_unshared());
        }
    }
}
