//! From what a sync did, or why it failed, to what the API server is told. Pure.

use super::request::Response;
use crate::config::FailureMode;
use crate::engine::{Error, ErrorKind, Outcome, Written};

/// What decides over a failure.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<'a> {
    /// The object, for the text: `ExternalSecret team-a/myapp`.
    pub object: &'a str,
    /// What its author, namespace or installation wants.
    pub mode: FailureMode,
}

/// Admitted: the Secret is as it should be. Fields that have no effect are named, so that nobody relies on them.
pub fn synced(object: &str, outcome: &Outcome, ignored: &[&str]) -> Response {
    let mut response =
        Response::admitted(written(outcome.written)).audited("outcome", written(outcome.written));
    response = response.audited("keys", outcome.keys.to_string());
    if let Some(age) = outcome.cached {
        response = response.audited("cache-age", format!("{}ms", age.as_millis()));
    }
    for note in &outcome.notes {
        response = response.warned(format!("{object}: {note}"));
    }
    response.ignoring(object, ignored)
}

/// Admitted with a warning or refused, with the same text.
pub fn failed(verdict: &Verdict<'_>, error: &Error) -> Response {
    let text = format!("{}: {error}", verdict.object);
    let response = match denies(verdict.mode, &error.kind) {
        true => Response::denied(text),
        false => Response::admitted("warned").warned(text),
    };
    let response = response
        .audited("outcome", response_word(verdict.mode, error))
        .audited("reason", error.kind.as_str());
    match &error.store {
        Some(store) => response.audited("store", store.to_string()),
        None => response,
    }
}

fn response_word(mode: FailureMode, error: &Error) -> &'static str {
    if denies(mode, &error.kind) { "denied" } else { "warned" }
}

/// A store or generator that does not exist yet never denies, so that one `kubectl apply -f all.yaml` works in any order.
fn denies(mode: FailureMode, kind: &ErrorKind) -> bool {
    match (mode, kind) {
        (FailureMode::Warn, _)
        | (FailureMode::Deny, ErrorKind::StoreNotFound | ErrorKind::GeneratorNotFound) => false,
        (FailureMode::Deny, _) => true,
    }
}

/// In one word, for audit and metrics.
pub fn written(written: Written) -> &'static str {
    match written {
        Written::Created => "created",
        Written::Updated => "updated",
        Written::Unchanged => "unchanged",
        Written::Deleted => "deleted",
        Written::Retained => "retained",
        Written::TargetMissing => "target_missing",
        Written::NotWanted => "not_wanted",
        Written::Deferred => "deferred",
        Written::Overtaken => "overtaken",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> Error {
        Error::new(kind, "key \"a\" not found")
    }

    fn answer(mode: FailureMode, kind: ErrorKind) -> Response {
        failed(&Verdict { object: "ExternalSecret a/b", mode }, &error(kind))
    }

    #[test]
    fn warn_admits_and_deny_refuses_with_the_same_text() {
        let text = "ExternalSecret a/b: key \"a\" not found";
        let warned = answer(FailureMode::Warn, ErrorKind::Value);
        assert_eq!((warned.denied, warned.warnings), (None, vec![text.to_owned()]));
        let denied = answer(FailureMode::Deny, ErrorKind::Value);
        assert_eq!((denied.denied.as_deref(), denied.warnings.len()), (Some(text), 0));
    }

    #[test]
    fn a_store_that_does_not_exist_yet_never_denies() {
        // What comes later by the same `kubectl apply -f` is no reason to refuse what names it.
        for missing in [ErrorKind::StoreNotFound, ErrorKind::GeneratorNotFound] {
            assert_eq!(answer(FailureMode::Deny, missing).denied, None);
        }
    }
}
