//! `make bench`: what latchkey costs, and what it saves, beside the same requests without it. See bench/README.md.

mod admit_all;
mod client;
mod direct;
mod figures;
mod objects;
mod profile;
mod remote;
mod report;
mod samples;
mod scenarios;
mod stage;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;

use figures::Figures;
use scenarios::{Scale, Scenario};
use stage::Under;

/// Measures latchkey beside the raw API server, on a control plane and a provider of its own, and ends them.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The binary of latchkey: a release build.
    #[arg(long, value_name = "FILE")]
    latchkey: PathBuf,
    /// Another one, to be measured in turns with it.
    #[arg(long, value_name = "FILE")]
    base: Option<PathBuf>,
    /// What is measured; everything if nothing is named.
    #[arg(long, value_enum, value_delimiter = ',')]
    scenarios: Vec<Scenario>,
    /// How often each scenario is run; the table has the median and the spread.
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// How many ExternalSecrets a burst has, and how many Pods.
    #[arg(long, default_value_t = 2000)]
    count: usize,
    /// How many clients create at once, each on a connection of its own.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// How long the provider takes for an answer, in milliseconds.
    #[arg(long, default_value_t = 20)]
    latency: u64,
    /// Look with perf where the time of latchkey goes, and write it for each scenario; figures are worth less then.
    #[arg(long)]
    profile: bool,
    /// The folder for `figures.json` and `figures.md`.
    #[arg(long, default_value = "bench/out", value_name = "DIR")]
    out: PathBuf,
}

fn main() -> Result<()> {
    let Arguments { latchkey, base, scenarios, runs, count, clients, latency, profile, out } =
        Arguments::parse();
    ensure!((10..=5000).contains(&count), "--count must be from 10 to 5000");
    ensure!((1..=64).contains(&clients), "--clients must be from 1 to 64");
    ensure!((1..=100).contains(&runs), "--runs must be from 1 to 100");
    // Fails only if there is one already, and then it is this one: no other is linked.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let scale = Scale { count, clients, latency: Duration::from_millis(latency) };
    let mut figures = Figures::new(scale);
    let scenarios = if scenarios.is_empty() { Scenario::ALL.to_vec() } else { scenarios };
    for scenario in scenarios {
        for run in 0..scenario.runs(runs) {
            for (is_base, binary) in [(false, Some(&latchkey)), (true, base.as_ref())] {
                let Some(binary) = binary else { continue };
                let suffix = if is_base { "-base" } else { "" };
                println!("{}{suffix}, run {}", scenario.name(), run + 1);
                figures.begin(scenario, is_base);
                let profile = profile.then(|| out.join(format!("{}{suffix}.txt", scenario.name())));
                let under = Under { binary: binary.clone(), profile, env: &[] };
                scenario.run(&under, scale, &mut figures)?;
                report::write(&figures, &out)?;
            }
        }
    }
    println!("\n{}Written to {}", report::page(&figures), out.display());
    Ok(())
}
