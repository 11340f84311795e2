//! Go's structs.

use std::any::Any;

use super::{Bytes, Value};

/// A value that is neither text nor number nor a collection: a function makes it, a function takes it, a template
/// may read its fields.
pub trait Object {
    /// Its Go type, such as `time.Time`.
    fn type_name(&self) -> &'static str;

    /// The field of this name, or what its method without arguments gives.
    fn field(&self, name: &str) -> Option<Value>;

    /// What printing it gives.
    fn text(&self) -> Bytes;

    /// Itself, for the function that knows the Rust type.
    fn as_any(&self) -> &dyn Any;
}
