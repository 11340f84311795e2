//! Fields of maps and structs, and variables.

use super::call::Args;
use super::{Exec, Operand, Result};
use crate::ast::{At, Expr, ExprKind};
use crate::value::{Map, Type};
use crate::{ExecErrorKind, MissingKey, Value, text};

impl<'t> Exec<'t> {
    /// `.A.B`
    pub(super) fn field(
        &mut self,
        dot: &Operand,
        expr: &'t Expr,
        names: &'t [String],
        args: Args<'t>,
    ) -> Result<Operand> {
        self.at = At::Expr(expr);
        self.follow(dot, At::Expr(expr), dot.clone(), names, args)
    }

    /// `(…).A.B`
    pub(super) fn chain(
        &mut self,
        dot: &Operand,
        expr: &'t Expr,
        inner: &'t Expr,
        names: &'t [String],
        args: Args<'t>,
    ) -> Result<Operand> {
        self.at = At::Expr(expr);
        let value = self.arg(dot, None, inner)?;
        // A function gives nil in an interface, a pipeline takes it out.
        let boxed = matches!(value, Value::Nil) && matches!(inner.kind, ExprKind::Identifier(_));
        self.follow(dot, At::Expr(expr), Operand { value, boxed }, names, args)
    }

    /// `$x` and `$x.A.B`
    pub(super) fn variable(
        &mut self,
        dot: &Operand,
        expr: &'t Expr,
        name: &'t str,
        names: &'t [String],
        args: Args<'t>,
    ) -> Result<Operand> {
        self.at = At::Expr(expr);
        let value = self.slot(name)?.clone();
        if names.is_empty() {
            self.refuse_args(expr, args.are_given())?;
        }
        self.follow(dot, At::Expr(expr), value, names, args)
    }

    /// One name after the other. Arguments would be for the last one.
    fn follow(
        &mut self,
        dot: &Operand,
        at: At<'t>,
        mut receiver: Operand,
        names: &'t [String],
        args: Args<'t>,
    ) -> Result<Operand> {
        let Some((last, before)) = names.split_last() else { return Ok(receiver) };
        for name in before {
            receiver = self.member(dot, at, &receiver, name, Args::none())?;
        }
        self.member(dot, at, &receiver, last, args)
    }

    fn member(
        &mut self,
        dot: &Operand,
        at: At<'t>,
        receiver: &Operand,
        name: &'t str,
        args: Args<'t>,
    ) -> Result<Operand> {
        let has_args = args.are_given();
        if let Value::Object(object) = &receiver.value
            && let Some(signature) = object.method(name)
        {
            let value = self.call_method(dot, at, object, name, &signature, args)?;
            return Ok(Operand::bare(value));
        }
        if let Value::Map(map) = &receiver.value {
            if has_args {
                return Err(self.fail(format!("{name} is not a method but has arguments")));
            }
            return self.entry(map, name);
        }
        if let Value::Object(object) = &receiver.value
            && let Some(value) = object.field(name)
        {
            if has_args {
                let message = format!("{name} has arguments but cannot be invoked as function");
                return Err(self.fail(message));
            }
            return Ok(Operand::bare(value));
        }
        self.no_member(receiver, name)
    }

    fn entry(&self, map: &Map, name: &str) -> Result<Operand> {
        if let Some(value) = map.get(name.as_bytes()) {
            return Ok(Operand::element(value, map.elem()));
        }
        match self.parsed.missing_key {
            MissingKey::Default => Ok(Operand::bare(Value::Nil)),
            MissingKey::Zero => Ok(Operand::element(map.elem().zero(), map.elem())),
            MissingKey::Error => Err(self.error(ExecErrorKind::MissingKey(name.to_owned()))),
        }
    }

    /// What has no fields. Fields of nothing are nothing, unless missing keys are errors.
    fn no_member(&self, receiver: &Operand, name: &str) -> Result<Operand> {
        let nil = matches!(receiver.value, Value::Nil);
        if nil && receiver.boxed {
            return Err(self.fail(format!("nil pointer evaluating {}.{name}", Type::Any)));
        }
        if nil && self.parsed.missing_key == MissingKey::Error {
            return Err(self.fail(format!("nil data; no entry for key {}", text::quoted(name))));
        }
        if nil {
            return Ok(Operand::bare(Value::Nil));
        }
        let kind = if receiver.boxed { Type::Any.to_string() } else { receiver.value.type_name() };
        Err(self.fail(format!("can't evaluate field {name} in type {kind}")))
    }
}
