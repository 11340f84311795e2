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

/// The error of a request to `server`; `what` is what was asked for: `secret "a" in namespace "b"`.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "whatever kube adds is a failed request until known better"
)]
pub fn error(server: &str, what: &str, error: &kube::Error) -> Error {
    match error {
        kube::Error::Api(status) => of_status(server, what, status),
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

fn of_status(server: &str, what: &str, status: &Status) -> Error {
    let Status { code, reason, details, .. } = status;
    let from_an_api = reason != "Failed to parse error data"; // what kube says of a body that is no Status
    let (kind, text) = match code {
        401 => (
            ErrorKind::Unauthenticated,
            format!("kubernetes at {server} does not accept the store's credentials"),
        ),
        403 => (
            ErrorKind::Forbidden,
            format!("kubernetes at {server} does not let the store's identity get {what}"),
        ),
        404 if from_an_api => (ErrorKind::NotFound, format!("kubernetes at {server} has no {what}")),
        404 => return no_api(server).with_code("HTTP 404"),
        0 => {
            let text = format!("kubernetes at {server} failed, and not as a kubernetes API does");
            return Error::new(ErrorKind::Unavailable, text); // JSON of another kind; kube no longer knows the code
        }
        429 => (ErrorKind::RateLimited, format!("kubernetes at {server} limits the rate of requests")),
        500.. => (ErrorKind::Unavailable, format!("kubernetes at {server} failed to answer")),
        _ => (ErrorKind::InvalidRequest, format!("kubernetes at {server} refuses to be asked for {what}")),
    };
    let error = Error::new(kind, text).with_code(format!("HTTP {code}"));
    match details.as_ref().map(|details| details.retry_after_seconds) {
        Some(seconds) if seconds > 0 => error.with_retry_after(Duration::from_secs(seconds.into())),
        _ => error,
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
            let error = error("https://api", "secret \"a\"", &kube::Error::Api(status.boxed()));
            assert_eq!(error.kind, kind, "{code} {reason}");
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
