//! What is logged of clients that come to nothing: enough to notice, and no more than a line in a while however many come.

use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustls::AlertDescription;
use tokio::time::Instant;

/// How often the same trouble is told.
const PERIOD: Duration = Duration::from_secs(10);

/// Counts what is not told.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    certificate: Mutex<Told>,
    accept: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    last: Option<Instant>,
    since: u64,
}

impl Told {
    /// How many there were since it was told last, this one included; none while that is not long ago.
    fn tell(&mut self) -> Option<u64> {
        self.since += 1;
        if self.last.is_some_and(|last| last.elapsed() < PERIOD) {
            return None;
        }
        self.last = Some(Instant::now());
        Some(std::mem::take(&mut self.since))
    }
}

impl Refusals {
    /// A client that does not trust our certificate is worth a warning: the registered CA is not ours. One that hangs up
    /// or speaks something else is a port scan or a TCP probe.
    pub(super) fn handshake(&self, error: &io::Error) {
        match error.get_ref().and_then(|cause| cause.downcast_ref()) {
            Some(rustls::Error::AlertReceived(
                alert @ (AlertDescription::BadCertificate
                | AlertDescription::UnknownCA
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateUnknown),
            )) => {
                if let Some(times) = tell(&self.certificate) {
                    tracing::warn!(?alert, times, "a client refuses the webhook's certificate");
                }
            }
            _ => tracing::debug!(%error, "a TLS handshake failed"),
        }
    }

    /// The system gives no connection, most likely for want of file descriptors.
    pub(super) fn accept(&self, error: &io::Error) {
        if let Some(times) = tell(&self.accept) {
            tracing::warn!(%error, times, "cannot accept a connection");
        }
    }
}

fn tell(told: &Mutex<Told>) -> Option<u64> {
    told.lock().unwrap_or_else(PoisonError::into_inner).tell()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_is_one_line_in_a_while_and_is_counted() {
        let mut told = Told::default();
        assert_eq!(told.tell(), Some(1));
        assert_eq!((0..1000).filter_map(|_| told.tell()).count(), 0);
        tokio::time::advance(PERIOD).await;
        assert_eq!(told.tell(), Some(1001));
    }
}
