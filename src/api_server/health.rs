//! Whether the API server answers at all, said once each time that it changes.

use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::metrics::Metrics;

/// So many requests in a row without an answer are no accident.
const PATIENCE: u32 = 3;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    away_since: Option<Instant>,
}

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<State>);

impl Health {
    /// A request was answered, in whatever way.
    pub(super) fn answered(&self, metrics: &Metrics) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(since) = state.away_since {
            tracing::info!(after = ?since.elapsed(), "the API server answers again");
        }
        *state = State::default();
        metrics.api_server_reachable(true);
    }

    /// A request was not answered.
    pub(super) fn failed(&self, metrics: &Metrics, error: &dyn std::fmt::Display) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures == PATIENCE {
            state.away_since = Some(Instant::now());
            metrics.api_server_reachable(false);
            tracing::warn!(
                %error,
                "the API server does not answer: what is known is served, the rest is done when it is back"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_is_an_accident_and_three_are_not() {
        let (health, metrics) = (Health::default(), Metrics::new());
        let reachable = || metrics.render().lines().any(|line| line == "latchkey_api_server_reachable 1");
        health.answered(&metrics);
        for _ in 0..2 {
            health.failed(&metrics, &"connection refused");
        }
        assert!(reachable());
        health.failed(&metrics, &"connection refused");
        assert!(!reachable());
        health.answered(&metrics);
        assert!(reachable());
    }
}
