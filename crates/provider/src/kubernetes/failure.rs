//! From what an API server answered to an [`Error`]. Its own messages are not repeated: they are not ours to vouch for.

use std::time::Duration;

use kube::core::Status;

use crate::guard::Refused;
use crate::{Error, ErrorKind, SecretBytes, limit, transport};

/// The token as a header can carry it.
///
/// # Errors
/// [`ErrorKind::Credentials`].
pub fn bearer(token: &SecretBytes) -> Result<&str, Error> {
    token
        .expose_str()
        .map(str::trim)
        .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| {
            Error::new(
                ErrorKind::Credentials,
                "the kubernetes store's token is not one that a header can hold",
            )
        })
}

/// The error for settings that no client can be made of. What is checked before leaves the client certificate.
#[expect(clippy::wildcard_enum_match_arm, reason = "kube's errors are not ours to enumerate")]
pub fn no_client(server: &str, error: &kube::Error) -> Error {
    let text = match error {
        kube::Error::RustlsTls(_) => "its client certificate and key cannot be used",
        _ => "its settings do not fit together",
    };
    Error::new(ErrorKind::Credentials, format!("no client for kubernetes at {server}: {text}"))
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doing {
    /// Reading.
    Get,
    /// Creating or replacing.
    Write,
    /// Deleting.
    Delete,
}

impl Doing {
    fn verb(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Write => "write",
            Self::Delete => "delete",
        }
    }
}

/// The error of a request to `server`; `what` is what was asked for: `secret "a" in namespace "b"`.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever kube adds is a failed request until known better"
)]
pub fn error(server: &str, doing: Doing, what: &str, error: &kube::Error) -> Error {
    match error {
        kube::Error::Api(status) => of_status(server, doing, what, status),
        kube::Error::SerdeError(_) | kube::Error::FromUtf8(_) => no_api(server),
        kube::Error::BuildRequest(_) | kube::Error::HttpError(_) => Error::new(
            ErrorKind::InvalidRequest,
            format!("{what} cannot be asked for at kubernetes at {server}"),
        ),
        _ if limit::is_too_large(error) => limit::too_large(&format!("kubernetes at {server}")),
        _ => {
            if let Some(refused) = Refused::among(error) {
                return refused.error(&format!("kubernetes at {server}"));
            }
            let why = transport::why(error);
            Error::new(ErrorKind::Unavailable, format!("cannot reach kubernetes at {server}: {why}"))
        }
    }
}

/// The error of a request that `server` has not answered within that time.
pub fn silent(server: &str, limit: Duration) -> Error {
    let text = format!("kubernetes at {server} did not answer within {} s", limit.as_secs());
    Error::new(ErrorKind::Unavailable, text)
}

fn of_status(server: &str, doing: Doing, what: &str, status: &Status) -> Error {
    let Status { code, reason, details, .. } = status;
    let from_an_api = reason != "Failed to parse error data"; // what kube says of a body that is no Status
    let (kind, text) = match code {
        401 => (
            ErrorKind::Unauthenticated,
            format!("kubernetes at {server} does not accept the store's credentials"),
        ),
        403 => (
            ErrorKind::Forbidden,
            format!("kubernetes at {server} does not let the store's identity {} {what}", doing.verb()),
        ),
        404 if from_an_api && doing == Doing::Write => {
            let of_namespace = details.as_ref().is_some_and(|details| details.kind == "namespaces");
            gone(server, what, of_namespace)
        }
        404 if from_an_api => (ErrorKind::NotFound, format!("kubernetes at {server} has no {what}")),
        404 => return no_api(server).with_code("HTTP 404"),
        0 => {
            let text = format!("kubernetes at {server} failed, and not as a kubernetes API does");
            return Error::new(ErrorKind::Unavailable, text); // JSON of another kind; kube no longer knows the code
        }
        429 => (ErrorKind::RateLimited, format!("kubernetes at {server} limits the rate of requests")),
        500.. => (ErrorKind::Unavailable, format!("kubernetes at {server} failed to answer")),
        409 if doing != Doing::Get => (
            ErrorKind::Unavailable,
            format!("{what} in kubernetes at {server} has been changed by somebody else meanwhile"),
        ),
        _ => (ErrorKind::InvalidRequest, refusal(server, doing, what)),
    };
    let error = Error::new(kind, text).with_code(format!("HTTP {code}"));
    match details.as_ref().map(|details| details.retry_after_seconds) {
        Some(seconds) if seconds > 0 => error.with_retry_after(Duration::from_secs(seconds.into())),
        _ => error,
    }
}

/// What a write means that finds no place.
fn gone(server: &str, what: &str, of_namespace: bool) -> (ErrorKind, String) {
    if of_namespace {
        return (ErrorKind::InvalidConfig, format!("kubernetes at {server} has no namespace for {what}"));
    }
    let text = format!("{what} in kubernetes at {server} has been deleted by somebody else meanwhile");
    (ErrorKind::Unavailable, text)
}

fn refusal(server: &str, doing: Doing, what: &str) -> String {
    match doing {
        Doing::Get => format!("kubernetes at {server} refuses to be asked for {what}"),
        Doing::Write => format!("kubernetes at {server} does not take {what} as it would be written"),
        Doing::Delete => format!("kubernetes at {server} refuses to delete {what}"),
    }
}

fn no_api(server: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, format!("{server} does not answer as a kubernetes API does"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_its_kind() {
        for (code, reason, kind) in [
            (401, "Unauthorized", ErrorKind::Unauthenticated),
            (403, "Forbidden", ErrorKind::Forbidden),
            (404, "NotFound", ErrorKind::NotFound),
            (404, "Failed to parse error data", ErrorKind::InvalidConfig),
            (429, "TooManyRequests", ErrorKind::RateLimited),
            (503, "ServiceUnavailable", ErrorKind::Unavailable),
            (400, "BadRequest", ErrorKind::InvalidRequest),
            (0, "", ErrorKind::Unavailable),
        ] {
            let status = Status::failure("quotes a s3cret", reason).with_code(code);
            let error = error("https://api", Doing::Get, "secret \"a\"", &kube::Error::Api(status.boxed()));
            assert_eq!(error.kind, kind, "{code} {reason}");
            assert!(!error.message.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_write_that_somebody_else_was_faster_than_is_tried_again() {
        for (doing, code, kind, says) in [
            (Doing::Write, 409, ErrorKind::Unavailable, "meanwhile"),
            (Doing::Delete, 409, ErrorKind::Unavailable, "meanwhile"),
            (Doing::Write, 404, ErrorKind::Unavailable, "meanwhile"),
            (Doing::Delete, 404, ErrorKind::NotFound, "has no"),
            (Doing::Write, 422, ErrorKind::InvalidRequest, "as it would be written"),
            (Doing::Delete, 403, ErrorKind::Forbidden, "delete secret"),
        ] {
            let status = Status::failure("quotes a s3cret", "Reason").with_code(code);
            let error = error("https://api", doing, "secret \"a\"", &kube::Error::Api(status.boxed()));
            assert!(error.kind == kind && error.message.contains(says), "{error}");
            assert!(!error.message.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_token_fits_into_a_header() {
        assert_eq!(bearer(&" abc\n".into()), Ok("abc"));
        for token in ["", "a b", "a\nb", "ü"] {
            assert_eq!(bearer(&token.into()).map_err(|error| error.kind), Err(ErrorKind::Credentials));
        }
    }
}
