//! Go's maps with string keys.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::mem;
use std::rc::Rc;

use super::{Bytes, Type, Value, release};
use crate::{Budget, FuncError};

/// A map of values of one static type, sorted by key. Those who share it see what one of them changes.
#[derive(Clone)]
pub struct Map(Rc<Entries>);

struct Entries {
    elem: &'static Type,
    nil: bool,
    values: RefCell<BTreeMap<Bytes, Value>>,
}

impl Map {
    /// A map whose values have this static type. Of equal keys the last one stays.
    pub fn new(elem: &'static Type, entries: impl IntoIterator<Item = (Bytes, Value)>) -> Self {
        let values = RefCell::new(entries.into_iter().collect());
        Self(Rc::new(Entries { elem, nil: false, values }))
    }

    /// Go's nil map: one that was never made. It is empty, stays so, and is `null` as JSON.
    pub fn nil(elem: &'static Type) -> Self {
        Self(Rc::new(Entries { elem, nil: true, values: RefCell::default() }))
    }

    /// Whether it is Go's nil rather than a map without entries.
    pub fn is_nil(&self) -> bool {
        self.0.nil
    }

    /// A `map[string]interface {}`.
    pub fn any(entries: impl IntoIterator<Item = (Bytes, Value)>) -> Self {
        Self::new(&Type::Any, entries)
    }

    /// The static type of its values.
    pub fn elem(&self) -> &'static Type {
        self.0.elem
    }

    /// Its own type.
    pub fn go_type(&self) -> Type {
        Type::Map(self.0.elem)
    }

    /// The value of the key.
    pub fn get(&self, key: &[u8]) -> Option<Value> {
        self.0.values.borrow().get(key).cloned()
    }

    /// Its keys in order.
    pub fn keys(&self) -> Vec<Bytes> {
        self.0.values.borrow().keys().cloned().collect()
    }

    /// Its entries in order, as they are now.
    pub fn entries(&self) -> Vec<(Bytes, Value)> {
        self.0.values.borrow().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.0.values.borrow().len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.0.values.borrow().is_empty()
    }

    /// Gives the key this value. Nil takes none, and a map cannot be put into itself: Go lets it, and dies when it is printed.
    pub fn insert(&self, key: Bytes, value: Value, budget: &Budget<'_>) -> Result<(), FuncError> {
        if self.is_nil() {
            return Err(FuncError::failed("assignment to entry in nil map"));
        }
        budget.memory(key.len() + size_of::<(Bytes, Value)>())?;
        if self.is_within(&value, budget)? {
            return Err(FuncError::failed("a map cannot hold itself"));
        }
        let old = self.0.values.borrow_mut().insert(key, value);
        drop(old);
        Ok(())
    }

    /// Takes the key out.
    pub fn remove(&self, key: &[u8]) -> Option<Value> {
        self.0.values.borrow_mut().remove(key)
    }

    /// Where it lies in memory: two maps of one address are one map.
    pub(crate) fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// Whether the value is this map or holds it, however deep.
    fn is_within(&self, value: &Value, budget: &Budget<'_>) -> Result<bool, FuncError> {
        let (mut pending, mut seen) = (vec![value.clone()], HashSet::new());
        while let Some(value) = pending.pop() {
            if let Value::List(list) = &value
                && seen.insert(list.address())
            {
                budget.steps(1 + list.len() as u64)?;
                pending.extend_from_slice(list.values());
            } else if let Value::Map(map) = &value
                && seen.insert(map.address())
            {
                if map.address() == self.address() {
                    return Ok(true);
                }
                budget.steps(1 + map.len() as u64)?;
                pending.extend(map.0.values.borrow().values().cloned());
            }
        }
        Ok(false)
    }

    /// Its values, if nobody else holds it.
    pub(super) fn into_unshared(self) -> Vec<Value> {
        Rc::try_unwrap(self.0).map(|mut entries| entries.take()).unwrap_or_default()
    }
}

impl Entries {
    fn take(&mut self) -> Vec<Value> {
        mem::take(self.values.get_mut()).into_values().collect()
    }
}

impl Drop for Entries {
    fn drop(&mut self) {
        release(self.take());
    }
}
