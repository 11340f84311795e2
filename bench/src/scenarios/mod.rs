//! What is measured, each by itself on a stage of its own.

mod beside;
mod burst;
mod fan_out;
mod latency;
mod memory;
mod pods;
mod reviews;
mod sharing;
mod startup;
mod throttled;

use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::figures::Figures;
use crate::stage::Under;

/// How much, by how many, beside what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// ExternalSecrets in a burst, and Pods.
    pub(crate) count: usize,
    /// Clients at once.
    pub(crate) clients: usize,
    /// The provider's time for an answer.
    pub(crate) latency: Duration,
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// One ExternalSecret at a time, by one client.
    Latency,
    /// Many at once, a key each; then all rotated by force.
    Burst,
    /// Many that share keys: how often the provider is read.
    Sharing,
    /// Many at once of a provider that takes few calls a second.
    Throttled,
    /// One ClusterExternalSecret in many namespaces.
    FanOut,
    /// Pods.
    Pods,
    /// Reviews straight to the port.
    Reviews,
    /// Reviews while everything is refreshed.
    Beside,
    /// Starting, with nothing and with many.
    Startup,
    /// Memory, with nothing and with many.
    Memory,
    /// Memory, with very many. Once.
    Large,
}

impl Scenario {
    pub(crate) const ALL: [Self; 11] = [
        Self::Latency,
        Self::Burst,
        Self::Sharing,
        Self::Throttled,
        Self::FanOut,
        Self::Pods,
        Self::Reviews,
        Self::Beside,
        Self::Startup,
        Self::Memory,
        Self::Large,
    ];

    /// As on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// How often it is run if the others are run so often.
    pub(crate) fn runs(self, runs: usize) -> usize {
        if self == Self::Large { 1 } else { runs }
    }

    /// Runs it once.
    pub(crate) fn run(self, under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
        match self {
            Self::Latency => latency::measure(under, scale, figures),
            Self::Burst => burst::measure(under, scale, figures),
            Self::Sharing => sharing::measure(under, scale, figures),
            Self::Throttled => throttled::measure(under, scale, figures),
            Self::FanOut => fan_out::measure(under, scale, figures),
            Self::Pods => pods::measure(under, scale, figures),
            Self::Reviews => reviews::measure(under, scale, figures),
            Self::Beside => beside::measure(under, scale, figures),
            Self::Startup => startup::measure(under, scale, figures),
            Self::Memory => memory::measure(under, scale, figures),
            Self::Large => memory::measure_large(under, scale, figures),
        }
    }
}
