//! Durations and what can be said of them.

use std::time::Duration;

/// How long each of many requests took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    pub(crate) const fn empty() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(crate) fn push(&mut self, took: Duration) {
        self.0.push(took);
    }

    /// The smallest duration that this share of all samples does not exceed, in milliseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (share * sorted.len() as f64).ceil() as usize;
        let found = sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default();
        found.as_secs_f64() * 1e3
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples = Samples((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!([0.5, 0.99, 1.0].map(|share| samples.percentile(share)), [100.0, 198.0, 200.0]);
        assert_eq!(Samples::default().percentile(0.5), 0.0);
    }
}
