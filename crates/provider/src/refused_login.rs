//! Credentials that were refused are not shown again at once, however many want to know: each try counts at who refuses
//! them, and may lock the account.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Error, ErrorKind};

/// How long the first, the second and each further refusal in a row is remembered where the account may be locked: Vault does so, by
/// its defaults, after five tries in a quarter of an hour. Elsewhere each is remembered as long as the first.
///
/// Other credentials are another connection, so this only delays what is mended at the other end: a role, a policy.
const REMEMBERED: [Duration; 3] =
    [Duration::from_secs(10), Duration::from_secs(60), Duration::from_secs(480)];

/// The last refusal of one login.
#[derive(Debug, Default)]
pub struct RefusedLogin {
    last: Mutex<Option<Refusal>>,
    locks: bool,
}

#[derive(Debug)]
struct Refusal {
    at: Instant,
    error: Error,
    /// How many there were in a row before this one.
    before: usize,
}

impl RefusedLogin {
    /// Of an account that is locked after a few tries.
    pub fn of_lockable() -> Self {
        Self { locks: true, ..Self::default() }
    }

    /// The refusal, if it is too early to try again.
    pub fn lately(&self) -> Option<Error> {
        let last = self.lock();
        let refusal = last.as_ref().filter(|refusal| refusal.at.elapsed() < self.remembered(refusal))?;
        Some(refusal.error.clone())
    }

    /// Remembers what came of a login, if it was refused.
    pub fn note<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        let mut last = self.lock();
        let before = last.take().map_or(0, |refusal| refusal.before + 1);
        let refusal = outcome.as_ref().err().filter(|error| is_refusal(error.kind));
        *last = refusal.map(|error| Refusal { at: Instant::now(), error: error.clone(), before });
        drop(last);
        outcome
    }

    fn remembered(&self, refusal: &Refusal) -> Duration {
        match self.locks {
            true => REMEMBERED[refusal.before.min(REMEMBERED.len() - 1)],
            false => REMEMBERED[0],
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
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
        tokio::time::advance(REMEMBERED[0]).await;
        assert_eq!(refused.lately(), None);
        assert!(refused.note(fails(ErrorKind::Unavailable)).is_err() && refused.lately().is_none());
        assert!(refused.note(fails(ErrorKind::Forbidden)).is_err() && refused.note(Ok(())).is_ok());
        assert_eq!(refused.lately(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn credentials_that_stay_wrong_are_shown_less_than_five_times_in_a_quarter_of_an_hour() {
        let refused = RefusedLogin::of_lockable();
        let mut tries = Vec::new();
        for second in 0..3_600 {
            if refused.lately().is_none() {
                tries.push(second);
                assert!(refused.note(fails(ErrorKind::Unauthenticated)).is_err());
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert!(tries.len() > 5 && tries.windows(5).all(|five| five[4] - five[0] > 900), "{tries:?}");
        assert!(refused.note(Ok(())).is_ok() && refused.note(fails(ErrorKind::Forbidden)).is_err());
        tokio::time::advance(REMEMBERED[0]).await;
        assert_eq!(refused.lately(), None, "once it has worked, it is the first again");
    }
}
