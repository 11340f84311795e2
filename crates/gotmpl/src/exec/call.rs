//! Calls of functions.

use std::rc::Rc;

use super::{Exec, Operand, Result};
use crate::ast::{At, Callee, Expr, ExprKind, Way};
use crate::functions::{Function, Signature};
use crate::{Call, ExecErrorKind, FuncError, Object, Value};

/// What stands behind a word, and the last value of the pipeline if there is one.
pub(super) struct Args<'t> {
    pub(super) exprs: &'t [Expr],
    pub(super) last: Option<Value>,
}

impl<'t> Args<'t> {
    pub(super) fn new(exprs: &'t [Expr], last: Option<Value>) -> Self {
        Self { exprs, last }
    }

    pub(super) fn none() -> Self {
        Self { exprs: &[], last: None }
    }

    pub(super) fn are_given(&self) -> bool {
        !self.exprs.is_empty() || self.last.is_some()
    }
}

impl<'t> Exec<'t> {
    /// Calls a method of an object.
    pub(super) fn call_method(
        &mut self,
        dot: &Operand,
        at: At<'t>,
        object: &Rc<dyn Object>,
        name: &str,
        signature: &Signature,
        args: Args<'t>,
    ) -> Result<Value> {
        self.within(self.budget.steps(1))?;
        self.check_count(name, signature, args.exprs.len(), args.last.is_some())?;
        let values = self.arguments(dot, signature, args.exprs, args.last)?;
        let result = object.call(name, &Call::new(values, self.budget));
        result.map_err(|failure| self.refused(name, at, failure))
    }

    /// Calls a function with these arguments and, if there is one, the last value of the pipeline.
    pub(super) fn call(
        &mut self,
        dot: &Operand,
        callee: &'t Callee,
        at: At<'t>,
        args: &'t [Expr],
        last: Option<Value>,
    ) -> Result<Value> {
        self.within(self.budget.steps(1))?;
        let Callee { name, function, way } = callee;
        self.check_count(name, &function.signature, args.len(), last.is_some())?;
        match way {
            Way::Plain => self.call_function(dot, name, function, at, args, last),
            Way::And => self.logic(dot, false, args, last),
            Way::Or => self.logic(dot, true, args, last),
            Way::Len => self.length(dot, function, at, args, last),
            Way::Call => self.call_value(dot, at, args, last),
        }
    }

    fn check_count(&self, name: &str, signature: &Signature, args: usize, last: bool) -> Result<()> {
        let (want, got) = (signature.fixed.len(), args + usize::from(last));
        if signature.rest.is_some() && got < want {
            let message = format!("wrong number of args for {name}: want at least {want} got {args}");
            return Err(self.fail(message));
        }
        if signature.rest.is_none() && got != want {
            return Err(self.fail(format!("wrong number of args for {name}: want {want} got {got}")));
        }
        Ok(())
    }

    fn call_function(
        &mut self,
        dot: &Operand,
        name: &'t str,
        function: &'t Function,
        at: At<'t>,
        args: &'t [Expr],
        last: Option<Value>,
    ) -> Result<Value> {
        let call = Call::new(self.arguments(dot, &function.signature, args, last)?, self.budget);
        let result = (function.body)(&call);
        let mut values = call.into_args();
        values.clear();
        self.spare.push(values);
        result.map_err(|failure| self.refused(name, at, failure))
    }

    /// `len`, which says of nothing at all what Go's reflection says.
    fn length(
        &mut self,
        dot: &Operand,
        function: &'t Function,
        at: At<'t>,
        args: &'t [Expr],
        last: Option<Value>,
    ) -> Result<Value> {
        let values = self.arguments(dot, &function.signature, args, last)?;
        let nothing = !self.boxed.get() && matches!(values.first(), Some(Value::Nil));
        let result = if nothing {
            Err(FuncError::failed("reflect: call of reflect.Value.Type on zero Value"))
        } else {
            (function.body)(&Call::new(values, self.budget))
        };
        result.map_err(|failure| self.refused("len", at, failure))
    }

    /// The values of the arguments, each of which has the type of its parameter.
    fn arguments(
        &mut self,
        dot: &Operand,
        signature: &Signature,
        args: &'t [Expr],
        last: Option<Value>,
    ) -> Result<Vec<Value>> {
        let mut values = self.spare.pop().unwrap_or_default();
        values.reserve_exact(args.len() + 1);
        for (index, expr) in args.iter().enumerate() {
            values.push(self.arg(dot, Some(signature.parameter(index)), expr)?);
        }
        if let Some(last) = last {
            let kind = signature.parameter(args.len());
            values.push(self.convert(Operand::bare(last), Some(kind))?);
        }
        Ok(values)
    }

    /// A function's failure becomes an error at the whole command.
    fn refused(&mut self, name: &str, at: At<'t>, failure: FuncError) -> crate::ExecError {
        self.at = at;
        self.error(match failure {
            FuncError::Failed(message) => ExecErrorKind::Function { name: name.to_owned(), message },
            FuncError::Told(words) => {
                ExecErrorKind::Function { name: name.to_owned(), message: self.told(at, &words) }
            }
            FuncError::Limit(limit) => ExecErrorKind::Limit(limit),
        })
    }

    /// The words that a function was told to fail with, if they stand in the template: others may be a value.
    fn told(&self, at: At<'t>, words: &[u8]) -> String {
        let literal = |expr: &Expr| matches!(&expr.kind, ExprKind::String { value, .. } if **value == *words);
        let written = matches!(at, At::Command(command) if command.args.iter().any(literal))
            || memchr::memmem::find(&self.parsed.source, words).is_some();
        if written {
            String::from_utf8_lossy(words).into_owned()
        } else {
            FuncError::Told(words.into()).to_string()
        }
    }

    /// `and` and `or` evaluate no argument past the one that decides.
    fn logic(&mut self, dot: &Operand, or: bool, args: &'t [Expr], last: Option<Value>) -> Result<Value> {
        let mut value = Value::Nil;
        for expr in args {
            value = self.arg(dot, Some(crate::Type::Reflect), expr)?;
            if value.truth() == or {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// `call`: no value is a function here, so it always fails.
    fn call_value(
        &mut self,
        dot: &Operand,
        at: At<'t>,
        args: &'t [Expr],
        last: Option<Value>,
    ) -> Result<Value> {
        let mut values = Vec::with_capacity(args.len() + 1);
        for expr in args {
            values.push(self.arg(dot, Some(crate::Type::Reflect), expr)?);
        }
        values.extend(last);
        let callee = values.into_iter().next().unwrap_or_default();
        let kind = callee.type_name();
        let shown = args.first().map(|expr| At::Expr(expr).show(&self.parsed.source));
        let shown = shown.unwrap_or_else(|| format!("<{kind} Value>"));
        let message = if matches!(callee, Value::Nil) {
            "call of nil".to_owned()
        } else {
            format!("non-function {shown} of type {kind}")
        };
        Err(self.refused("call", at, FuncError::Failed(message)))
    }
}
