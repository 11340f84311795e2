//! Operands.

use super::{Parser, Result, number, unquote};
use crate::ast::{Callee, Expr, ExprKind, Way};
use crate::lex::{Keyword, Kind, Token};
use crate::{ParseErrorKind, builtin, text};

impl Parser<'_> {
    /// A term and the fields behind it; None if none comes next.
    pub(super) fn operand(&mut self) -> Result<Option<Expr>> {
        let Some(term) = self.term()? else { return Ok(None) };
        let pos = self.peek().pos();
        let mut fields = Vec::new();
        while self.peek().kind == Kind::Field {
            let token = self.next();
            fields.push(self.field_name(&token));
        }
        if fields.is_empty() {
            return Ok(Some(term));
        }
        self.chain(term, pos, fields).map(Some)
    }

    /// Fields of a term, which must be one that can have fields.
    fn chain(&mut self, term: Expr, pos: usize, fields: Vec<String>) -> Result<Expr> {
        let shown = match &term.kind {
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Nil => "nil".to_owned(),
            ExprKind::Dot => ".".to_owned(),
            ExprKind::Number(number) => number.text.clone(),
            ExprKind::String { literal, .. } => {
                String::from_utf8_lossy(&self.source[literal.clone()]).into_owned()
            }
            ExprKind::Identifier(_)
            | ExprKind::Field(_)
            | ExprKind::Variable(..)
            | ExprKind::Chain(..)
            | ExprKind::Pipe(_) => return Ok(Expr { pos, kind: lengthen(term, fields) }),
        };
        Err(self.syntax(format!("unexpected . after term {}", text::quoted(&shown))))
    }

    fn term(&mut self) -> Result<Option<Expr>> {
        let token = self.next_non_space();
        let pos = token.pos();
        let kind = match &token.kind {
            Kind::Identifier => self.function(&token)?,
            Kind::Keyword(Keyword::Dot) => ExprKind::Dot,
            Kind::Keyword(Keyword::Nil) => ExprKind::Nil,
            Kind::Variable => self.variable(&token)?,
            Kind::Field => ExprKind::Field(vec![self.field_name(&token)]),
            Kind::Bool => ExprKind::Bool(self.source[token.span.clone()] == *b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => {
                let number = number::parse(&self.string(&token), &token.kind);
                ExprKind::Number(number.map_err(|kind| self.fail(kind))?)
            }
            Kind::String | Kind::RawString => {
                ExprKind::String { value: self.unquote(&token)?, literal: token.span.clone() }
            }
            Kind::LeftParen => {
                let pipe = self.pipeline("parenthesized pipeline", &Kind::RightParen)?;
                return Ok(Some(Expr { pos: pipe.pos, kind: ExprKind::Pipe(Box::new(pipe)) }));
            }
            Kind::Error(_)
            | Kind::Char
            | Kind::Assign
            | Kind::Declare
            | Kind::Eof
            | Kind::LeftDelim
            | Kind::Pipe
            | Kind::RightDelim
            | Kind::RightParen
            | Kind::Space
            | Kind::Text
            | Kind::Keyword(_) => {
                self.unread(token);
                return Ok(None);
            }
        };
        Ok(Some(Expr { pos, kind }))
    }

    fn function(&mut self, token: &Token) -> Result<ExprKind> {
        let name = self.string(token);
        let own = self.functions.get(&name);
        let Some(function) = own.or_else(|| builtin::get(&name)).cloned() else {
            return Err(self.fail(ParseErrorKind::UnknownFunction(name)));
        };
        let way = if own.is_some() { Way::Plain } else { builtin::way(&name) };
        Ok(ExprKind::Identifier(Callee { name, function, way }))
    }

    fn variable(&mut self, token: &Token) -> Result<ExprKind> {
        let name = self.string(token);
        if self.scope.knows(&name) {
            return Ok(ExprKind::Variable(name, Vec::new()));
        }
        Err(self.syntax(format!("undefined variable {}", text::quoted(&name))))
    }

    /// The name of a field without its dot.
    fn field_name(&self, token: &Token) -> String {
        self.string(token).split_off(1)
    }

    /// The token's text.
    pub(super) fn string(&self, token: &Token) -> String {
        String::from_utf8_lossy(&self.source[token.span.clone()]).into_owned()
    }

    /// What the string literal stands for.
    pub(super) fn unquote(&self, token: &Token) -> Result<Vec<u8>> {
        unquote::string(&self.source[token.span.clone()]).ok_or_else(|| self.syntax("invalid syntax"))
    }
}

/// The term with more fields. Fields and variables take them in; what else has fields is wrapped.
fn lengthen(term: Expr, mut more: Vec<String>) -> ExprKind {
    if let ExprKind::Field(mut names) = term.kind {
        names.append(&mut more);
        ExprKind::Field(names)
    } else if let ExprKind::Variable(name, mut names) = term.kind {
        names.append(&mut more);
        ExprKind::Variable(name, names)
    } else {
        ExprKind::Chain(Box::new(term), more)
    }
}
