//! Watches that end at once, again and again, are not begun again at once: kube begins a watch that has just ended
//! anew without a pause, since most have lasted for minutes.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// What lasts shorter is short.
const SHORT: Duration = Duration::from_secs(5);

/// The wait after a second short one in a row, doubled at each further one, and the longest.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(8);

#[derive(Debug, Default)]
struct Past {
    opened: Option<Instant>,
    short: u32,
}

/// What became of the last watches, by path.
#[derive(Debug, Default)]
pub(super) struct Watches(Mutex<HashMap<String, Past>>);

impl Watches {
    /// Waits until a watch at this path may begin again.
    pub(super) async fn turn(&self, path: &str) {
        let wait = self.wait(path);
        if !wait.is_zero() {
            sleep(wait.mul_f64(0.75 + rand::random::<f64>() / 4.0)).await;
        }
    }

    fn wait(&self, path: &str) -> Duration {
        let mut all = self.lock();
        let Some(past) = all.get_mut(path) else { return Duration::ZERO };
        let Some(opened) = past.opened.take() else { return Duration::ZERO }; // it could not even begin
        past.short = if opened.elapsed() < SHORT { past.short.saturating_add(1) } else { 0 };
        match past.short.checked_sub(2) {
            Some(more) => FIRST.saturating_mul(1 << more.min(10)).min(LONGEST),
            None => Duration::ZERO,
        }
    }

    /// It has begun.
    pub(super) fn opened(&self, path: &str) {
        self.lock().entry(path.to_owned()).or_default().opened = Some(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Past>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn short_ones_in_a_row_wait_longer_each_time_and_a_long_one_ends_that() {
        let watches = Watches::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            waits.push(watches.wait("/a").as_millis());
            watches.opened("/a");
        }
        assert_eq!(waits, [0, 0, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
        tokio::time::advance(SHORT).await;
        assert_eq!((watches.wait("/a"), watches.wait("/b")), (Duration::ZERO, Duration::ZERO));
    }
}
