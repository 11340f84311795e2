//! Whether a store is known to be down.
//!
//! After a few failures in a row callers get the remembered error at once, until a backoff is over; then one call is let
//! through to see. There is no half-open state: letting the one through closes the door for as long as a call may take, so
//! a call that never reports cannot hold the breaker for ever, and what it reports opens or closes it.

use std::sync::Mutex;
use std::time::Duration;

use latchkey_provider::Error;
use tokio::time::Instant;

use super::lock;

/// How many failures in a row open it.
const FAILURES: u32 = 3;
/// The first backoff.
const FIRST: Duration = Duration::from_secs(1);
/// The longest backoff.
const LONGEST: Duration = Duration::from_secs(60);
/// How long the one that was let through may take before another one is. A store that hangs costs one caller's time then,
/// not that of all who come meanwhile.
const PROBE: Duration = Duration::from_secs(10);
/// The longest `Retry-After` that is obeyed: a nonsensical one must not shut a store off for a day.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// How a call came through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The store is not known to be down.
    Free,
    /// The store is known to be down; this call finds out whether it still is.
    Probe,
}

/// A store that is known to be down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down {
    /// How long it is left alone from now.
    pub left: Duration,
    /// What it last failed with.
    pub error: Error,
}

/// One store's breaker.
#[derive(Debug, Default)]
pub struct Breaker(Mutex<State>);

#[derive(Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant, backoff: Duration, error: Error },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl Breaker {
    /// Asks to call the store. `forced` callers may probe before the backoff is over, but not before the time that the
    /// store has asked for.
    ///
    /// # Errors
    /// The remembered error, with the time that is left, if the store is known to be down.
    pub fn pass(&self, forced: bool, now: Instant) -> Result<Pass, Error> {
        match &mut *lock(&self.0) {
            State::Closed { .. } => Ok(Pass::Free),
            State::Open { until, backoff, error }
                if now >= *until || (forced && error.retry_after.is_none()) =>
            {
                *until = (*until).max(now + (*backoff).max(PROBE));
                Ok(Pass::Probe)
            }
            State::Open { until, error, .. } => {
                Err(Error { retry_after: Some(until.saturating_duration_since(now)), ..error.clone() })
            }
        }
    }

    /// The remembered failure, while callers would be turned away.
    pub fn down(&self, now: Instant) -> Option<Down> {
        match &*lock(&self.0) {
            State::Closed { .. } => None,
            State::Open { until, .. } if now >= *until => None,
            State::Open { until, error, .. } => Some(Down { left: *until - now, error: error.clone() }),
        }
    }

    /// What the store said when it asked to be left alone, while that time is not over.
    pub fn asked_to_wait(&self, now: Instant) -> Option<Error> {
        self.down(now).map(|down| down.error).filter(|error| error.retry_after.is_some())
    }

    /// The store has answered, whatever it said. True if it was known to be down.
    pub fn answered(&self) -> bool {
        let before = std::mem::take(&mut *lock(&self.0));
        matches!(before, State::Open { .. })
    }

    /// A call failed to reach the store, or the store asks to be left alone. True if it is now known to be down.
    pub fn failed(&self, error: &Error, pass: Pass, now: Instant) -> bool {
        let state = &mut *lock(&self.0);
        let backoff = match (&*state, pass) {
            (State::Closed { failures }, _) if error.retry_after.is_none() && failures + 1 < FAILURES => {
                *state = State::Closed { failures: failures + 1 };
                return false;
            }
            (State::Closed { .. }, _) => FIRST,
            (State::Open { backoff, .. }, Pass::Probe) => (*backoff * 2).min(LONGEST),
            (State::Open { .. }, Pass::Free) => return true, // under way when the breaker opened: it says nothing new
        };
        *state = State::Open { until: now + wait(error, backoff), backoff, error: error.clone() };
        true
    }
}

/// What the store asks for, else the backoff less a random part of up to half, so that replicas do not probe together.
fn wait(error: &Error, backoff: Duration) -> Duration {
    match error.retry_after {
        Some(asked) => asked.min(LONGEST_ASKED),
        None => backoff.mul_f64(rand::random_range(0.5..=1.0)),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_provider::ErrorKind;

    use super::*;

    fn unavailable() -> Error {
        Error::new(ErrorKind::Unavailable, "vault.test does not answer")
    }

    fn opened(now: Instant) -> Breaker {
        let breaker = Breaker::default();
        for _ in 0..FAILURES {
            breaker.failed(&unavailable(), Pass::Free, now);
        }
        breaker
    }

    #[test]
    fn stays_closed_below_three_failures_in_a_row() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 0..4 {
            breaker.failed(&unavailable(), Pass::Free, now);
            breaker.failed(&unavailable(), Pass::Free, now);
            breaker.answered();
        }
        assert_eq!(breaker.pass(false, now), Ok(Pass::Free));
    }

    #[test]
    fn turns_callers_away_with_the_remembered_error_until_the_backoff_is_over() {
        let now = Instant::now();
        let breaker = opened(now);
        let refused = breaker.pass(false, now).expect_err("the store is known to be down");
        assert_eq!(refused.message, "vault.test does not answer");
        assert!(refused.retry_after.is_some_and(|left| left >= FIRST / 2 && left <= FIRST));
        assert_eq!(breaker.pass(false, now + FIRST), Ok(Pass::Probe));
    }

    #[test]
    fn lets_one_caller_probe_and_the_others_wait_for_it() {
        let now = Instant::now();
        let breaker = opened(now);
        assert_eq!(breaker.pass(false, now + FIRST), Ok(Pass::Probe));
        assert!(breaker.pass(false, now + FIRST).is_err());
        breaker.answered();
        assert_eq!(breaker.pass(false, now + FIRST), Ok(Pass::Free));
    }

    #[test]
    fn a_probe_that_hangs_keeps_the_door_closed_for_as_long_as_a_call_may_take() {
        let now = Instant::now();
        let breaker = opened(now);
        assert_eq!(breaker.pass(false, now + FIRST), Ok(Pass::Probe));
        assert!(breaker.pass(false, now + FIRST + PROBE - Duration::from_millis(1)).is_err());
        assert_eq!(breaker.pass(false, now + FIRST + PROBE), Ok(Pass::Probe));
    }

    #[test]
    fn a_person_may_probe_at_any_time() {
        let now = Instant::now();
        assert_eq!(opened(now).pass(true, now), Ok(Pass::Probe));
    }

    #[test]
    fn failed_probes_double_the_backoff_up_to_a_minute() {
        let mut now = Instant::now();
        let breaker = opened(now);
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            breaker.failed(&unavailable(), Pass::Probe, now);
            let left = breaker.down(now).expect("it is down").left;
            let longest = Duration::from_secs(seconds);
            assert!(left >= longest / 2 && left <= longest, "{left:?} of {longest:?}");
            now += longest;
        }
    }

    #[test]
    fn calls_that_were_under_way_do_not_lengthen_the_backoff() {
        let now = Instant::now();
        let breaker = opened(now);
        let before = breaker.down(now);
        breaker.failed(&unavailable(), Pass::Free, now);
        assert_eq!(breaker.down(now), before);
    }

    #[test]
    fn obeys_retry_after_at_once() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let error = Error::new(ErrorKind::RateLimited, "slow down").with_retry_after(Duration::from_secs(7));
        breaker.failed(&error, Pass::Free, now);
        assert_eq!(breaker.down(now).map(|down| down.left), Some(Duration::from_secs(7)));
    }

    #[test]
    fn not_even_a_person_may_probe_before_the_time_that_the_store_asks_for() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let asked = Duration::from_secs(7);
        let error = Error::new(ErrorKind::RateLimited, "slow down").with_retry_after(asked);
        breaker.failed(&error, Pass::Free, now);
        assert!(breaker.pass(true, now).is_err());
        assert_eq!(breaker.pass(true, now + asked), Ok(Pass::Probe));
    }

    #[test]
    fn a_nonsensical_retry_after_is_cut_short() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        let error =
            Error::new(ErrorKind::RateLimited, "slow down").with_retry_after(Duration::from_secs(86_400));
        breaker.failed(&error, Pass::Free, now);
        assert_eq!(breaker.down(now).map(|down| down.left), Some(LONGEST_ASKED));
    }
}
