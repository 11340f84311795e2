//! How many calls a store gets per second, by lane.

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

/// A token bucket that may be in debt: whoever takes a token is told how long to wait for it.
#[derive(Debug)]
pub struct Bucket {
    rate: Rate,
    level: Mutex<Level>,
}

#[derive(Debug, Clone, Copy)]
struct Level {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub fn new(rate: Rate) -> Self {
        Self { rate, level: Mutex::new(Level { tokens: rate.burst, at: Instant::now() }) }
    }

    /// Takes one token, and says how long to wait until it is there.
    pub fn take(&self, now: Instant) -> Duration {
        let level = &mut *lock(&self.level);
        let earned = now.saturating_duration_since(level.at).as_secs_f64() * self.rate.per_second;
        level.tokens = (level.tokens + earned).min(self.rate.burst) - 1.0;
        level.at = now;
        Duration::from_secs_f64((-level.tokens / self.rate.per_second).max(0.0))
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
}
