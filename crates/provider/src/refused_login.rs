//! Credentials that were refused are not shown again at once, however many want to know: each try counts at who refuses
//! them, and may lock the account.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, ErrorKind};

/// How long a refusal is remembered. Other credentials are another connection, so this only delays what is mended at the
/// other end: a role, a policy.
const REMEMBERED: Duration = Duration::from_secs(10);

/// The last refusal of one login.
#[derive(Debug, Default)]
pub struct RefusedLogin(Mutex<Option<(Instant, Error)>>);

impl RefusedLogin {
    /// The refusal, if it is too early to try again.
    pub fn lately(&self) -> Option<Error> {
        let last = self.lock();
        let (_, error) = last.as_ref().filter(|(at, _)| at.elapsed() < REMEMBERED)?;
        Some(error.clone())
    }

    /// Remembers what came of a login, if it was refused.
    pub fn note<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        let refusal = outcome.as_ref().err().filter(|error| is_refusal(error.kind));
        *self.lock() = refusal.map(|error| (Instant::now(), error.clone()));
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Instant, Error)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_refusal(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unauthenticated | ErrorKind::Forbidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(kind: ErrorKind) -> Result<(), Error> {
        Err(Error::new(kind, "no"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_remembered_for_a_while_and_trouble_is_not() {
        let refused = RefusedLogin::default();
        assert!(refused.note(fails(ErrorKind::Unauthenticated)).is_err() && refused.lately().is_some());
        tokio::time::advance(REMEMBERED).await;
        assert_eq!(refused.lately(), None);
        assert!(refused.note(fails(ErrorKind::Unavailable)).is_err() && refused.lately().is_none());
        assert!(refused.note(fails(ErrorKind::Forbidden)).is_err() && refused.note(Ok(())).is_ok());
        assert_eq!(refused.lately(), None);
    }
}
