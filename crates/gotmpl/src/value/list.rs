//! Go's slices.

use std::cell::OnceCell;
use std::mem;
use std::rc::Rc;

use super::{Type, Value, release};

/// A slice of values of one static type. It does not change once made, but that [`sort`](Self::sort) puts it in order.
#[derive(Clone)]
pub struct List(Rc<Items>);

struct Items {
    elem: &'static Type,
    nil: bool,
    values: Vec<Value>,
    /// The values in order, once somebody has sorted them.
    sorted: OnceCell<Vec<Value>>,
}

impl List {
    /// A slice whose elements have this static type.
    pub fn new(elem: &'static Type, values: Vec<Value>) -> Self {
        Self(Rc::new(Items { elem, nil: false, values, sorted: OnceCell::new() }))
    }

    /// Go's nil slice: one that was never made. It is empty, and `null` as JSON.
    pub fn nil(elem: &'static Type) -> Self {
        Self(Rc::new(Items { elem, nil: true, values: Vec::new(), sorted: OnceCell::new() }))
    }

    /// A `[]interface {}`.
    pub fn any(values: Vec<Value>) -> Self {
        Self::new(&Type::Any, values)
    }

    /// A `[]string`.
    pub fn strings<T: AsRef<[u8]>>(values: impl IntoIterator<Item = T>) -> Self {
        Self::new(&Type::Str, values.into_iter().map(Value::str).collect())
    }

    /// The static type of its elements.
    pub fn elem(&self) -> &'static Type {
        self.0.elem
    }

    /// Its own type.
    pub fn go_type(&self) -> Type {
        Type::List(self.0.elem)
    }

    /// Its elements.
    pub fn values(&self) -> &[Value] {
        self.0.sorted.get().unwrap_or(&self.0.values)
    }

    /// Whether it is Go's nil rather than a list without elements.
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// Puts strings in order where they are: everybody who holds the list sees them sorted.
    pub(crate) fn sort(&self) {
        self.0.sorted.get_or_init(|| {
            let mut sorted = self.0.values.clone();
            sorted.sort_by(|left, right| match (left, right) {
                (Value::Str(left), Value::Str(right)) => left.cmp(right),
                _ => std::cmp::Ordering::Equal,
            });
            sorted
        });
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.0.values.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.values.is_empty()
    }

    /// Where it lies in memory: two lists of one address are one list.
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Its elements, if nobody else holds it.
    pub(super) fn into_unshared(self) -> Vec<Value> {
        Rc::try_unwrap(self.0).map(|mut items| mem::take(&mut items.values)).unwrap_or_default()
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        release(mem::take(&mut self.values));
    }
}
