//! Arguments of functions, and whether they have the types of the parameters.

use super::call::Args;
use super::{Exec, Operand, Result};
use crate::ast::{At, Expr, ExprKind, Number};
use crate::{ExecError, Type, Value, library};

impl<'t> Exec<'t> {
    /// The value of an operand, as a parameter of this type takes it. Without a type anything will do.
    pub(super) fn arg(&mut self, dot: &Operand, kind: Option<Type>, expr: &'t Expr) -> Result<Value> {
        self.at = At::Expr(expr);
        let value = match &expr.kind {
            ExprKind::Dot => dot.clone(),
            ExprKind::Nil => {
                self.boxed.set(false);
                return self.nil(kind);
            }
            ExprKind::Field(names) => self.field(dot, expr, names, Args::none())?,
            ExprKind::Variable(name, names) => self.variable(dot, expr, name, names, Args::none())?,
            ExprKind::Pipe(pipe) => Operand::bare(self.pipeline(dot, pipe)?),
            ExprKind::Identifier(callee) => {
                let value = self.call(dot, callee, At::Expr(expr), &[], None)?;
                Operand { boxed: matches!(value, Value::Nil), value }
            }
            ExprKind::Chain(inner, names) => self.chain(dot, expr, inner, names, Args::none())?,
            ExprKind::Bool(_) | ExprKind::Number(_) | ExprKind::String { .. } => {
                return self.literal(dot, kind.unwrap_or(Type::Any), expr);
            }
        };
        self.convert(value, kind)
    }

    /// The word nil.
    fn nil(&self, kind: Option<Type>) -> Result<Value> {
        let kind = kind.unwrap_or(Type::Any);
        if kind.takes_nil() {
            Ok(kind.zero())
        } else {
            Err(self.fail(format!("cannot assign nil to {kind}")))
        }
    }

    /// The value, if a parameter of this type takes it.
    pub(super) fn convert(&self, operand: Operand, kind: Option<Type>) -> Result<Value> {
        let Operand { value, boxed } = operand;
        self.boxed.set(boxed);
        let Some(kind) = kind else { return Ok(value) };
        if matches!(kind, Type::Any | Type::Reflect) || value.go_type() == Some(kind) {
            return Ok(value);
        }
        let got = match value.go_type() {
            Some(got) => got,
            None if boxed => Type::Any,
            None if kind.takes_nil() => return Ok(kind.zero()),
            None => return Err(self.fail(format!("invalid value; expected {kind}"))),
        };
        Err(self.fail(format!("wrong type for value; expected {kind}; got {got}")))
    }

    /// A literal, which takes the type of the parameter if it can.
    fn literal(&mut self, dot: &Operand, kind: Type, expr: &'t Expr) -> Result<Value> {
        match kind {
            Type::Any | Type::Reflect => self.constant(dot, expr).map(|operand| operand.value),
            Type::Bool => self.bool_literal(expr),
            Type::Str => self.string_literal(expr),
            Type::Int => self.whole(expr).map(Value::Int),
            Type::Int64 => self.whole(expr).map(Value::Int64),
            Type::Byte => self.byte(expr),
            Type::Float => {
                let float = number(expr).and_then(|number| number.float);
                float.map(Value::Float).ok_or_else(|| self.expected("float", expr))
            }
            Type::Object("time.Duration") => self.whole(expr).map(library::duration),
            Type::List(_) | Type::Map(_) | Type::Object(_) => {
                let shown = At::Expr(expr).show(&self.parsed.source);
                Err(self.fail(format!("can't handle {shown} for arg of type {kind}")))
            }
        }
    }

    fn bool_literal(&self, expr: &Expr) -> Result<Value> {
        let ExprKind::Bool(value) = &expr.kind else { return Err(self.expected("bool", expr)) };
        Ok(Value::Bool(*value))
    }

    fn string_literal(&self, expr: &Expr) -> Result<Value> {
        let ExprKind::String { value, .. } = &expr.kind else { return Err(self.expected("string", expr)) };
        self.string(value)
    }

    fn whole(&self, expr: &Expr) -> Result<i64> {
        number(expr).and_then(|number| number.int).ok_or_else(|| self.expected("integer", expr))
    }

    fn byte(&self, expr: &Expr) -> Result<Value> {
        let value = number(expr).and_then(|number| number.uint);
        let value = value.ok_or_else(|| self.expected("unsigned integer", expr))?;
        Ok(Value::Byte(value.to_le_bytes()[0]))
    }

    fn expected(&self, what: &str, expr: &Expr) -> ExecError {
        self.fail(format!("expected {what}; found {}", At::Expr(expr).show(&self.parsed.source)))
    }
}

fn number(expr: &Expr) -> Option<&Number> {
    if let ExprKind::Number(number) = &expr.kind { Some(number) } else { None }
}
