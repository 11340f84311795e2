//! Actions that steer.

use super::{Item, Parser, Result};
use crate::ast::{Branches, Invocation, Loop, Node, Nodes, Pipe};
use crate::lex::{Keyword, Kind, Token};

impl Parser<'_> {
    /// What stands behind a left delimiter.
    pub(super) fn action(&mut self) -> Result<Item> {
        let token = self.next_non_space();
        Ok(Item::Node(match token.keyword() {
            Some(Keyword::Block) => self.block()?,
            Some(Keyword::Break) => self.leave_loop("{{break}}", Node::Break)?,
            Some(Keyword::Continue) => self.leave_loop("{{continue}}", Node::Continue)?,
            Some(Keyword::Else) => return self.else_(),
            Some(Keyword::End) => {
                self.expect(&[Kind::RightDelim], "end")?;
                return Ok(Item::End);
            }
            Some(Keyword::If) => Node::If(self.branches("if", Keyword::If)?),
            Some(Keyword::Range) => Node::Range(self.range()?),
            Some(Keyword::Template) => self.template()?,
            Some(Keyword::With) => Node::With(self.branches("with", Keyword::With)?),
            Some(Keyword::Define | Keyword::Dot | Keyword::Nil) | None => {
                self.unread(token);
                Node::Action(self.pipeline("command", &Kind::RightDelim)?)
            }
        }))
    }

    /// `define`, whose delimiter and keyword are read.
    pub(super) fn definition(&mut self) -> Result<()> {
        let context = "define clause";
        let outer = std::mem::take(&mut self.scope);
        let token = self.expect(&[Kind::String, Kind::RawString], context)?;
        let name = self.unquote(&token)?;
        self.expect(&[Kind::RightDelim], context)?;
        let (nodes, end) = self.list()?;
        if matches!(end, Item::Else) {
            return Err(self.syntax(format!("unexpected {} in {context}", end.describe())));
        }
        self.install(&name, nodes)?;
        self.scope = outer;
        Ok(())
    }

    fn leave_loop(&mut self, action: &str, node: Node) -> Result<Node> {
        self.expect(&[Kind::RightDelim], action)?;
        if self.scope.loops == 0 {
            return Err(self.syntax(format!("{action} outside {{{{range}}}}")));
        }
        Ok(node)
    }

    /// `else`. The `if` or `with` behind it is left to be read.
    fn else_(&mut self) -> Result<Item> {
        let next = self.peek_non_space().keyword();
        if !matches!(next, Some(Keyword::If | Keyword::With)) {
            self.expect(&[Kind::RightDelim], "else")?;
        }
        Ok(Item::Else)
    }

    /// `if` or `with`, to the end.
    fn branches(&mut self, context: &str, keyword: Keyword) -> Result<Branches> {
        let variables = self.scope.variables.len();
        let (mut arms, mut otherwise) = (Vec::new(), None);
        loop {
            let pipe = self.pipeline(context, &Kind::RightDelim)?;
            let (nodes, end) = self.list()?;
            arms.push((pipe, nodes));
            if matches!(end, Item::End) {
                break;
            }
            if self.peek().keyword() != Some(keyword) {
                otherwise = Some(self.last_list()?);
                break;
            }
            self.next();
        }
        self.scope.truncate(variables);
        Ok(Branches { arms, otherwise })
    }

    fn range(&mut self) -> Result<Loop> {
        let variables = self.scope.variables.len();
        let pipe = self.pipeline("range", &Kind::RightDelim)?;
        self.scope.loops += 1;
        let (body, end) = self.list()?;
        self.scope.loops -= 1;
        let otherwise = if matches!(end, Item::Else) { Some(self.last_list()?) } else { None };
        self.scope.truncate(variables);
        Ok(Loop { pipe, body, otherwise })
    }

    /// The nodes of the last `else`.
    fn last_list(&mut self) -> Result<Nodes> {
        let (nodes, end) = self.list()?;
        if matches!(end, Item::Else) {
            return Err(self.syntax(format!("expected end; found {}", end.describe())));
        }
        Ok(nodes)
    }

    /// `block`: a definition and its call.
    fn block(&mut self) -> Result<Node> {
        let context = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, context)?;
        let pipe = self.pipeline(context, &Kind::RightDelim)?;
        let (outer, line) = (std::mem::take(&mut self.scope), self.line);
        let (nodes, end) = self.list()?;
        self.scope = outer;
        // The errors of the block's own text name their line, the others the line of the block.
        if matches!(end, Item::Else) {
            self.line = line;
            return Err(self.syntax(format!("unexpected {} in {context}", end.describe())));
        }
        self.install(&name, nodes)?;
        self.line = line;
        Ok(invocation(&token, name, Some(pipe)))
    }

    fn template(&mut self) -> Result<Node> {
        let context = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(&token, context)?;
        let next = self.next_non_space();
        if next.kind == Kind::RightDelim {
            return Ok(invocation(&token, name, None));
        }
        self.unread(next);
        let pipe = self.pipeline(context, &Kind::RightDelim)?;
        Ok(invocation(&token, name, Some(pipe)))
    }

    fn template_name(&mut self, token: &Token, context: &str) -> Result<Vec<u8>> {
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        self.unquote(token)
    }
}

fn invocation(token: &Token, name: Vec<u8>, pipe: Option<Pipe>) -> Node {
    Node::Template(Invocation { pos: token.pos(), name, pipe })
}
