//! What a client is doing on its connection: who has asked nothing yet has the least claim to it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How much a connection is worth keeping while others wait for its place, the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Claim {
    /// Not one request has come whole since then.
    Stranger(Instant),
    /// A request has been on its way since then, and others have come before.
    Arriving(Instant),
    /// The last answer was given then.
    Idle(Instant),
}

/// What is going on on one connection.
#[derive(Debug)]
pub struct Activity(Mutex<State>);

#[derive(Debug)]
struct State {
    /// Requests without an answer.
    asked: usize,
    /// Those of them whose bodies are not whole yet.
    arriving: usize,
    /// Whether any request has come whole.
    known: bool,
    /// When a request began or an answer was given last.
    since: Instant,
}

impl Activity {
    /// A connection that was accepted now.
    pub fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State { asked: 0, arriving: 0, known: false, since: Instant::now() })))
    }

    /// A request's headers have come.
    pub fn asked(self: &Arc<Self>) -> Asked {
        let mut state = self.state();
        state.asked += 1;
        state.arriving += 1;
        if state.known {
            state.since = Instant::now(); // who has not proved anything gets no younger
        }
        Asked { activity: Arc::clone(self), whole: Mutex::new(false) }
    }

    /// Its claim to its place; none can take it from a connection on which an answer is being worked out.
    pub fn claim(&self) -> Option<Claim> {
        let state = self.state();
        match (state.asked, state.arriving) {
            (asked, arriving) if asked > arriving => None,
            _ if !state.known => Some(Claim::Stranger(state.since)),
            (0, _) => Some(Claim::Idle(state.since)),
            _ => Some(Claim::Arriving(state.since)),
        }
    }

    /// Whether any request has come whole.
    pub fn is_known(&self) -> bool {
        self.state().known
    }

    /// Waits until there has been no request for so long, counted from `from` at the earliest.
    pub async fn quiet(&self, from: Instant, patience: Duration) {
        loop {
            let (busy, since) = {
                let state = self.state();
                (state.asked > 0, state.since.max(from))
            };
            let left = if busy { patience } else { patience.saturating_sub(since.elapsed()) };
            if left.is_zero() {
                return;
            }
            sleep(left).await;
        }
    }

    /// Waits for a moment, and then until no answer is being worked out.
    pub async fn pause(&self, moment: Duration) {
        loop {
            sleep(moment).await;
            if self.claim().is_some() {
                return;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request, until it is dropped.
#[derive(Debug)]
pub struct Asked {
    activity: Arc<Activity>,
    whole: Mutex<bool>,
}

impl Asked {
    /// Its body has come whole.
    pub fn is_whole(&self) {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if !*whole {
            *whole = true;
            let mut state = self.activity.state();
            state.arriving -= 1;
            state.known = true;
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        let whole = *self.whole.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.activity.state();
        state.asked -= 1;
        state.arriving -= usize::from(!whole);
        if state.known {
            state.since = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_stranger(activity: &Activity) -> bool {
        matches!(activity.claim(), Some(Claim::Stranger(_)))
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_asked_nothing_whole_is_a_stranger_for_ever() {
        let activity = Activity::new();
        let accepted = activity.claim();
        assert!(is_stranger(&activity));
        sleep(Duration::from_secs(1)).await;
        let half = activity.asked();
        assert_eq!(activity.claim(), accepted, "a request that never comes whole makes it no younger");
        drop(half);
        assert_eq!(activity.claim(), accepted);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_in_the_making_keeps_its_connection() {
        let activity = Activity::new();
        let asked = activity.asked();
        asked.is_whole();
        asked.is_whole();
        assert_eq!(activity.claim(), None);
        let second = activity.asked();
        assert_eq!(activity.claim(), None);
        drop(asked);
        assert!(matches!(activity.claim(), Some(Claim::Arriving(_))));
        drop(second);
        assert!(matches!(activity.claim(), Some(Claim::Idle(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn claims_are_ordered_by_what_is_known_and_then_by_age() {
        let old = Instant::now();
        let new = old + Duration::from_secs(1);
        let order = [
            Claim::Stranger(old),
            Claim::Stranger(new),
            Claim::Arriving(old),
            Claim::Idle(old),
            Claim::Idle(new),
        ];
        assert!(order.is_sorted());
    }

    #[tokio::test(start_paused = true)]
    async fn quiet_is_counted_from_the_last_answer() {
        let (activity, patience) = (Activity::new(), Duration::from_secs(10));
        let start = Instant::now();
        let asked = activity.asked();
        asked.is_whole();
        let other = Arc::clone(&activity);
        tokio::spawn(async move {
            let _asked = asked;
            sleep(Duration::from_secs(15)).await;
            let _kept = other;
        });
        activity.quiet(start, patience).await;
        assert_eq!(start.elapsed(), Duration::from_secs(25));
        let now = Instant::now();
        activity.quiet(now, patience).await;
        assert_eq!(now.elapsed(), patience, "not before it was asked");
    }
}
