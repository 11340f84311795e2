//! Executes a template.

mod args;
mod call;
mod eval;
mod field;
mod range;

use std::cell::Cell;

use zeroize::Zeroizing;

use crate::ast::{At, Branches, Invocation, Node, Nodes, Pipe};
use crate::buffer::Buffer;
use crate::template::Parsed;
use crate::value::Type;
use crate::{Budget, ExecError, ExecErrorKind, Limit, Value, printer, text};

type Result<T> = std::result::Result<T, ExecError>;

/// An execution.
pub(crate) struct Exec<'t> {
    parsed: &'t Parsed,
    budget: &'t Budget<'t>,
    /// The template that is being executed; errors name it.
    executing: &'t [u8],
    /// The node that is being executed; errors name it.
    at: At<'t>,
    /// The variables that are in sight, the innermost last.
    variables: Vec<(&'t str, Operand)>,
    out: Buffer,
    /// What held the arguments of earlier calls, to be used again.
    spare: Vec<Vec<Value>>,
    /// Whether the last argument was held by an `interface {}`: Go's `len` tells nil in one from nothing at all.
    boxed: Cell<bool>,
}

/// A value, and whether it is held by an `interface {}`: an element of a list or map of anything.
/// Nil in an interface differs from nothing at all, and messages name the interface.
#[derive(Clone)]
struct Operand {
    value: Value,
    boxed: bool,
}

impl Operand {
    fn bare(value: Value) -> Self {
        Self { value, boxed: false }
    }

    /// A value that a collection of this element type holds.
    fn element(value: Value, elem: &Type) -> Self {
        Self { value, boxed: *elem == Type::Any }
    }
}

/// Where the execution goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    Next,
    Break,
    Continue,
}

impl<'t> Exec<'t> {
    pub(crate) fn new(parsed: &'t Parsed, budget: &'t Budget<'t>, data: &Value) -> Self {
        let limit = budget.limits().output;
        let variables = vec![("$", Operand::bare(data.clone()))];
        // Most templates write about as much as they are long.
        let out = Buffer::with_capacity(parsed.source.len(), limit, Limit::Output(limit));
        Self {
            parsed,
            budget,
            executing: parsed.name.as_bytes(),
            at: At::Start,
            variables,
            out,
            spare: Vec::new(),
            boxed: Cell::new(false),
        }
    }

    /// Executes the template and gives its output.
    pub(crate) fn run(mut self) -> Result<Zeroizing<Vec<u8>>> {
        let dot = self.variables.first().map_or_else(|| Operand::bare(Value::Nil), |(_, data)| data.clone());
        if let Some(root) = self.parsed.templates.get(self.executing) {
            self.walk_all(&dot, root)?;
        }
        self.check_output()?;
        let (at, parsed, executing) = (self.at, self.parsed, self.executing);
        self.out.finish().map_err(|limit| error(parsed, executing, at, ExecErrorKind::Limit(limit)))
    }

    fn walk_all(&mut self, dot: &Operand, nodes: &'t Nodes) -> Result<Flow> {
        self.within(self.budget.enter())?;
        for node in nodes {
            let flow = self.walk(dot, node)?;
            if flow != Flow::Next {
                self.budget.leave();
                return Ok(flow);
            }
        }
        self.budget.leave();
        Ok(Flow::Next)
    }

    fn walk(&mut self, dot: &Operand, node: &'t Node) -> Result<Flow> {
        self.within(self.budget.steps(1))?;
        match node {
            Node::Text(span) => {
                self.at = At::Text(span.start);
                self.out.write(&self.parsed.source[span.clone()]);
                self.check_output()?;
            }
            Node::Action(pipe) => self.action(dot, pipe)?,
            Node::If(branches) => return self.branch(dot, branches, false),
            Node::With(branches) => return self.branch(dot, branches, true),
            Node::Range(range) => return self.range(dot, range),
            Node::Template(invocation) => self.invoke(dot, invocation)?,
            Node::Break => return Ok(Flow::Break),
            Node::Continue => return Ok(Flow::Continue),
        }
        Ok(Flow::Next)
    }

    /// Prints the pipeline's value, unless it is for a variable.
    fn action(&mut self, dot: &Operand, pipe: &'t Pipe) -> Result<()> {
        let value = self.pipeline(dot, pipe)?;
        if !pipe.variables.is_empty() {
            return Ok(());
        }
        self.at = At::Action(pipe);
        if matches!(value, Value::Nil) {
            self.out.text("<no value>");
        } else {
            printer::print(&mut self.out, &[value], self.budget);
        }
        self.check_output()
    }

    /// `if`; `with`, which makes the value dot.
    fn branch(&mut self, dot: &Operand, branches: &'t Branches, with: bool) -> Result<Flow> {
        let mark = self.variables.len();
        let mut flow = None;
        for (pipe, nodes) in &branches.arms {
            let value = self.pipeline(dot, pipe)?;
            if value.truth() {
                let inner = Operand::bare(value);
                flow = Some(self.walk_all(if with { &inner } else { dot }, nodes)?);
                break;
            }
        }
        if flow.is_none()
            && let Some(otherwise) = &branches.otherwise
        {
            flow = Some(self.walk_all(dot, otherwise)?);
        }
        self.variables.truncate(mark);
        Ok(flow.unwrap_or(Flow::Next))
    }

    /// Calls a template. It sees no variables but its own.
    fn invoke(&mut self, dot: &Operand, invocation: &'t Invocation) -> Result<()> {
        self.at = At::Template(invocation);
        let Some((name, nodes)) = self.parsed.templates.get_key_value(&invocation.name) else {
            let name = text::quoted(&invocation.name);
            return Err(self.fail(format!("template {name} not defined")));
        };
        let data = match &invocation.pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Value::Nil,
        };
        let data = Operand::bare(data);
        let outer = (self.executing, self.at, std::mem::take(&mut self.variables));
        self.executing = name;
        self.variables.push(("$", data.clone()));
        self.walk_all(&data, nodes)?;
        (self.executing, self.at, self.variables) = outer;
        Ok(())
    }

    fn check_output(&self) -> Result<()> {
        self.within(self.out.failed().map_or(Ok(()), Err))
    }

    /// Turns a limit that was passed into an error of this place.
    fn within<T>(&self, result: std::result::Result<T, Limit>) -> Result<T> {
        result.map_err(|limit| self.error(ExecErrorKind::Limit(limit)))
    }

    fn error(&self, kind: ExecErrorKind) -> ExecError {
        error(self.parsed, self.executing, self.at, kind)
    }

    fn fail(&self, message: impl Into<String>) -> ExecError {
        self.error(ExecErrorKind::Type(message.into()))
    }
}

/// An error at this node.
pub(crate) fn error(parsed: &Parsed, executing: &[u8], at: At<'_>, kind: ExecErrorKind) -> ExecError {
    let before = parsed.source.get(..at.pos()).unwrap_or_default();
    let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count();
    let executing = String::from_utf8_lossy(executing);
    ExecError::new(&parsed.name, (line, column), &executing, at.show(&parsed.source), kind)
}
