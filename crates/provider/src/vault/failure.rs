//! From what Vault answered to an [`Error`]: kind, words, code. Vault's own texts are matched, not repeated: some quote
//! what was sent.

use std::time::Duration;

use http::StatusCode;

use crate::{Error, ErrorKind};

/// What a request was for; it decides what a refusal means.
#[derive(Debug, Clone, Copy)]
pub enum Purpose<'a> {
    /// A login: whatever Vault refuses here, it refuses the credentials.
    Login {
        /// Kind of login, as in the store: `appRole`.
        method: &'static str,
        /// Where the method is mounted.
        mount: &'a str,
    },
    /// Looking at, renewing or revoking the client's own token.
    OwnToken,
    /// Reading below this path.
    Read(&'a str),
    /// Writing or deleting below this path.
    Write(&'a str),
}

/// An answer that is neither a success nor a plain "there is no such thing".
#[derive(Debug)]
pub struct Refusal {
    /// The HTTP status.
    pub status: StatusCode,
    /// Vault's `errors`.
    pub errors: Vec<String>,
    /// How long Vault asks to be left alone.
    pub retry_after: Option<Duration>,
}

impl Refusal {
    /// Whether it says only that there is no such secret. A 404 may also mean that nothing is mounted there, or a key-value
    /// engine of the other version; ESO takes those for absence too, and its `deletionPolicy` may then delete.
    pub fn is_mere_absence(&self) -> bool {
        self.status == StatusCode::NOT_FOUND && !self.says(NO_ROUTE) && !self.says(OTHER_VERSION)
    }

    /// The error of a request to the Vault at `server`.
    pub fn error(&self, server: &str, purpose: Purpose<'_>) -> Error {
        let (kind, message) = self.meaning(server, purpose);
        let error = Error::new(kind, message).with_code(format!("HTTP {}", self.status.as_u16()));
        match self.retry_after {
            Some(after) => error.with_retry_after(after),
            None => error,
        }
    }

    fn meaning(&self, server: &str, purpose: Purpose<'_>) -> (ErrorKind, String) {
        match self.status.as_u16() {
            429 => (ErrorKind::RateLimited, format!("vault at {server} limits the rate of requests")),
            412 => (
                ErrorKind::Unavailable,
                format!("this node of vault at {server} lags behind what was written"),
            ),
            472 | 473 => (
                ErrorKind::Unavailable,
                format!("this node of vault at {server} is a standby that does not serve reads"),
            ),
            408 | 425 | 500.. => self.trouble(server, purpose),
            404 => self.no_mount(server, purpose),
            400 if self.says("HTTP request to an HTTPS server") => (
                ErrorKind::InvalidConfig,
                format!("vault at {server} speaks https, the store's server says http"),
            ),
            _ => self.refused(server, purpose),
        }
    }

    fn trouble(&self, server: &str, purpose: Purpose<'_>) -> (ErrorKind, String) {
        let unavailable = |what: &str| (ErrorKind::Unavailable, format!("vault at {server} {what}"));
        match purpose {
            _ if self.says("sealed") => unavailable("is sealed"),
            _ if self.says("not initialized") => unavailable("is not initialized"),
            _ if self.says("active cluster node not found") => unavailable("has no active node"),
            Purpose::Login { .. } if self.reason().is_some() => self.refused(server, purpose),
            Purpose::Login { .. } | Purpose::OwnToken | Purpose::Read(_) | Purpose::Write(_) => {
                unavailable("failed to answer")
            }
        }
    }

    fn refused(&self, server: &str, purpose: Purpose<'_>) -> (ErrorKind, String) {
        match purpose {
            Purpose::Login { method, mount } => {
                let reason = self.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
                let text = format!("vault at {server} refuses the {method} login at mount {mount:?}{reason}");
                (ErrorKind::Unauthenticated, text)
            }
            _ if self.says("invalid token") || self.says("bad token") => (
                ErrorKind::Unauthenticated,
                format!("vault at {server} refuses the token: revoked, expired or wrong"),
            ),
            _ if self.says("missing client token") => (
                ErrorKind::Unauthenticated,
                format!("vault at {server} asks for a token, and the store has no auth"),
            ),
            Purpose::OwnToken => {
                (ErrorKind::Forbidden, format!("vault at {server} does not tell about the token"))
            }
            Purpose::Read(path) if self.status == StatusCode::FORBIDDEN => (
                ErrorKind::Forbidden,
                format!("vault at {server} denies reading {path:?}: no policy of the token allows it"),
            ),
            Purpose::Read(path) => (
                ErrorKind::InvalidRequest,
                format!("vault at {server} does not take {path:?} for a secret to read"),
            ),
            Purpose::Write(path) if self.status == StatusCode::FORBIDDEN => (
                ErrorKind::Forbidden,
                format!("vault at {server} denies writing {path:?}: no policy of the token allows it"),
            ),
            Purpose::Write(path) if self.says(CONFLICT) => (
                ErrorKind::Unavailable,
                format!("{path:?} in vault at {server} has been changed by somebody else meanwhile"),
            ),
            Purpose::Write(path) => (
                ErrorKind::InvalidRequest,
                format!("vault at {server} does not take what is to be written at {path:?}"),
            ),
        }
    }

    fn no_mount(&self, server: &str, purpose: Purpose<'_>) -> (ErrorKind, String) {
        let text = match purpose {
            Purpose::Login { method, mount } => {
                format!("vault at {server} has no {method} auth method mounted at {mount:?}")
            }
            Purpose::Read(path) | Purpose::Write(path) if self.says(OTHER_VERSION) => {
                format!("the mount of {path:?} in vault at {server} is of kv version 2, the store says v1")
            }
            Purpose::Read(path) => {
                let mount = path.split('/').next().unwrap_or_default();
                format!(
                    "vault at {server} has nothing mounted at {mount:?}, which {path:?} would be read from"
                )
            }
            Purpose::Write(path) => {
                let mount = path.split('/').next().unwrap_or_default();
                format!(
                    "vault at {server} has nothing mounted at {mount:?}, which {path:?} would be written in"
                )
            }
            Purpose::OwnToken => format!("{server} does not answer as a vault does"),
        };
        (ErrorKind::InvalidConfig, text)
    }

    /// Why a login failed, as far as Vault's text is one that is known to quote no credential.
    fn reason(&self) -> Option<&'static str> {
        REASONS.iter().find(|(text, _)| self.says(text)).map(|(_, reason)| *reason)
    }

    fn says(&self, text: &str) -> bool {
        self.errors.iter().any(|error| error.contains(text))
    }
}

/// Whether a write failed for the version that it was to replace not being the latest any more.
pub fn is_conflict(error: &Error) -> bool {
    error.kind == ErrorKind::Unavailable && error.code.as_deref() == Some("HTTP 400")
}

const CONFLICT: &str = "check-and-set parameter did not match";
const NO_ROUTE: &str = "no handler for route";
const OTHER_VERSION: &str = "Invalid path for a versioned K/V secrets engine";

/// Parts of Vault's texts and what is told instead.
const REASONS: &[(&str, &str)] = &[
    ("invalid role or secret ID", "role id or secret id is wrong"),
    ("invalid secret id", "the secret id is wrong, used up or expired"),
    ("invalid role ID", "the role id is wrong"),
    ("invalid role_id", "the role id is wrong"),
    ("invalid username or password", "user name or password is wrong"),
    ("ldap operation failed", "user name or password is wrong, or the LDAP server does not answer"),
    ("invalid role name", "there is no such role"),
    ("could not be found", "there is no such role"),
    ("namespace not authorized", "the role does not allow this namespace"),
    ("service account name not authorized", "the role does not allow this ServiceAccount"),
    ("service account unauthorized", "the API server does not accept the token"),
    ("invalid audience", "the token's audience is not the role's"),
    ("aud claim", "the token's audience is not the role's"),
    ("token is expired", "the token has expired"),
    ("no known key successfully validated", "the token is signed by a key that vault does not know"),
    ("error validating token", "the token is not valid for this role"),
    ("error validating claims", "the token's claims are not the role's"),
    ("no chain matching all constraints", "no role matches the client certificate"),
    ("failed to match all constraints", "no role matches the client certificate"),
    ("invalid certificate or no client certificate", "the client certificate is missing or not trusted"),
    ("client certificate must be supplied", "no client certificate was sent"),
    ("permission denied", "wrong credentials, or no such method is mounted there"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "https://vault:8200";

    fn error(status: u16, text: &str, purpose: Purpose<'_>) -> Error {
        let status = StatusCode::from_u16(status).expect("a status");
        let refusal = Refusal { status, errors: vec![text.to_owned()], retry_after: None };
        refusal.error(SERVER, purpose)
    }

    #[test]
    fn tells_trouble_from_refusal() {
        let read = Purpose::Read("secret/data/a");
        let write = Purpose::Write("secret/data/a");
        let login = Purpose::Login { method: "appRole", mount: "approle" };
        for (status, text, purpose, kind, says) in [
            (503, "Vault is sealed", read, ErrorKind::Unavailable, "vault at https://vault:8200 is sealed"),
            (
                500,
                "local node not active but active cluster node not found",
                read,
                ErrorKind::Unavailable,
                "no active node",
            ),
            (502, "", login, ErrorKind::Unavailable, "failed to answer"),
            (
                403,
                "1 error occurred:\n\t* permission denied\n\n",
                write,
                ErrorKind::Forbidden,
                "denies writing",
            ),
            (
                400,
                "check-and-set parameter did not match the current version",
                write,
                ErrorKind::Unavailable,
                "changed by somebody else",
            ),
            (400, "quotes s.3cr3t", write, ErrorKind::InvalidRequest, "does not take what is to be written"),
            (404, "no handler for route \"nope/a\"", write, ErrorKind::InvalidConfig, "nothing mounted"),
            (408, "", read, ErrorKind::Unavailable, "failed to answer"),
            (472, "", read, ErrorKind::Unavailable, "is a standby"),
            (473, "", login, ErrorKind::Unavailable, "is a standby"),
            (
                429,
                "request path \"x\": rate limit quota exceeded",
                read,
                ErrorKind::RateLimited,
                "limits the rate",
            ),
            (
                403,
                "1 error occurred:\n\t* permission denied\n\n",
                read,
                ErrorKind::Forbidden,
                "secret/data/a",
            ),
            (
                403,
                "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n",
                read,
                ErrorKind::Unauthenticated,
                "revoked",
            ),
            (
                404,
                "no handler for route \"nope/data/a\"",
                Purpose::Read("nope/data/a"),
                ErrorKind::InvalidConfig,
                "\"nope\"",
            ),
            (
                404,
                "no handler for route \"auth/x/login\"",
                login,
                ErrorKind::InvalidConfig,
                "no appRole auth method",
            ),
            (400, "invalid role or secret ID", login, ErrorKind::Unauthenticated, "secret id is wrong"),
            (
                400,
                "something new with s.3cr3t in it",
                login,
                ErrorKind::Unauthenticated,
                "refuses the appRole login",
            ),
            (
                400,
                "Client sent an HTTP request to an HTTPS server.\n",
                read,
                ErrorKind::InvalidConfig,
                "speaks https",
            ),
        ] {
            let error = error(status, text, purpose);
            assert_eq!(error.kind, kind, "{text}");
            assert!(error.message.contains(says), "{text}: {error}");
            assert!(!error.message.contains("s.3cr3t"), "{error}");
            assert_eq!(error.code, Some(format!("HTTP {status}")));
        }
    }
}
