//! What a gate does with a request instead of passing it on.

use std::fmt;
use std::time::Duration;

use serde_json::{Value, json};

use super::Asked;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is passed on so much later.
    Delay(Duration),
    /// It is refused with a Status of this code, and `Retry-After` in seconds if that is not 0.
    Refuse(u16, u32),
    /// The connection is closed without an answer, and nothing is passed on.
    Drop,
    /// It is done, and the connection is closed without an answer.
    LoseAnswer,
    /// No answer comes as long as the rule stands; then the connection is closed.
    Hang,
    /// A watch that ends at once.
    EndAtOnce,
    /// A watch that says that its version is gone (410).
    Gone,
}

/// Which requests meet which fault.
pub(super) struct Rule {
    pub(super) id: u64,
    matches: Box<dyn Fn(&Asked) -> bool + Send>,
    fault: Fault,
    /// How often still; `None` is always.
    left: Option<usize>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("fault", &self.fault).field("left", &self.left).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
pub(super) struct Rules {
    next: u64,
    rules: Vec<Rule>,
}

impl Rules {
    pub(super) fn add(
        &mut self,
        matches: impl Fn(&Asked) -> bool + Send + 'static,
        fault: Fault,
        left: Option<usize>,
    ) {
        self.next += 1;
        self.rules.push(Rule { id: self.next, matches: Box::new(matches), fault, left });
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    pub(super) fn has(&self, id: u64) -> bool {
        self.rules.iter().any(|rule| rule.id == id)
    }

    /// The newest matching rule's fault; uses up one of its times.
    pub(super) fn fault(&mut self, asked: &Asked) -> Option<(u64, Fault)> {
        let rule = self.rules.iter_mut().rev().find(|rule| rule.left != Some(0) && (rule.matches)(asked))?;
        rule.left = rule.left.map(|left| left - 1);
        Some((rule.id, rule.fault))
    }
}

/// The answer of an API server that refuses.
pub(super) fn refusal(code: u16, retry_after: u32) -> Vec<u8> {
    let body = status(code, retry_after).to_string();
    let mut head = format!(
        "HTTP/1.1 {code} Refused\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    if retry_after > 0 {
        head.push_str(&format!("retry-after: {retry_after}\r\n"));
    }
    [head.as_bytes(), b"\r\n", body.as_bytes()].concat()
}

/// The answer of a watch with these events, which then ends.
pub(super) fn watch(events: &[Value]) -> Vec<u8> {
    let mut answer = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    for event in events {
        let line = format!("{event}\n");
        answer.push_str(&format!("{:x}\r\n{line}\r\n", line.len()));
    }
    answer.push_str("0\r\n\r\n");
    answer.into_bytes()
}

/// The event of a watch whose version the API server no longer has.
pub(super) fn gone() -> Value {
    json!({ "type": "ERROR", "object": status(410, 0) })
}

fn status(code: u16, retry_after: u32) -> Value {
    let (reason, message) = match code {
        410 => ("Expired", "too old resource version"),
        429 => (
            "TooManyRequests",
            "the server has received too many requests and has asked us to try again later",
        ),
        500 => ("InternalError", "an error on the server has prevented the request from succeeding"),
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        _ => ("Unknown", "refused by the gate"),
    };
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "reason": reason, "message": message, "details": { "retryAfterSeconds": retry_after },
    })
}
