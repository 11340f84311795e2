//! What was measured: figures by scenario, of several runs.

use serde_json::{Value, json};

use crate::scenarios::{Scale, Scenario};

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It is there to be known.
    None,
}

impl Goal {
    /// Whether a value reaches it; nothing if there is no goal.
    pub(crate) fn is_reached(self, value: f64) -> Option<bool> {
        match self {
            Self::AtMost(goal) => Some(value <= goal),
            Self::AtLeast(goal) => Some(value >= goal),
            Self::None => None,
        }
    }
}

/// One figure.
#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) scenario: Scenario,
    /// What it says, and of what it is a ratio.
    pub(crate) what: String,
    /// Its unit; empty for ratios and counts.
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    /// Of each run.
    pub(crate) values: Vec<f64>,
    /// The same of the binary that it is compared with.
    pub(crate) base: Vec<f64>,
}

/// All of them, in the order in which they were found first.
pub(crate) struct Figures {
    pub(crate) scale: Scale,
    pub(crate) all: Vec<Figure>,
    now: (Scenario, bool),
}

impl Figures {
    pub(crate) fn new(scale: Scale) -> Self {
        Self { scale, all: Vec::new(), now: (Scenario::ALL[0], false) }
    }

    /// What is added from now on is of this scenario, and of this binary.
    pub(crate) fn begin(&mut self, scenario: Scenario, is_base: bool) {
        self.now = (scenario, is_base);
    }

    /// Adds what one run has shown.
    pub(crate) fn add(&mut self, what: impl Into<String>, unit: &'static str, value: f64, goal: Goal) {
        let ((scenario, is_base), what) = (self.now, what.into());
        println!("  {what}: {}", shown(value, unit));
        let same = |figure: &Figure| figure.scenario == scenario && figure.what == what;
        let index = match self.all.iter().position(same) {
            Some(index) => index,
            None => {
                let (values, base) = (Vec::new(), Vec::new());
                self.all.push(Figure { scenario, what, unit, goal, values, base });
                self.all.len() - 1
            }
        };
        let figure = &mut self.all[index];
        if is_base { figure.base.push(value) } else { figure.values.push(value) }
    }

    /// For programs.
    pub(crate) fn json(&self) -> Value {
        let figures: Vec<Value> = self.all.iter().map(Figure::json).collect();
        let Scale { count, clients, latency } = self.scale;
        json!({ "count": count, "clients": clients, "latencyMs": latency.as_millis(), "figures": figures })
    }
}

impl Figure {
    fn json(&self) -> Value {
        let (at_most, at_least) = match self.goal {
            Goal::AtMost(goal) => (Some(goal), None),
            Goal::AtLeast(goal) => (None, Some(goal)),
            Goal::None => (None, None),
        };
        json!({
            "scenario": self.scenario.name(), "what": self.what, "unit": self.unit, "atMost": at_most,
            "atLeast": at_least, "values": self.values, "base": self.base,
        })
    }
}

/// The one in the middle; of an even number the lower of the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// A value for people.
pub(crate) fn shown(value: f64, unit: &str) -> String {
    let number = match value {
        _ if unit.is_empty() && value.fract() == 0.0 => format!("{value:.0}"),
        _ if value.abs() >= 100.0 => format!("{value:.0}"),
        _ if value.abs() >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    };
    if unit.is_empty() { number } else { format!("{number} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_one_of_the_values() {
        assert_eq!([median(&[]), median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0])], [0.0, 2.0, 1.0]);
    }

    #[test]
    fn values_are_shown_as_exactly_as_they_mean_something() {
        let all =
            [shown(1.234, ""), shown(2000.0, ""), shown(12.34, "ms"), shown(0.5, "s"), shown(345.6, "MiB")];
        assert_eq!(all, ["1.23", "2000", "12.3 ms", "0.50 s", "346 MiB"]);
    }

    #[test]
    fn a_goal_is_reached_or_not() {
        assert_eq!(Goal::AtMost(1.0).is_reached(1.0), Some(true));
        assert_eq!(Goal::AtLeast(2.0).is_reached(1.0), Some(false));
        assert_eq!(Goal::None.is_reached(1.0), None);
    }
}
