//! The functions that templates call.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use crate::value::{Bytes, List, Map, Object, Type, Value};
use crate::{Budget, Limit};

/// Functions by name. Those of the engine need no entry; an entry of the same name takes their place.
#[derive(Clone, Default)]
pub struct Functions(BTreeMap<&'static str, Function>);

/// A function: what it takes, and what it does.
#[derive(Clone)]
pub(crate) struct Function {
    pub(crate) signature: Signature,
    pub(crate) body: Arc<Body>,
}

type Body = dyn Fn(&Call<'_>) -> Result<Value, FuncError> + Send + Sync;

/// The types of a function's parameters. Arguments of other types are refused before it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    pub(crate) fixed: &'static [Type],
    pub(crate) rest: Option<Type>,
}

impl Signature {
    /// Takes exactly these.
    pub const fn new(fixed: &'static [Type]) -> Self {
        Self { fixed, rest: None }
    }

    /// Takes these, and then any number of the last type.
    pub const fn variadic(fixed: &'static [Type], rest: Type) -> Self {
        Self { fixed, rest: Some(rest) }
    }

    /// The type of the argument at this index.
    pub(crate) fn parameter(&self, index: usize) -> Type {
        self.fixed.get(index).copied().or(self.rest).unwrap_or(Type::Any)
    }
}

/// Why a function failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FuncError {
    /// It refuses its arguments. The message must not quote them.
    #[error("{0}")]
    Failed(String),
    /// It fails in words that it was given: they are shown if the template has them itself, since they may be a value.
    #[error("it fails in words of the data")]
    Told(Bytes),
    /// It would take too much.
    #[error(transparent)]
    Limit(#[from] Limit),
}

impl FuncError {
    /// A refusal in these words.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}

/// One call of a function: its arguments, which have the types that the signature names, and what it may take.
pub struct Call<'a> {
    args: Vec<Value>,
    budget: &'a Budget<'a>,
}

impl<'a> Call<'a> {
    /// A call with these arguments.
    pub fn new(args: Vec<Value>, budget: &'a Budget<'a>) -> Self {
        Self { args, budget }
    }

    /// Takes the arguments back.
    pub(crate) fn into_args(self) -> Vec<Value> {
        self.args
    }

    /// All arguments.
    pub fn args(&self) -> &[Value] {
        &self.args
    }

    /// The argument at the index; nil past the end.
    pub fn arg(&self, index: usize) -> &Value {
        self.args.get(index).unwrap_or(&Value::Nil)
    }

    /// The string at the index; empty if it is none.
    pub fn bytes(&self, index: usize) -> Bytes {
        if let Value::Str(bytes) = self.arg(index) { bytes.clone() } else { Bytes::default() }
    }

    /// The whole number at the index; nought if it is none.
    pub fn int(&self, index: usize) -> i64 {
        self.arg(index).as_integer().unwrap_or_default()
    }

    /// The float at the index; nought if it is none.
    pub fn float(&self, index: usize) -> f64 {
        if let Value::Float(value) = self.arg(index) { *value } else { 0.0 }
    }

    /// The bool at the index; false if it is none.
    pub fn bool(&self, index: usize) -> bool {
        matches!(self.arg(index), Value::Bool(true))
    }

    /// The list at the index; empty if it is none.
    pub fn list(&self, index: usize) -> List {
        if let Value::List(list) = self.arg(index) { list.clone() } else { List::any(Vec::new()) }
    }

    /// The map at the index; empty if it is none.
    pub fn map(&self, index: usize) -> Map {
        if let Value::Map(map) = self.arg(index) { map.clone() } else { Map::any([]) }
    }

    /// The object at the index, if it is one.
    pub fn object(&self, index: usize) -> Option<Rc<dyn Object>> {
        if let Value::Object(object) = self.arg(index) { Some(Rc::clone(object)) } else { None }
    }

    /// What the function may take. It takes from it before it makes something large or does something long.
    pub fn budget(&self) -> &Budget<'a> {
        self.budget
    }

    /// A string of these bytes, taken from the budget.
    pub fn string(&self, bytes: impl Into<Bytes>) -> Result<Value, FuncError> {
        let bytes = bytes.into();
        self.budget.memory(bytes.len())?;
        Ok(Value::Str(bytes))
    }
}

impl Functions {
    /// No functions but the engine's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a function. A second one of the same name takes the place of the first.
    pub fn add<F>(&mut self, name: &'static str, signature: Signature, body: F) -> &mut Self
    where
        F: Fn(&Call<'_>) -> Result<Value, FuncError> + Send + Sync + 'static,
    {
        self.0.insert(name, Function { signature, body: Arc::new(body) });
        self
    }

    /// Whether there is a function of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }

    /// The function of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Function> {
        self.0.get(name)
    }
}
