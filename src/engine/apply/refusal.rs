//! What the API server's refusal means, in words that hold no value.
//!
//! Its free text may quote a label's value, and an admission webhook's text whatever it pleases. Of those only names,
//! fields and reasons are told; of quotas and missing rights the text is the API server's own and holds no value.

use std::time::Duration;

use kube::core::Status;

use super::super::error::{Error, ErrorKind};
use super::wire::Failure;

/// What was tried, on which Secret.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The verb as RBAC has it: get, create, update, patch, delete, list.
    pub verb: &'static str,
    /// The Secret's namespace.
    pub namespace: &'a str,
    /// The Secret's name.
    pub name: &'a str,
}

impl Attempt<'_> {
    /// The failure as an error of the sync.
    pub fn failed(self, failure: Failure) -> Error {
        match failure {
            Failure::Unreachable(why) => {
                Error::new(ErrorKind::Cluster, format!("the API server cannot be asked: {why}"))
            }
            Failure::Refused(status) => self.refused(&status),
        }
    }

    fn refused(self, status: &Status) -> Error {
        let name = self.name;
        if let Some(webhook) = between(&status.message, "failed calling webhook \"", "\"") {
            let why =
                format!("admission webhook {webhook:?} does not answer the API server for Secret {name:?}");
            return Error::new(ErrorKind::Cluster, why);
        }
        match status.code {
            401 | 408 | 429 | 500.. => passing(status),
            _ => Error::new(ErrorKind::WriteRefused, self.sentence(status)),
        }
    }

    fn sentence(self, status: &Status) -> String {
        let Self { verb, namespace, name } = self;
        if has_cause(status, "NamespaceTerminating") {
            return format!(
                "namespace {namespace:?} is being deleted; wait until it is gone, or use another"
            );
        }
        if let Some(webhook) = between(&status.message, "admission webhook \"", "\" denied the request") {
            return format!(
                "admission webhook {webhook:?} refuses Secret {name:?}; correct spec.target, or that webhook"
            );
        }
        if let Some(policy) = between(&status.message, "ValidatingAdmissionPolicy '", "'") {
            return format!(
                "ValidatingAdmissionPolicy {policy:?} refuses Secret {name:?}; correct spec.target, or that policy"
            );
        }
        if let Some(quota) = from(&status.message, "exceeded quota: ") {
            return format!(
                "the API server refuses Secret {name:?}: {quota}; delete what is not needed, or raise the quota"
            );
        }
        match status.code {
            403 if status.message.contains(" cannot ") => format!(
                "latchkey has no right to {verb} Secret {name:?}; grant its ServiceAccount the verb {verb:?} on secrets in \
                 namespace {namespace:?}"
            ),
            404 => format!("namespace {namespace:?} does not exist; create it"),
            413 => format!("Secret {name:?} is larger than the API server takes; ask for less"),
            422 => format!(
                "the API server refuses Secret {name:?}: {}; correct spec.target.template",
                causes(status)
            ),
            code => {
                format!("the API server refuses Secret {name:?}: {}; see its audit log", reason(status, code))
            }
        }
    }
}

fn passing(status: &Status) -> Error {
    let why = format!("the API server cannot be asked now: {}", reason(status, status.code));
    let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
    let retry_after = (seconds > 0).then(|| Duration::from_secs(seconds.into()));
    Error { retry_after, ..Error::new(ErrorKind::Cluster, why) }
}

fn has_cause(status: &Status, reason: &str) -> bool {
    status.details.iter().flat_map(|details| &details.causes).any(|cause| cause.reason == reason)
}

/// Fields and reasons of an invalid object, such as `metadata.labels (FieldValueInvalid)`. Which label or annotation it is may be
/// a template's secret.
pub fn causes(status: &Status) -> String {
    let causes = status.details.iter().flat_map(|details| &details.causes);
    let field = |field: &str| match field.split_once('[') {
        Some((metadata, _)) if metadata.starts_with("metadata.") => metadata.to_owned(),
        Some(_) | None => field.to_owned(),
    };
    let told: Vec<_> = causes.map(|cause| format!("{} ({})", field(&cause.field), cause.reason)).collect();
    if told.is_empty() { reason(status, status.code) } else { told.join(", ") }
}

/// The API server's own reasons (`StatusReason` in apimachinery's `meta/v1`). A webhook that refuses may put any text in their place,
/// what it has read of the Secret included.
const REASONS: [&str; 19] = [
    "AlreadyExists",
    "BadRequest",
    "Conflict",
    "Expired",
    "Forbidden",
    "Gone",
    "InternalError",
    "Invalid",
    "MethodNotAllowed",
    "NotAcceptable",
    "NotFound",
    "RequestEntityTooLarge",
    "ServerTimeout",
    "ServiceUnavailable",
    "StoreReadError",
    "Timeout",
    "TooManyRequests",
    "Unauthorized",
    "UnsupportedMediaType",
];

fn reason(status: &Status, code: u16) -> String {
    match REASONS.contains(&status.reason.as_str()) {
        true => format!("{} ({code})", status.reason),
        false => code.to_string(),
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

fn from<'a>(text: &'a str, start: &str) -> Option<&'a str> {
    text.find(start).and_then(|at| text.get(at..))
}
