//! Pipelines and commands.

use super::{Parser, Result};
use crate::ast::{Command, ExprKind, Pipe};
use crate::lex::{Kind, Token};

impl Parser<'_> {
    /// Declarations, if there are any, and commands up to the token `end`.
    pub(super) fn pipeline(&mut self, context: &str, end: &Kind) -> Result<Pipe> {
        self.enter()?;
        let pos = self.peek_non_space().pos();
        let mut pipe = Pipe { pos, assign: false, variables: Vec::new(), commands: Vec::new() };
        while self.declaration(&mut pipe, context)? {}
        loop {
            let token = self.next_non_space();
            if token.kind == *end {
                self.depth -= 1;
                self.check(&pipe, context)?;
                return Ok(pipe);
            }
            if !begins_command(&token) {
                return Err(self.unexpected(&token, context));
            }
            self.unread(token);
            pipe.commands.push(self.command()?);
        }
    }

    /// A variable that gets the pipeline's value. True if another one may follow.
    fn declaration(&mut self, pipe: &mut Pipe, context: &str) -> Result<bool> {
        let variable = self.peek_non_space();
        if variable.kind != Kind::Variable {
            return Ok(false);
        }
        self.next();
        let behind = self.peek();
        let next = self.peek_non_space();
        let comma = next.kind == Kind::Char && self.source[next.span.clone()] == *b",";
        if matches!(next.kind, Kind::Assign | Kind::Declare) {
            self.next_non_space();
            pipe.assign = next.kind == Kind::Assign;
            self.declare(pipe, &variable);
        } else if comma {
            self.next_non_space();
            self.declare(pipe, &variable);
            return self.second_declaration(pipe, context);
        } else {
            if behind.kind == Kind::Space {
                self.unread(behind);
            }
            self.unread(variable);
        }
        Ok(false)
    }

    fn declare(&mut self, pipe: &mut Pipe, variable: &Token) {
        let name = self.string(variable);
        self.scope.declare(&name);
        pipe.variables.push(name);
    }

    /// Behind a comma: only `range` has a second variable.
    fn second_declaration(&mut self, pipe: &Pipe, context: &str) -> Result<bool> {
        if context != "range" || pipe.variables.len() >= 2 {
            return Err(self.syntax(format!("too many declarations in {context}")));
        }
        let next = self.peek_non_space().kind;
        if matches!(next, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
            return Ok(true);
        }
        Err(self.syntax("range can only initialize variables"))
    }

    fn check(&self, pipe: &Pipe, context: &str) -> Result<()> {
        if pipe.commands.is_empty() {
            return Err(self.syntax(format!("missing value for {context}")));
        }
        for (index, command) in pipe.commands.iter().enumerate().skip(1) {
            if command.args.first().is_some_and(|first| is_constant(&first.kind)) {
                let stage = index + 1;
                return Err(self.syntax(format!("non executable command in pipeline stage {stage}")));
            }
        }
        Ok(())
    }

    /// Operands up to a pipe, which is read, or to the pipeline's end, which is not.
    fn command(&mut self) -> Result<Command> {
        let mut command = Command { pos: self.peek_non_space().pos(), args: Vec::new() };
        loop {
            self.peek_non_space();
            command.args.extend(self.operand()?);
            let token = self.next();
            if token.kind == Kind::Space {
                continue;
            }
            if matches!(token.kind, Kind::RightDelim | Kind::RightParen) {
                self.unread(token);
            } else if token.kind != Kind::Pipe {
                return Err(self.unexpected(&token, "operand"));
            }
            break;
        }
        if command.args.is_empty() {
            return Err(self.syntax("empty command"));
        }
        Ok(command)
    }
}

fn begins_command(token: &Token) -> bool {
    use crate::lex::Keyword::{Dot, Nil};
    matches!(
        token.kind,
        Kind::Bool
            | Kind::CharConstant
            | Kind::Complex
            | Kind::Keyword(Dot | Nil)
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::RawString
            | Kind::String
            | Kind::Variable
            | Kind::LeftParen
    )
}

/// Whether it is nothing that could take an argument.
fn is_constant(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Bool(_) | ExprKind::Dot | ExprKind::Nil | ExprKind::Number(_) | ExprKind::String { .. }
    )
}
