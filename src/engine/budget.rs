//! How many calls a store gets per second, by lane: so many as the installation says, and fewer as long as the store says that
//! they are too many.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

use super::{Lane, lock};

/// One value for each lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerLane<T> {
    /// For those who wait at a prompt.
    pub admission: T,
    /// For the refresher.
    pub refresh: T,
    /// For the diffs of GitOps tools.
    pub dry_run: T,
}

impl<T> PerLane<T> {
    /// The value of this lane.
    pub fn of(&self, lane: Lane) -> &T {
        match lane {
            Lane::Admission => &self.admission,
            Lane::Refresh => &self.refresh,
            Lane::DryRun => &self.dry_run,
        }
    }

    /// The value of this lane, to be changed.
    pub fn of_mut(&mut self, lane: Lane) -> &mut T {
        match lane {
            Lane::Admission => &mut self.admission,
            Lane::Refresh => &mut self.refresh,
            Lane::DryRun => &mut self.dry_run,
        }
    }

    /// The same lanes with another value each.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> PerLane<U> {
        PerLane { admission: f(self.admission), refresh: f(self.refresh), dry_run: f(self.dry_run) }
    }
}

/// A rate of calls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many calls a second in the long run.
    pub per_second: f64,
    /// How many at once after a rest.
    pub burst: f64,
}

/// The least rate that a store which takes no more is slowed down to.
const LEAST: f64 = 1.0;

/// A rate that was slowed down doubles within this time.
const RECOVERY: Duration = Duration::from_secs(10);

/// A token bucket that may be in debt: whoever takes a token is told how long to wait for it.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    level: Mutex<Level>,
}

#[derive(Debug)]
struct Level {
    tokens: f64,
    at: Instant,
    /// The tokens that were taken within the last second.
    recent: VecDeque<Instant>,
    slowed: Option<Slowed>,
}

/// The store has said that it takes no more.
#[derive(Debug, Clone, Copy)]
struct Slowed {
    to: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate) -> Self {
        let level = Level { tokens: rate.burst, at: Instant::now(), recent: VecDeque::new(), slowed: None };
        Self { rate, level: Mutex::new(level) }
    }

    /// Takes one token, and says how long to wait until it is there.
    pub fn take(&self, now: Instant) -> Duration {
        let level = &mut *lock(&self.level);
        let (rate, most) = self.rate_at(level, now);
        let earned = now.saturating_duration_since(level.at).as_secs_f64() * rate;
        level.tokens = (level.tokens + earned).min(most) - 1.0;
        level.at = now;
        level.recent.push_back(now);
        level.taken_lately(now);
        Duration::from_secs_f64((-level.tokens / rate).max(0.0))
    }

    /// The store has refused a call that began then, as there are too many: half as many from now on as there were within the
    /// last second, and none of those that were saved up. Calls that were under way when it was slowed down last say nothing
    /// new.
    pub fn slow_down(&self, began: Instant, now: Instant) {
        let level = &mut *lock(&self.level);
        if level.slowed.is_some_and(|slowed| slowed.at > began) {
            return;
        }
        let rate = match (self.rate_at(level, now), level.taken_lately(now)) {
            ((rate, _), 0) => rate,
            ((rate, _), taken) => rate.min(taken as f64),
        };
        level.slowed = Some(Slowed { to: (rate / 2.0).max(LEAST.min(self.rate.per_second)), at: now });
        (level.tokens, level.at) = (level.tokens.min(0.0), now);
    }

    /// How many a second there may be now, and how many may be saved up.
    fn rate_at(&self, level: &mut Level, now: Instant) -> (f64, f64) {
        let Some(Slowed { to, at }) = level.slowed else { return (self.rate.per_second, self.rate.burst) };
        let doubled = now.saturating_duration_since(at).as_secs_f64() / RECOVERY.as_secs_f64();
        let rate = to * doubled.min(64.0).exp2();
        if rate >= self.rate.per_second {
            level.slowed = None;
            return (self.rate.per_second, self.rate.burst);
        }
        (rate, 1.0)
    }
}

impl Level {
    fn taken_lately(&mut self, now: Instant) -> usize {
        while self
            .recent
            .front()
            .is_some_and(|at| now.saturating_duration_since(*at) >= Duration::from_secs(1))
        {
            self.recent.pop_front();
        }
        self.recent.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket() -> Bucket {
        Bucket::new(Rate { per_second: 10.0, burst: 3.0 })
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_free_and_what_follows_waits_its_turn() {
        let (bucket, now) = (bucket(), Instant::now());
        let waits: Vec<_> = (0..5).map(|_| bucket.take(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100, 200]);
    }

    #[tokio::test(start_paused = true)]
    async fn rest_earns_no_more_than_the_burst() {
        let (bucket, now) = (bucket(), Instant::now());
        let _burst: Vec<_> = (0..3).map(|_| bucket.take(now)).collect();
        let later = now + Duration::from_secs(60);
        let waits: Vec<_> = (0..4).map(|_| bucket.take(later).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_takes_no_more_gets_half_as_many_and_in_time_more_again() {
        let (bucket, begin) = (bucket(), Instant::now());
        let _six: Vec<_> = (0..6).map(|_| bucket.take(begin)).collect();
        let refused = begin + Duration::from_millis(1);
        bucket.slow_down(begin, refused);
        bucket.slow_down(begin, refused); // it was under way when that was said
        let waits = |now, count: usize| -> Vec<f64> {
            (0..count).map(|_| (bucket.take(now).as_secs_f64() * 10.0).round() / 10.0).collect()
        };
        let later = refused + Duration::from_secs(2);
        assert_eq!(waits(later, 3), [0.0, 0.3, 0.6], "three a second, of what is saved up one");
        let later = refused + RECOVERY * 2;
        assert_eq!(waits(later, 5), [0.0, 0.0, 0.0, 0.1, 0.2], "as before");
    }

    #[tokio::test(start_paused = true)]
    async fn no_store_gets_less_than_one_a_second() {
        let (bucket, begin) = (bucket(), Instant::now());
        for second in 0..20 {
            let now = begin + Duration::from_secs(second);
            bucket.slow_down(now, now);
        }
        assert_eq!(bucket.take(begin + Duration::from_secs(19)), Duration::from_secs(1));
    }
}
