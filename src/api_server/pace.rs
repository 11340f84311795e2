//! How soon the next request of a kind may be made.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::kind::Kind;

/// After so many failures in a row requests wait for their turn.
const PATIENCE: u32 = 3;

/// The first wait between turns at what does not answer, doubled at each further failure, and the longest.
const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(1);

/// Whoever waited for the same moment does not come at the same moment: up to a fifth of the wait later.
const SPREAD: f64 = 0.2;

/// The paces of all kinds: as many as there are kinds.
#[derive(Debug, Default)]
pub(super) struct Paces(Mutex<HashMap<Kind, Arc<Pace>>>);

#[derive(Debug, Default)]
struct Pace {
    state: Mutex<State>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug, Default)]
struct State {
    /// Before this none is made.
    until: Option<Instant>,
    /// How many in a row had no answer.
    failures: u32,
}

/// The right to make one request.
#[derive(Debug)]
pub(super) struct Turn {
    pace: Arc<Pace>,
    began: Instant,
    _alone: Option<OwnedMutexGuard<()>>,
}

impl Paces {
    /// Waits for the turn of a request of this kind.
    ///
    /// # Errors
    /// It does not come before `deadline`: how long it will take still.
    pub(super) async fn turn(&self, kind: &Kind, deadline: Instant) -> Result<Turn, Duration> {
        let pace = Arc::clone(lock(&self.0).entry(kind.clone()).or_default());
        let mut alone = None;
        if pace.until().is_some() {
            let waiting = timeout_at(deadline, Arc::clone(&pace.turn).lock_owned()).await;
            alone = Some(waiting.map_err(|_| pace.left())?);
        }
        while let Some(until) = pace.until().filter(|until| *until > Instant::now()) {
            if until > deadline {
                return Err(pace.left());
            }
            let wait = until.saturating_duration_since(Instant::now());
            sleep_until(until + wait.mul_f64(rand::random::<f64>() * SPREAD)).await;
        }
        let alone = alone.filter(|_| pace.until().is_some()); // all is well again: nobody needs to wait
        Ok(Turn { pace, began: Instant::now(), _alone: alone })
    }
}

impl Pace {
    fn until(&self) -> Option<Instant> {
        lock(&self.state).until
    }

    fn left(&self) -> Duration {
        self.until().map_or(FIRST, |until| until.saturating_duration_since(Instant::now()))
    }
}

impl Turn {
    /// The API server asks to be left alone for so long.
    pub(super) fn refused(self, wait: Duration) {
        let mut state = lock(&self.pace.state);
        state.failures = 0;
        state.until = state.until.max(Some(Instant::now() + wait));
    }

    /// There was no answer.
    pub(super) fn failed(self) {
        let mut state = lock(&self.pace.state);
        state.failures = state.failures.saturating_add(1);
        if let Some(more) = state.failures.checked_sub(PATIENCE) {
            let wait = FIRST.saturating_mul(1 << more.min(10)).min(LONGEST);
            state.until = state.until.max(Some(Instant::now() + wait));
        }
    }

    /// There was one. What was asked before a refusal says nothing of the time after it.
    pub(super) fn taken(self) {
        let mut state = lock(&self.pace.state);
        state.failures = 0;
        if state.until.is_some_and(|until| until <= self.began) {
            state.until = None;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    const SOON: Duration = Duration::from_secs(30);

    fn kind(path: &str) -> Kind {
        Kind::of(&Method::GET, &path.parse().expect("a path"))
    }

    async fn turn(paces: &Paces, kind: &Kind) -> (Turn, Duration) {
        let start = Instant::now();
        let turn = paces.turn(kind, start + SOON).await.expect("its turn comes");
        (turn, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_of_a_kind_is_made_before_the_time_that_was_asked_for() {
        let (paces, secrets, leases) = (Paces::default(), kind("/api/v1/secrets"), kind("/api/v1/leases"));
        let wait = Duration::from_secs(5);
        turn(&paces, &secrets).await.0.refused(wait);
        assert_eq!(turn(&paces, &leases).await.1, Duration::ZERO, "another kind");
        let (next, waited) = turn(&paces, &secrets).await;
        assert!(waited >= wait && waited <= wait.mul_f64(1.0 + SPREAD), "{waited:?}");
        let second = tokio::time::timeout(SOON / 2, turn(&paces, &secrets)).await;
        assert!(second.is_err(), "one at a time, until one is taken");
        next.taken();
        assert_eq!(turn(&paces, &secrets).await.1, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_past_the_deadline_is_not_begun() {
        let (paces, kind) = (Paces::default(), kind("/api/v1/secrets"));
        turn(&paces, &kind).await.0.refused(SOON * 2);
        let start = Instant::now();
        let left = paces.turn(&kind, start + SOON).await.expect_err("too long");
        assert_eq!((left, start.elapsed()), (SOON * 2, Duration::ZERO));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_to_an_older_request_does_not_end_a_wait() {
        let (paces, kind) = (Paces::default(), kind("/api/v1/secrets"));
        let (older, newer) = (turn(&paces, &kind).await.0, turn(&paces, &kind).await.0);
        newer.refused(Duration::from_secs(2));
        older.taken();
        assert!(turn(&paces, &kind).await.1 >= Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_answer_is_asked_ever_more_slowly_but_at_least_each_second() {
        let (paces, kind) = (Paces::default(), kind("/api/v1/secrets"));
        let mut waits = Vec::new();
        for _ in 0..8 {
            let (turn, waited) = turn(&paces, &kind).await;
            turn.failed();
            waits.push(waited);
        }
        assert_eq!(waits[..3], [Duration::ZERO; 3]);
        assert!(waits[3] >= FIRST && waits[4] >= FIRST * 2 && waits[7] >= LONGEST, "{waits:?}");
        assert!(waits[7] <= LONGEST.mul_f64(1.0 + SPREAD), "{waits:?}");
    }
}
