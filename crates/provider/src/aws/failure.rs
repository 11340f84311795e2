//! What AWS's errors mean.

use std::error::Error as StdError;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_sdk_sts::operation::assume_role_with_web_identity::AssumeRoleWithWebIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::wire;
use crate::guard::Refused;
use crate::{Error, ErrorKind, limit, transport};

/// AWS's own sentences say which user may not do what to which secret; they are short.
const LONGEST_MESSAGE: usize = 600;

/// The error of one request: `doing` says what was tried, `place` where.
pub fn of_sdk<E>(error: &SdkError<E, HttpResponse>, doing: &str, place: &str) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    if let SdkError::ServiceError(context) = error {
        if context.raw().status().is_success() {
            return unreadable(context.raw(), doing, place); // a page, say, that was taken for an error
        }
        let (code, message) = (context.err().code(), context.err().message());
        let refusal = of_code(code, message, context.raw().status().as_u16(), doing, place);
        return Error { retry_after: retry_after(context.raw()), ..refusal };
    }
    if limit::is_too_large(error) {
        return limit::too_large(place);
    }
    of_credentials(error).unwrap_or_else(|| of_transport(error, doing, place))
}

/// No answer, or none that is AWS's.
fn of_transport<E>(error: &SdkError<E, HttpResponse>, doing: &str, place: &str) -> Error
where
    E: StdError + 'static,
{
    match error {
        SdkError::TimeoutError(_) => {
            Error::new(ErrorKind::Unavailable, format!("cannot reach {place}: no answer in time"))
        }
        SdkError::DispatchFailure(failure) => {
            if let Some(refused) = Refused::among(error) {
                return refused.error(place);
            }
            let timed_out = failure.is_timeout();
            let why = if timed_out { "no answer in time".to_owned() } else { transport::why(error) };
            Error::new(ErrorKind::Unavailable, format!("cannot reach {place}: {why}"))
        }
        SdkError::ResponseError(context) => unreadable(context.raw(), doing, place),
        SdkError::ConstructionFailure(_) | SdkError::ServiceError(_) | _ => {
            Error::new(ErrorKind::InvalidConfig, format!("{doing}: no request to {place} can be made"))
        }
    }
}

fn unreadable(answer: &HttpResponse, doing: &str, place: &str) -> Error {
    let status = answer.status().as_u16();
    let message = format!("{doing}: {place} gave an answer that cannot be read");
    Error::new(by_status(status), message).with_code(format!("HTTP {status}"))
}

/// The error of a code, be it that of a request or of one secret among several.
pub fn of_code(code: Option<&str>, message: Option<&str>, status: u16, doing: &str, place: &str) -> Error {
    let message = message.unwrap_or_default();
    let kind = kind(code.unwrap_or_default(), message, status);
    let code = code.map_or_else(|| format!("HTTP {status}"), str::to_owned);
    let said = clean(message);
    let text = if kind == ErrorKind::NotFound {
        format!("{doing}: there is none in {place}")
    } else if kind == ErrorKind::RateLimited {
        format!("{doing}: too many requests to {place}")
    } else if said.is_empty() {
        format!("{doing}: {place} refused")
    } else {
        format!("{doing}: {place} says: {said}")
    };
    Error::new(kind, text).with_code(code)
}

/// The kind of a code of Secrets Manager, STS or of AWS's front door, else of the HTTP status.
fn kind(code: &str, message: &str, status: u16) -> ErrorKind {
    match code {
        "ResourceNotFoundException" => ErrorKind::NotFound,
        "InvalidRequestException" | "InvalidParameterException" if is_deleted(message) => ErrorKind::NotFound,
        "AccessDeniedException"
        | "AccessDenied"
        | "UnauthorizedOperation"
        | "OptInRequired"
        | "DecryptionFailure"
        | "NotAuthorized"
        | "IDPRejectedClaim" => ErrorKind::Forbidden,
        "UnrecognizedClientException"
        | "UnrecognizedClient"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "ExpiredTokenException"
        | "ExpiredToken"
        | "RequestExpired"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "AuthFailure"
        | "InvalidIdentityToken"
        | "InvalidToken"
        | "TokenRefreshRequired" => ErrorKind::Unauthenticated,
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "LimitExceededException"
        | "ProvisionedThroughputExceededException"
        | "BandwidthLimitExceeded"
        | "PriorRequestNotComplete" => ErrorKind::RateLimited,
        "InternalServiceError"
        | "InternalServiceErrorException"
        | "InternalFailure"
        | "InternalError"
        | "ServiceUnavailable"
        | "ServiceUnavailableException"
        | "IDPCommunicationError" => ErrorKind::Unavailable,
        "RegionDisabledException" => ErrorKind::InvalidConfig,
        "InvalidRequestException"
        | "InvalidParameterException"
        | "InvalidParameterValue"
        | "ValidationException"
        | "ValidationError"
        | "UnknownOperationException"
        | "InvalidAction"
        | "MalformedPolicyDocument"
        | "PackedPolicyTooLarge" => ErrorKind::InvalidRequest,
        _ => by_status(status),
    }
}

/// A secret in its recovery window. The first wording is the one that ESO looks for, the others are of AWS's reference.
fn is_deleted(message: &str) -> bool {
    ["marked for deletion", "marked deleted", "scheduled for deletion"]
        .iter()
        .any(|words| message.contains(words))
}

fn by_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::Forbidden,
        408 => ErrorKind::Unavailable,
        429 => ErrorKind::RateLimited,
        400..=499 => ErrorKind::InvalidRequest,
        _ => ErrorKind::Unavailable, // 5xx, and what no AWS service answers: a proxy in between
    }
}

/// AWS's sentence without what differs from request to request (ids) and without what echoes the request: the first
/// line only, since a wrong signature is answered with the headers that were signed, session token and all.
fn clean(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = cut_at(line, "The Canonical String");
    let line = cut_at(line, " Credential=");
    let line = cut_word_after(line, "request id: ");
    let mut text: String = line.chars().take(LONGEST_MESSAGE).collect();
    text.truncate(text.trim_end_matches([' ', '.', ',', ';', '(']).len());
    text
}

fn cut_at<'a>(text: &'a str, from: &str) -> &'a str {
    text.split_once(from).map_or(text, |(before, _)| before)
}

fn cut_word_after(text: &str, label: &str) -> String {
    let find = |text: &str| text.to_ascii_lowercase().find(label);
    match find(text) {
        Some(at) => {
            let rest = &text[at + label.len()..];
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            format!("{}{}", &text[..at], rest[end..].trim_start())
        }
        None => text.to_owned(),
    }
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    wire::asked_to_wait(response)?.parse().ok().map(Duration::from_secs)
}

/// What kept credentials from being had, if that is why a request was never sent.
pub fn of_credentials(error: &(dyn StdError + 'static)) -> Option<Error> {
    let mut found = None;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(ours) = error.downcast_ref::<Error>() {
            return Some(ours.clone()); // of a login of ours: the most exact there is
        }
        found = by_type(error).or(found);
        cause = error.source();
    }
    found
}

fn by_type(error: &(dyn StdError + 'static)) -> Option<Error> {
    const DOING: &str = "cannot exchange the environment's web identity";
    if let Some(error) = error.downcast_ref::<AssumeRoleWithWebIdentityError>() {
        return Some(of_code(error.meta().code(), error.meta().message(), 400, DOING, "AWS STS"));
    }
    if let Some(error) = error.downcast_ref::<AssumeRoleError>() {
        return Some(of_code(
            error.meta().code(),
            error.meta().message(),
            400,
            "cannot assume the role",
            "AWS STS",
        ));
    }
    match error.downcast_ref::<CredentialsError>()? {
        CredentialsError::CredentialsNotLoaded(_) => Some(Error::new(
            ErrorKind::Credentials,
            "the store names no credentials for AWS and the environment offers none",
        )),
        CredentialsError::ProviderTimedOut(_) => Some(Error::new(
            ErrorKind::Unavailable,
            "the environment's credentials for AWS did not come in time",
        )),
        CredentialsError::InvalidConfiguration(_) => {
            Some(Error::new(ErrorKind::Credentials, "the environment's configuration for AWS cannot be used"))
        }
        CredentialsError::ProviderError(_) | CredentialsError::Unhandled(_) | _ => {
            Some(Error::new(ErrorKind::Credentials, "the environment's credentials for AWS cannot be had"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_kind_that_the_engine_acts_on() {
        for (code, message, status, want) in [
            ("ResourceNotFoundException", "", 400, ErrorKind::NotFound),
            ("InvalidRequestException", "… because it was marked for deletion.", 400, ErrorKind::NotFound),
            ("InvalidParameterException", "… was marked for deletion", 400, ErrorKind::NotFound),
            ("InvalidRequestException", "… that's currently marked deleted.", 400, ErrorKind::NotFound),
            ("InvalidRequestException", "", 400, ErrorKind::InvalidRequest),
            ("AccessDeniedException", "", 400, ErrorKind::Forbidden),
            ("UnrecognizedClientException", "", 400, ErrorKind::Unauthenticated),
            ("ExpiredTokenException", "", 400, ErrorKind::Unauthenticated),
            ("ThrottlingException", "", 400, ErrorKind::RateLimited),
            ("InternalServiceError", "", 500, ErrorKind::Unavailable),
            ("SomethingNew", "", 400, ErrorKind::InvalidRequest),
            ("SomethingNew", "", 503, ErrorKind::Unavailable),
            ("", "", 403, ErrorKind::Forbidden),
            ("", "", 429, ErrorKind::RateLimited),
            ("", "", 302, ErrorKind::Unavailable),
        ] {
            assert_eq!(kind(code, message, status), want, "{code} {status}");
        }
    }

    #[test]
    fn a_refusal_says_who_may_not_do_what() {
        let message =
            "User: arn:aws:iam::1:user/x is not authorized to perform: secretsmanager:GetSecretValue.";
        let error = of_code(
            Some("AccessDeniedException"),
            Some(message),
            400,
            "cannot read secret \"db\"",
            "AWS in eu",
        );
        assert_eq!(
            error.to_string(),
            "cannot read secret \"db\": AWS in eu says: User: arn:aws:iam::1:user/x is not authorized to perform: \
             secretsmanager:GetSecretValue (AccessDeniedException)"
        );
    }

    #[test]
    fn what_differs_by_request_and_what_echoes_it_is_cut() {
        for (message, want) in [
            ("denied (Service: X; Request ID: 1f-2)", "denied (Service: X;"),
            ("denied, request id: 1f-2 for good", "denied, for good"),
            ("bad header Credential=AKIA/2026, Signature=ff", "bad header"),
            (
                "does not match.\n\nThe Canonical String for this request\nx-amz-security-token:canary",
                "does not match",
            ),
            ("does not match. The Canonical String … canary", "does not match"),
        ] {
            assert_eq!(clean(message).trim_end_matches(';'), want.trim_end_matches(';'), "{message}");
        }
    }
}
