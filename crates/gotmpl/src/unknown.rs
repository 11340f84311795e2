//! Which keys a template names that its data will not have, told without executing it.

use crate::ast::{At, Callee, Command, Expr, ExprKind, Node, Nodes, Pipe, Way};
use crate::exec::error;
use crate::template::{Parsed, Template};
use crate::{ExecError, ExecErrorKind};

/// A key that the data does not have, where the template names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// The error that executing it is, in the words and with the place of an execution.
    pub error: ExecError,
    /// Whether every execution comes by it; else it depends on a condition.
    pub certain: bool,
}

impl Template {
    /// The keys of the template's data that it names and that `has` does not know, in the order of the text.
    ///
    /// What is seen are fields of the data itself (`.key`, `$.key`) in the template's own text; not those of templates
    /// that it defines, of values computed from the data, or of `index`.
    pub fn unknown_keys(&self, has: &dyn Fn(&str) -> bool) -> Vec<UnknownKey> {
        let parsed = self.parsed();
        let mut search = Search { parsed, has, found: Vec::new() };
        if let Some(root) = parsed.templates.get(parsed.name.as_bytes()) {
            search.nodes(root, Sight { dot: true, certain: true });
        }
        search.found
    }
}

/// What is known at a place of the template.
#[derive(Clone, Copy)]
struct Sight {
    /// Whether dot is the data.
    dot: bool,
    /// Whether every execution comes here.
    certain: bool,
}

impl Sight {
    fn maybe(self) -> Self {
        Self { certain: false, ..self }
    }

    fn within(self) -> Self {
        Self { dot: false, certain: false }
    }
}

struct Search<'t> {
    parsed: &'t Parsed,
    has: &'t dyn Fn(&str) -> bool,
    found: Vec<UnknownKey>,
}

impl<'t> Search<'t> {
    fn nodes(&mut self, nodes: &'t Nodes, sight: Sight) {
        for node in nodes {
            self.node(node, sight);
        }
    }

    fn node(&mut self, node: &'t Node, sight: Sight) {
        match node {
            Node::Action(pipe) => self.pipe(pipe, sight),
            Node::If(branches) | Node::With(branches) => {
                let inner = if matches!(node, Node::If(_)) { sight.maybe() } else { sight.within() };
                for (index, (pipe, nodes)) in branches.arms.iter().enumerate() {
                    self.pipe(pipe, if index == 0 { sight } else { sight.maybe() });
                    self.nodes(nodes, inner);
                }
                branches.otherwise.iter().for_each(|nodes| self.nodes(nodes, sight.maybe()));
            }
            Node::Range(range) => {
                self.pipe(&range.pipe, sight);
                self.nodes(&range.body, sight.within());
                range.otherwise.iter().for_each(|nodes| self.nodes(nodes, sight.maybe()));
            }
            Node::Template(invocation) => invocation.pipe.iter().for_each(|pipe| self.pipe(pipe, sight)),
            Node::Text(_) | Node::Break | Node::Continue => {}
        }
    }

    fn pipe(&mut self, pipe: &'t Pipe, sight: Sight) {
        pipe.commands.iter().for_each(|command| self.command(command, sight));
    }

    /// `and` and `or` evaluate no more of their arguments than they need.
    fn command(&mut self, command: &'t Command, sight: Sight) {
        let first = command.args.first().map(|first| &first.kind);
        let lazy = matches!(first, Some(ExprKind::Identifier(Callee { way: Way::And | Way::Or, .. })));
        for (index, arg) in command.args.iter().enumerate() {
            self.expr(arg, if lazy && index > 1 { sight.maybe() } else { sight });
        }
    }

    fn expr(&mut self, expr: &'t Expr, sight: Sight) {
        match &expr.kind {
            ExprKind::Field(names) if sight.dot => self.named(expr, names, sight),
            ExprKind::Variable(name, names) if name == "$" => self.named(expr, names, sight),
            ExprKind::Chain(inner, _) => self.expr(inner, sight),
            ExprKind::Pipe(pipe) => self.pipe(pipe, sight),
            ExprKind::Field(_)
            | ExprKind::Variable(..)
            | ExprKind::Identifier(_)
            | ExprKind::Dot
            | ExprKind::Nil
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::String { .. } => {}
        }
    }

    fn named(&mut self, expr: &'t Expr, names: &'t [String], sight: Sight) {
        let Some(key) = names.first().filter(|key| !(self.has)(key)) else { return };
        let (parsed, kind) = (self.parsed, ExecErrorKind::MissingKey(key.clone()));
        let error = error(parsed, parsed.name.as_bytes(), At::Expr(expr), kind);
        self.found.push(UnknownKey { error, certain: sight.certain });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Functions, Limits, Options, Value};

    fn unknown(text: &str) -> Vec<(String, bool)> {
        let template = Template::parse("text", text, &Options::strict(), &Functions::new()).expect(text);
        let found = template.unknown_keys(&|key| key == "user");
        let key = |error: &ExecError| {
            let ExecErrorKind::MissingKey(key) = error.kind() else { panic!("{error}") };
            key.clone()
        };
        found.iter().map(|found| (key(&found.error), found.certain)).collect()
    }

    #[test]
    fn keys_are_found_wherever_the_data_is_named() {
        for (text, keys) in [
            ("{{ .user }}", &[][..]),
            ("{{ .usr }}", &[("usr", true)]),
            (
                "{{ .user | printf \"%s%s\" (.a) $.b }}{{ $x := .c }}",
                &[("a", true), ("b", true), ("c", true)],
            ),
            (
                "{{ if .a }}{{ .b }}{{ else if .c }}{{ else }}{{ .d }}{{ end }}",
                &[("a", true), ("b", false), ("c", false), ("d", false)],
            ),
            ("{{ with .user }}{{ .a }}{{ $.b }}{{ else }}{{ .c }}{{ end }}", &[("b", false), ("c", false)]),
            ("{{ range $k, $v := . }}{{ .a }}{{ $v.b }}{{ $.c }}{{ end }}", &[("c", false)]),
            ("{{ and .a .b }}{{ or .user .c }}", &[("a", true), ("b", false), ("c", false)]),
            ("{{ define \"t\" }}{{ .a }}{{ end }}{{ template \"t\" .b }}", &[("b", true)]),
            ("{{ index . \"a\" }}{{ \".b\" }}", &[]),
        ] {
            let keys: Vec<_> = keys.iter().map(|(key, certain)| ((*key).to_owned(), *certain)).collect();
            assert_eq!(unknown(text), keys, "{text}");
        }
    }

    #[test]
    fn what_is_said_is_what_the_execution_says() {
        for text in ["{{ .usr }}", "a\n b {{ printf \"%s\" $.usr.x | len }}", "{{ if not .usr }}{{ end }}"] {
            let template = Template::parse("text", text, &Options::strict(), &Functions::new()).expect(text);
            let data = Value::string_map([("user", "app")]);
            let executed = template.execute(&data, &Limits::default()).expect_err(text);
            let found = template.unknown_keys(&|key| key == "user");
            assert_eq!(found, [UnknownKey { error: executed, certain: true }], "{text}");
        }
    }
}
