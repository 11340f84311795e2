//! A template as a tree.

use std::ops::Range;

use crate::functions::Function;

/// A sequence of nodes.
pub(crate) type Nodes = Vec<Node>;

/// What stands in a template. Positions are bytes from the beginning of the source.
pub(crate) enum Node {
    /// Plain text: this part of the source.
    Text(Range<usize>),
    /// A pipeline whose value is printed, unless it declares a variable.
    Action(Pipe),
    /// `if`
    If(Branches),
    /// `with`
    With(Branches),
    /// `range`
    Range(Loop),
    /// `template` and `block`
    Template(Invocation),
    /// `break`
    Break,
    /// `continue`
    Continue,
}

/// `if`, each `else if`, and `else`; likewise with `with`.
pub(crate) struct Branches {
    pub(crate) arms: Vec<(Pipe, Nodes)>,
    pub(crate) otherwise: Option<Nodes>,
}

/// `range` and its `else`.
pub(crate) struct Loop {
    pub(crate) pipe: Pipe,
    pub(crate) body: Nodes,
    pub(crate) otherwise: Option<Nodes>,
}

/// The call of a template by name.
pub(crate) struct Invocation {
    pub(crate) pos: usize,
    pub(crate) name: Vec<u8>,
    pub(crate) pipe: Option<Pipe>,
}

/// Commands, each of which gets what the one before it gave, and the variables that get the last value.
pub(crate) struct Pipe {
    pub(crate) pos: usize,
    pub(crate) assign: bool,
    pub(crate) variables: Vec<String>,
    pub(crate) commands: Vec<Command>,
}

/// Operands: the first one may be a function, the others are its arguments.
pub(crate) struct Command {
    pub(crate) pos: usize,
    pub(crate) args: Vec<Expr>,
}

/// An operand.
pub(crate) struct Expr {
    pub(crate) pos: usize,
    pub(crate) kind: ExprKind,
}

/// The kinds of operands.
pub(crate) enum ExprKind {
    Identifier(Callee),
    Dot,
    Nil,
    Bool(bool),
    Number(Number),
    /// A string, and how it stands in the source.
    String {
        value: Vec<u8>,
        literal: Range<usize>,
    },
    /// Fields of dot.
    Field(Vec<String>),
    /// A variable, and fields of it.
    Variable(String, Vec<String>),
    /// Fields of another operand.
    Chain(Box<Expr>, Vec<String>),
    Pipe(Box<Pipe>),
}

/// A function by the name that the template calls it by, looked up once for all its calls.
pub(crate) struct Callee {
    pub(crate) name: String,
    pub(crate) function: Function,
    pub(crate) way: Way,
}

/// How a function is called.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// With all its arguments evaluated.
    Plain,
    /// `and` and `or`, which stop at the argument that decides.
    And,
    Or,
    /// `len`, which tells two kinds of nothing apart.
    Len,
    /// `call`, which calls its first argument.
    Call,
}

/// A number, as each type that can hold it.
pub(crate) struct Number {
    pub(crate) text: String,
    pub(crate) int: Option<i64>,
    pub(crate) uint: Option<u64>,
    pub(crate) float: Option<f64>,
}

impl Number {
    /// Whether it is written as a float.
    pub(crate) fn is_float(&self) -> bool {
        let text = self.text.as_str();
        let hex = (text.starts_with("0x") || text.starts_with("0X")) && text.len() > 2;
        let hex_int = hex && !text.contains(['p', 'P']);
        self.float.is_some()
            && !hex_int
            && !text.starts_with('\'')
            && text.contains(['.', 'e', 'E', 'p', 'P'])
    }
}

/// The place of an error: the node that was being worked on.
#[derive(Clone, Copy)]
pub(crate) enum At<'t> {
    Start,
    Text(usize),
    Action(&'t Pipe),
    Pipe(&'t Pipe),
    Command(&'t Command),
    Expr(&'t Expr),
    Template(&'t Invocation),
}

impl At<'_> {
    /// Where it is.
    pub(crate) fn pos(&self) -> usize {
        match self {
            Self::Start => 0,
            Self::Text(pos) => *pos,
            Self::Action(pipe) | Self::Pipe(pipe) => pipe.pos,
            Self::Command(command) => command.pos,
            Self::Expr(expr) => expr.pos,
            Self::Template(invocation) => invocation.pos,
        }
    }

    /// How messages show it: as the source, but for the spaces.
    pub(crate) fn show(&self, source: &[u8]) -> String {
        let mut out = Vec::new();
        match self {
            Self::Start | Self::Text(_) => out.extend_from_slice(b"text"),
            Self::Action(pipe) => {
                out.extend_from_slice(b"{{");
                show_pipe(&mut out, pipe, source);
                out.extend_from_slice(b"}}");
            }
            Self::Pipe(pipe) => show_pipe(&mut out, pipe, source),
            Self::Command(command) => show_command(&mut out, command, source),
            Self::Expr(expr) => show_expr(&mut out, expr, source),
            Self::Template(invocation) => show_template(&mut out, invocation, source),
        }
        String::from_utf8_lossy(&out).into_owned()
    }
}

fn show_template(out: &mut Vec<u8>, invocation: &Invocation, source: &[u8]) {
    out.extend_from_slice(b"{{template ");
    crate::text::quote_into(out, &invocation.name, false);
    if let Some(pipe) = &invocation.pipe {
        out.push(b' ');
        show_pipe(out, pipe, source);
    }
    out.extend_from_slice(b"}}");
}

fn show_pipe(out: &mut Vec<u8>, pipe: &Pipe, source: &[u8]) {
    if !pipe.variables.is_empty() {
        out.extend_from_slice(pipe.variables.join(", ").as_bytes());
        out.extend_from_slice(if pipe.assign { b" = " } else { b" := " });
    }
    for (index, command) in pipe.commands.iter().enumerate() {
        out.extend_from_slice(if index > 0 { b" | " } else { b"" });
        show_command(out, command, source);
    }
}

fn show_command(out: &mut Vec<u8>, command: &Command, source: &[u8]) {
    for (index, arg) in command.args.iter().enumerate() {
        out.extend_from_slice(if index > 0 { b" " } else { b"" });
        show_operand(out, arg, source);
    }
}

/// An operand where a pipeline needs its parentheses.
fn show_operand(out: &mut Vec<u8>, expr: &Expr, source: &[u8]) {
    let pipe = matches!(expr.kind, ExprKind::Pipe(_));
    out.extend_from_slice(if pipe { b"(" } else { b"" });
    show_expr(out, expr, source);
    out.extend_from_slice(if pipe { b")" } else { b"" });
}

fn show_expr(out: &mut Vec<u8>, expr: &Expr, source: &[u8]) {
    match &expr.kind {
        ExprKind::Identifier(callee) => out.extend_from_slice(callee.name.as_bytes()),
        ExprKind::Dot => out.push(b'.'),
        ExprKind::Nil => out.extend_from_slice(b"nil"),
        ExprKind::Bool(value) => out.extend_from_slice(value.to_string().as_bytes()),
        ExprKind::Number(number) => out.extend_from_slice(number.text.as_bytes()),
        ExprKind::String { literal, .. } => out.extend_from_slice(&source[literal.clone()]),
        ExprKind::Field(names) => show_fields(out, names),
        ExprKind::Variable(name, names) => {
            out.extend_from_slice(name.as_bytes());
            show_fields(out, names);
        }
        ExprKind::Chain(inner, names) => {
            show_operand(out, inner, source);
            show_fields(out, names);
        }
        ExprKind::Pipe(pipe) => show_pipe(out, pipe, source),
    }
}

fn show_fields(out: &mut Vec<u8>, names: &[String]) {
    for name in names {
        out.push(b'.');
        out.extend_from_slice(name.as_bytes());
    }
}
