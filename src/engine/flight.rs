//! Single flight: callers that want the same entry at the same time share one read.
//!
//! A caller may join a read that has not begun, or one that began recently enough for it. It may not join one that began
//! before a moment that matters to it: whoever asks for the value of now must not get the value of before.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Shared, WeakShared};
use latchkey_provider::{Error, ErrorKind};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::breaker::Pass;
use super::cache::{CacheKey, Read, is_younger};
use super::{Lane, lock};

/// What came of a read.
pub type Answer = Result<Read, Error>;

type Landing = Shared<oneshot::Receiver<Answer>>;

/// Somebody's hold on a flight. When the last one lets go of a flight that still waits, it is cancelled.
#[derive(Debug, Clone)]
pub struct Seat(Landing);

impl Seat {
    /// Waits for the answer.
    pub async fn answer(self) -> Answer {
        self.0.await.unwrap_or_else(|_| Err(Error::new(ErrorKind::Unavailable, "the read was given up")))
    }
}

/// One read of one entry.
#[derive(Debug)]
pub struct Flight {
    /// What is read.
    pub key: CacheKey,
    phase: Mutex<Phase>,
    landing: Option<WeakShared<oneshot::Receiver<Answer>>>,
    probe: AtomicBool,
}

#[derive(Debug)]
enum Phase {
    Waiting { lane: Lane, answer: oneshot::Sender<Answer> },
    Flying { started: Instant, answer: oneshot::Sender<Answer> },
    Landed,
}

impl Flight {
    fn new(key: CacheKey, lane: Lane) -> (Arc<Self>, Seat) {
        let (answer, landing) = oneshot::channel();
        let landing = landing.shared();
        let phase = Mutex::new(Phase::Waiting { lane, answer });
        let flight = Self { key, phase, landing: landing.downgrade(), probe: AtomicBool::new(false) };
        (Arc::new(flight), Seat(landing))
    }

    /// A seat on this flight, and whether the flight has to be put into the caller's queue as well, as it waits in a
    /// slower one.
    fn join(&self, lane: Lane, max_age: Duration, now: Instant) -> Option<(Seat, bool)> {
        let seat = Seat(self.landing.as_ref()?.upgrade()?);
        match &mut *lock(&self.phase) {
            Phase::Waiting { lane: queued, .. } if outranks(lane, *queued) => {
                *queued = lane;
                Some((seat, true))
            }
            Phase::Waiting { .. } => Some((seat, false)),
            Phase::Flying { started, .. } => is_younger(*started, max_age, now).then_some((seat, false)),
            Phase::Landed => None,
        }
    }

    /// Begins the read. False if another queue has begun it or nobody waits for it any more.
    pub fn take_off(&self, now: Instant) -> bool {
        let phase = &mut *lock(&self.phase);
        match std::mem::replace(phase, Phase::Landed) {
            Phase::Waiting { answer, .. } if answer.is_closed() => false,
            Phase::Waiting { answer, .. } => {
                *phase = Phase::Flying { started: now, answer };
                true
            }
            other @ (Phase::Flying { .. } | Phase::Landed) => {
                *phase = other;
                false
            }
        }
    }

    /// It has to be begun once more, from this queue. False if nobody waits for it any more.
    pub fn put_back(&self, lane: Lane) -> bool {
        let phase = &mut *lock(&self.phase);
        match std::mem::replace(phase, Phase::Landed) {
            Phase::Flying { answer, .. } if !answer.is_closed() => {
                *phase = Phase::Waiting { lane, answer };
                true
            }
            other @ (Phase::Waiting { .. } | Phase::Flying { .. } | Phase::Landed) => {
                *phase = other;
                false
            }
        }
    }

    /// How it came past the store's breaker.
    pub fn pass(&self) -> Pass {
        if self.probe.load(Ordering::Relaxed) { Pass::Probe } else { Pass::Free }
    }

    /// Notes how it came past the store's breaker.
    pub fn set_pass(&self, pass: Pass) {
        self.probe.store(pass == Pass::Probe, Ordering::Relaxed);
    }

    fn land(&self, answer: Answer) {
        match std::mem::replace(&mut *lock(&self.phase), Phase::Landed) {
            Phase::Waiting { answer: waiting, .. } | Phase::Flying { answer: waiting, .. } => {
                let _ = waiting.send(answer); // nobody may be waiting any more
            }
            Phase::Landed => {}
        }
    }
}

fn outranks(one: Lane, other: Lane) -> bool {
    let rank = |lane| match lane {
        Lane::Admission => 2,
        Lane::Refresh => 1,
        Lane::DryRun => 0,
    };
    rank(one) > rank(other)
}

/// How a caller came aboard.
#[derive(Debug)]
pub enum Boarding {
    /// Another caller's flight.
    Joined(Seat),
    /// Another caller's flight; it has to be put into this caller's queue too.
    Promoted(Arc<Flight>, Seat),
    /// A new flight, for this caller to put into its queue.
    New(Arc<Flight>, Seat),
}

/// All flights of the process. Those that wait or fly are held by their queue; when a queue loses one, its callers are told.
#[derive(Debug, Default)]
pub struct Flights(Mutex<HashMap<CacheKey, Weak<Flight>>>);

impl Flights {
    /// Joins the flight to this entry if it will do, else makes one.
    pub fn board(&self, key: &CacheKey, lane: Lane, max_age: Duration, now: Instant) -> Boarding {
        let table = &mut *lock(&self.0);
        if let Some(flight) = table.get(key).and_then(Weak::upgrade) {
            match flight.join(lane, max_age, now) {
                Some((seat, true)) => return Boarding::Promoted(flight, seat),
                Some((seat, false)) => return Boarding::Joined(seat),
                None => {}
            }
        }
        let (flight, seat) = Flight::new(key.clone(), lane);
        table.insert(key.clone(), Arc::downgrade(&flight));
        Boarding::New(flight, seat)
    }

    /// Gives everybody aboard the answer.
    pub fn land(&self, flight: &Arc<Flight>, answer: Answer) {
        let table = &mut *lock(&self.0);
        if table.get(&flight.key).is_some_and(|newest| newest.as_ptr() == Arc::as_ptr(flight)) {
            table.remove(&flight.key);
        }
        flight.land(answer);
    }

    /// Forgets flights that were lost.
    pub fn tend(&self) {
        lock(&self.0).retain(|_, flight| flight.strong_count() > 0);
    }
}

#[cfg(test)]
mod tests {
    use latchkey_provider::connect::Identity;
    use latchkey_provider::{Entry, EntryRef};

    use super::*;
    use crate::engine::cache::LineKey;

    const SECOND: Duration = Duration::from_secs(1);

    fn key() -> CacheKey {
        let line = LineKey { uid: "uid".into(), generation: 1, identity: Identity([0; 28]) };
        CacheKey { line, entry: EntryRef::new("a".to_owned()) }
    }

    fn new_flight(flights: &Flights, lane: Lane) -> (Arc<Flight>, Seat) {
        let Boarding::New(flight, seat) = flights.board(&key(), lane, SECOND, Instant::now()) else {
            panic!("expected a new flight");
        };
        (flight, seat)
    }

    fn read() -> Read {
        Read { entry: Arc::new(Entry::Value("v".into())), started: Instant::now() }
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_that_has_not_begun_serves_even_those_who_want_the_value_of_now() {
        let flights = Flights::default();
        let (flight, first) = new_flight(&flights, Lane::Admission);
        let Boarding::Joined(second) = flights.board(&key(), Lane::Refresh, Duration::ZERO, Instant::now())
        else {
            panic!("it has not begun");
        };
        assert!(flight.take_off(Instant::now()));
        flights.land(&flight, Ok(read()));
        assert!(first.answer().await.is_ok() && second.answer().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_under_way_serves_those_for_whom_it_began_recently_enough() {
        let flights = Flights::default();
        let (flight, _seat) = new_flight(&flights, Lane::Admission);
        assert!(flight.take_off(Instant::now()));
        tokio::time::advance(SECOND).await;
        let now = Instant::now();
        assert!(matches!(flights.board(&key(), Lane::Admission, 2 * SECOND, now), Boarding::Joined(_)));
        assert!(matches!(flights.board(&key(), Lane::Admission, SECOND, now), Boarding::New(..)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_older_flight_that_lands_leaves_the_newer_one_alone() {
        let flights = Flights::default();
        let (older, _seat) = new_flight(&flights, Lane::Admission);
        assert!(older.take_off(Instant::now()));
        tokio::time::advance(SECOND).await;
        let (_newer, _seat) = new_flight(&flights, Lane::Admission);
        flights.land(&older, Ok(read()));
        assert!(matches!(
            flights.board(&key(), Lane::Admission, SECOND, Instant::now()),
            Boarding::Joined(_)
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_at_a_prompt_takes_a_refreshs_flight_into_the_faster_queue_once() {
        let flights = Flights::default();
        let (_flight, _seat) = new_flight(&flights, Lane::Refresh);
        let now = Instant::now();
        assert!(matches!(flights.board(&key(), Lane::Admission, SECOND, now), Boarding::Promoted(..)));
        assert!(matches!(flights.board(&key(), Lane::Admission, SECOND, now), Boarding::Joined(_)));
        assert!(matches!(flights.board(&key(), Lane::DryRun, SECOND, now), Boarding::Joined(_)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flight_begins_once() {
        let (flight, _seat) = new_flight(&Flights::default(), Lane::Refresh);
        assert!(flight.take_off(Instant::now()));
        assert!(!flight.take_off(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_flight_that_nobody_waits_for_is_cancelled() {
        let flights = Flights::default();
        let (flight, seat) = new_flight(&flights, Lane::Admission);
        drop(seat);
        assert!(matches!(flights.board(&key(), Lane::Admission, SECOND, Instant::now()), Boarding::New(..)));
        assert!(!flight.take_off(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn callers_of_a_lost_flight_are_told() {
        let flights = Flights::default();
        let (flight, seat) = new_flight(&flights, Lane::Admission);
        drop(flight);
        assert_eq!(seat.answer().await.expect_err("it was lost").kind, ErrorKind::Unavailable);
        flights.tend();
        assert!(lock(&flights.0).is_empty());
    }
}
