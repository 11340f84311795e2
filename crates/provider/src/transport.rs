//! Why a server could not be reached, in words for whoever reads the error.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError};

/// What an answer's `Retry-After` says, where that is a number of seconds.
#[cfg(feature = "vault")]
pub fn retry_after(headers: &http::HeaderMap) -> Option<std::time::Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?;
    text.trim().parse().ok().map(std::time::Duration::from_secs)
}

/// What the innermost cause of a failed connection says: refused, no such name, not trusted. Never a URL, a header or a
/// body, so it is safe to show.
pub fn why(error: &(dyn StdError + 'static)) -> String {
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(text) = known(error) {
            return text;
        }
        cause = error.source();
    }
    "the connection failed".to_owned()
}

fn known(error: &(dyn StdError + 'static)) -> Option<String> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(of_tls(tls));
    }
    if let Some(io) = error.downcast_ref::<io::Error>() {
        return of_io(io);
    }
    let text = error.to_string(); // of hyper, whose errors have no kinds for these
    if text.starts_with("invalid HTTP") {
        return Some("it does not speak HTTP".to_owned());
    }
    if text.starts_with("dns error") {
        return Some("its name cannot be resolved".to_owned());
    }
    text.contains("connection closed").then(|| "it closed the connection".to_owned())
}

/// An I/O error that wraps another one has that one inside, not as its source.
#[expect(clippy::wildcard_enum_match_arm, reason = "the standard library's kinds grow")]
fn of_io(error: &io::Error) -> Option<String> {
    if let Some(inner) = error.get_ref().and_then(|inner| known(inner)) {
        return Some(inner);
    }
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, NetworkUnreachable, TimedOut, UnexpectedEof,
    };
    let text = match error.kind() {
        ConnectionRefused => "connection refused",
        ConnectionReset => "connection reset",
        HostUnreachable | NetworkUnreachable => "no route to it",
        TimedOut => "no answer in time",
        UnexpectedEof => "it closed the connection",
        _ => return None,
    };
    Some(text.to_owned())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the others have no better words than rustls's own")]
fn of_tls(error: &rustls::Error) -> String {
    use rustls::Error::{AlertReceived, InvalidCertificate, InvalidMessage, NoCertificatesPresented};
    match error {
        InvalidCertificate(CertificateError::UnknownIssuer) => {
            "its certificate is signed by an authority that is not known here: the store needs a caBundle or caProvider"
                .to_owned()
        }
        InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            "its certificate has expired".to_owned()
        }
        InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            "its certificate is for another host name".to_owned()
        }
        AlertReceived(AlertDescription::CertificateRequired) => "it asks for a client certificate".to_owned(),
        NoCertificatesPresented | InvalidMessage(_) => "it does not speak TLS".to_owned(),
        other => format!("the TLS handshake failed: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_innermost_known_cause() {
        let refused = io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(why(&refused), "connection refused");
        let untrusted = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        assert!(why(&io::Error::new(io::ErrorKind::InvalidData, untrusted)).contains("caBundle"));
        assert_eq!(why(&io::Error::other("something")), "the connection failed");
    }
}
