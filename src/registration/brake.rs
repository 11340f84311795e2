//! Keeps two who want different things of one object from writing it as fast as they can.

use std::time::Duration;

use tokio::time::Instant;

/// Who has not written for this long is not in a quarrel.
const PEACE: Duration = Duration::from_secs(120);

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// So many writes in a row are no quarrel yet: somebody edits, and what he edits is put right at once.
const FREE: u32 = 4;

/// Says how long to leave the object alone after a write: not at all after the first few, longer after each that follows.
#[derive(Debug, Default)]
pub(super) struct Brake {
    last: Option<Instant>,
    writes: u32,
    pause: Duration,
}

impl Brake {
    /// How long to wait, if something has been written now.
    pub(super) fn pause(&mut self, written: bool, now: Instant) -> Duration {
        if !written {
            return Duration::ZERO;
        }
        let goes_on = self.last.is_some_and(|last| now.duration_since(last) < PEACE);
        self.writes = if goes_on { self.writes.saturating_add(1) } else { 1 };
        let longer = (self.pause * 2).clamp(SHORTEST, LONGEST);
        self.pause = if self.writes > FREE { longer } else { Duration::ZERO };
        self.last = Some(now);
        if self.pause > SHORTEST * 2 {
            tracing::warn!(
                pause = ?self.pause,
                "something else keeps changing the webhook's registration: another latchkey with another --webhook-url, \
                 or a tool that applies its own copy"
            );
        }
        self.pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_after_each_write_of_a_quarrel() {
        let (mut brake, mut now) = (Brake::default(), Instant::now());
        let mut pauses = Vec::new();
        for _ in 0..12 {
            let pause = brake.pause(true, now);
            pauses.push(pause.as_secs());
            now += pause;
        }
        assert_eq!(pauses, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(brake.pause(false, now), Duration::ZERO);
        assert_eq!(brake.pause(true, now + PEACE), Duration::ZERO);
    }
}
