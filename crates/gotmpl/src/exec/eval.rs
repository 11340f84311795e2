//! Pipelines, commands and constants.

use super::call::Args;
use super::{Exec, Operand, Result};
use crate::Value;
use crate::ast::{At, Command, Expr, ExprKind, Number, Pipe};

impl<'t> Exec<'t> {
    /// The value of a pipeline. Its variables stay until whoever evaluates it takes them back.
    pub(super) fn pipeline(&mut self, dot: &Operand, pipe: &'t Pipe) -> Result<Value> {
        self.at = At::Pipe(pipe);
        self.within(self.budget.enter())?;
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(dot, command, last)?.value);
        }
        self.budget.leave();
        let value = last.unwrap_or_default();
        for name in &pipe.variables {
            let value = Operand::bare(value.clone());
            if pipe.assign {
                self.assign(name, value)?;
            } else {
                self.variables.push((name, value));
            }
        }
        Ok(value)
    }

    /// The value of a command; `last` is what the one before it gave.
    fn command(&mut self, dot: &Operand, command: &'t Command, last: Option<Value>) -> Result<Operand> {
        let Some(first) = command.args.first() else { return Ok(Operand::bare(Value::Nil)) };
        let args = Args::new(&command.args[1..], last);
        match &first.kind {
            ExprKind::Field(names) => self.field(dot, first, names, args),
            ExprKind::Chain(inner, names) => self.chain(dot, first, inner, names, args),
            ExprKind::Variable(name, names) => self.variable(dot, first, name, names, args),
            ExprKind::Identifier(callee) => {
                self.at = At::Expr(first);
                self.call(dot, callee, At::Command(command), args.exprs, args.last).map(Operand::bare)
            }
            ExprKind::Pipe(pipe) => {
                self.refuse_args(first, args.are_given())?;
                self.pipeline(dot, pipe).map(Operand::bare)
            }
            ExprKind::Dot
            | ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String { .. } => {
                self.at = At::Expr(first);
                self.refuse_args(first, args.are_given())?;
                self.constant(dot, first)
            }
        }
    }

    /// The value of a word that is no function.
    pub(super) fn constant(&mut self, dot: &Operand, expr: &'t Expr) -> Result<Operand> {
        let value = match &expr.kind {
            ExprKind::Dot => return Ok(dot.clone()),
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Number(number) => self.number(number)?,
            ExprKind::String { value, .. } => self.string(value)?,
            ExprKind::Nil => return Err(self.fail("nil is not a command")),
            ExprKind::Identifier(_)
            | ExprKind::Field(_)
            | ExprKind::Variable(..)
            | ExprKind::Chain(..)
            | ExprKind::Pipe(_) => {
                let shown = At::Expr(expr).show(&self.parsed.source);
                return Err(self.fail(format!("can't evaluate command {}", crate::text::quoted(&shown))));
            }
        };
        Ok(Operand::bare(value))
    }

    /// A number where its own form decides its type.
    fn number(&self, number: &Number) -> Result<Value> {
        if let Some(float) = number.float
            && number.is_float()
        {
            return Ok(Value::Float(float));
        }
        let overflow = || self.fail(format!("{} overflows int", number.text));
        number.int.map(Value::Int).ok_or_else(overflow)
    }

    /// A string of the template.
    pub(super) fn string(&self, bytes: &[u8]) -> Result<Value> {
        self.within(self.budget.memory(bytes.len()))?;
        Ok(Value::str(bytes))
    }

    pub(super) fn refuse_args(&self, expr: &'t Expr, has_args: bool) -> Result<()> {
        if !has_args {
            return Ok(());
        }
        let shown = At::Expr(expr).show(&self.parsed.source);
        Err(self.fail(format!("can't give argument to non-function {shown}")))
    }

    /// Gives the innermost variable of this name another value.
    pub(super) fn assign(&mut self, name: &str, value: Operand) -> Result<()> {
        *self.slot(name)? = value;
        Ok(())
    }

    /// The innermost variable of this name. It takes steps to pass by very many others.
    pub(super) fn slot(&mut self, name: &str) -> Result<&mut Operand> {
        let Some(place) = self.variables.iter().rposition(|(known, _)| *known == name) else {
            return Err(self.fail(format!("undefined variable: {name}")));
        };
        self.within(self.budget.steps((self.variables.len() - place) as u64 / 64))?;
        Ok(&mut self.variables[place].1)
    }
}
