//! What a [`Proxy`](super::Proxy) answers by itself, and what it remembers of a request.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Breakage;
use crate::http::Answer;

/// A request as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Without its `?`; empty if there is none.
    pub query: String,
    /// Names in lower case, in the order received.
    pub headers: Vec<(String, String)>,
    /// AWS's name of the operation: the last part of `X-Amz-Target`, or the form's `Action` (STS).
    pub action: Option<String>,
    pub body: Vec<u8>,
    /// When it had come whole.
    pub at: Instant,
}

impl Received {
    /// The first header of this name, which is in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    #[must_use]
    pub fn is_action(&self, action: &str) -> bool {
        self.action.as_deref() == Some(action)
    }
}

/// An answer that the proxy gives in the server's place.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    /// Shared: some are of megabytes, and given to many at once.
    pub(super) body: Arc<[u8]>,
}

impl Reply {
    /// JSON by default: every server that stands behind the proxy speaks it.
    #[must_use]
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.as_bytes().into() }
            .header("content-type", "application/json")
    }

    /// As AWS's JSON protocol says that an operation failed.
    #[must_use]
    pub fn aws_error(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "__type": code, "message": message, "Message": message }).to_string();
        let headers = vec![("content-type".to_owned(), "application/x-amz-json-1.1".to_owned())];
        Self { status, headers, body: body.as_bytes().into() }.header("x-amzn-errortype", code)
    }

    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn of(answer: Answer) -> Self {
        let Answer { status, headers, body } = answer;
        Self { status, headers, body: body.into() }
    }
}

/// What becomes of a request in the server's place.
#[derive(Debug, Clone)]
pub(super) enum Action {
    Reply(Reply),
    Breakage(Breakage),
}

/// Which requests to answer with what.
pub struct Rule {
    matches: Box<dyn Fn(&Received) -> bool + Send>,
    action: Action,
    /// How often still; `None` is always.
    left: Option<usize>,
}

impl Rule {
    #[must_use]
    pub fn new(matches: impl Fn(&Received) -> bool + Send + 'static, reply: Reply) -> Self {
        Self { matches: Box::new(matches), action: Action::Reply(reply), left: None }
    }

    /// These requests meet a fault.
    #[must_use]
    pub fn fault(matches: impl Fn(&Received) -> bool + Send + 'static, fault: Breakage) -> Self {
        Self { matches: Box::new(matches), action: Action::Breakage(fault), left: None }
    }

    /// The rule is gone after so many answers.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.left = Some(times);
        self
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("action", &self.action).field("left", &self.left).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) delay: Duration,
    rules: Vec<Rule>,
}

impl Rules {
    pub(super) fn add(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    /// What the newest matching rule says; uses up one of its times.
    pub(super) fn action(&mut self, request: &Received) -> Option<Action> {
        self.rules.retain(|rule| rule.left != Some(0));
        let rule = self.rules.iter_mut().rev().find(|rule| (rule.matches)(request))?;
        rule.left = rule.left.map(|left| left - 1);
        Some(rule.action.clone())
    }
}
