//! Starting while the API server is away: a process that gave up would be started again by the kubelet ever more slowly,
//! and come minutes after the API server.

use std::error::Error;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::telemetry::chain;

/// How often it is tried again.
const RETRY: Duration = Duration::from_secs(2);

/// How often it is said what is waited for.
const REMINDER: Duration = Duration::from_mins(1);

/// Tries until it succeeds, or fails of something that time does not mend.
pub(super) async fn patiently<T, E: Error + 'static>(
    what: &'static str,
    attempt: impl AsyncFn() -> Result<T, E>,
) -> Result<T, E> {
    let mut said: Option<Instant> = None;
    loop {
        match attempt().await {
            Err(error) if passes(&error) => {
                if said.is_none_or(|said| said.elapsed() >= REMINDER) {
                    tracing::warn!(what, error = chain(&error), "waiting for the API server");
                    said = Some(Instant::now());
                }
                sleep(RETRY).await;
            }
            done => return done,
        }
    }
}

/// Whether the API server was not there, or asked for time.
fn passes(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let boxed = error.downcast_ref::<Box<kube::Error>>().map(Box::as_ref);
        match error.downcast_ref::<kube::Error>().or(boxed) {
            Some(kube::Error::Api(status)) => return status.code == 429 || status.code >= 500,
            Some(kube::Error::HyperError(_) | kube::Error::Service(_) | kube::Error::ReadEvents(_)) => {
                return true;
            }
            Some(_) | None => next = error.source(),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use kube::core::Status;

    use super::*;

    fn answered(code: u16) -> kube::Error {
        kube::Error::Api(Status::failure("", "").with_code(code).boxed())
    }

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read it")]
    struct Unread(#[source] Box<kube::Error>);

    #[test]
    fn an_error_that_is_told_by_another_is_found() {
        assert!(passes(&Unread(Box::new(answered(503)))) && !passes(&Unread(Box::new(answered(403)))));
    }

    #[tokio::test(start_paused = true)]
    async fn waits_for_an_api_server_that_is_away_but_not_for_rights() {
        let tries = Cell::new(0);
        let attempt = async || {
            tries.set(tries.get() + 1);
            match tries.get() {
                1 => Err(kube::Error::Service("connection refused".into())),
                2 => Err(answered(503)),
                3 => Err(answered(429)),
                4 => Ok("there"),
                _ => Err(answered(403)),
            }
        };
        assert_eq!(patiently("a thing", attempt).await.ok(), Some("there"));
        assert!(patiently("a thing", attempt).await.is_err() && tries.get() == 5);
    }
}
