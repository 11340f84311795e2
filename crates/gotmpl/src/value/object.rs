//! Go's structs.

use std::any::Any;

use super::{Bytes, Value};
use crate::{Call, FuncError, Signature};

/// A value that is neither text nor number nor a collection: a function makes it, a function takes it, a template
/// may read its fields.
pub trait Object {
    /// Its Go type, such as `time.Time`.
    fn type_name(&self) -> &'static str;

    /// The field of this name, or what its method without arguments gives.
    fn field(&self, name: &str) -> Option<Value>;

    /// What the method of this name takes; None if there is no such method. A method that takes nothing may be left to
    /// [`field`](Self::field); then it only lacks Go's words for arguments that are too many.
    fn method(&self, _name: &str) -> Option<Signature> {
        None
    }

    /// Calls a method that [`method`](Self::method) knows, with arguments of its types.
    ///
    /// # Errors
    /// The method refuses them, or there is none of this name.
    fn call(&self, _name: &str, _call: &Call<'_>) -> Result<Value, FuncError> {
        Err(FuncError::failed("there is no such method"))
    }

    /// The whole number that it is to Go, whatever printing gives: a duration is its nanoseconds.
    fn number(&self) -> Option<i64> {
        None
    }

    /// What printing it gives.
    fn text(&self) -> Bytes;

    /// What JSON and YAML have in its place: its number or its text, if it does not say otherwise. None if they cannot have it.
    fn json(&self) -> Option<Value> {
        Some(self.number().map_or_else(|| Value::Str(self.text()), Value::Int64))
    }

    /// Whether Go's `==` takes the two for one: only if they are, as with pointers, if it does not say otherwise.
    fn equals(&self, other: &dyn Object) -> bool {
        std::ptr::addr_eq(self.as_any(), other.as_any())
    }

    /// Itself, for the function that knows the Rust type.
    fn as_any(&self) -> &dyn Any;
}
