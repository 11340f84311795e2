//! `make bench`: what latchkey costs, and what it saves, beside the same requests without it. See bench/README.md.

mod admit_all;
mod client;
mod creates;
mod memory;
mod objects;
mod pods;
mod reads;
mod report;
mod samples;
mod stage;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Parser;

use client::Clients;
use report::Report;
use stage::Stage;

/// Measures latchkey beside the raw API server, on a control plane and an AWS Secrets Manager of its own, and ends them.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The binary of latchkey: a release build.
    #[arg(long, value_name = "FILE")]
    latchkey: PathBuf,
    /// How many ExternalSecrets, and how many Pods, each way of creating them gets.
    #[arg(long, default_value_t = 300)]
    count: usize,
    /// How many clients create at once, each on a connection of its own.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// The folder for `figures.json` and `figures.md`.
    #[arg(long, default_value = "bench/out", value_name = "DIR")]
    out: PathBuf,
}

fn main() -> Result<()> {
    let Arguments { latchkey, count, clients, out } = Arguments::parse();
    ensure!((10..=2000).contains(&count), "--count must be from 10 to 2000");
    ensure!((1..=64).contains(&clients), "--clients must be from 1 to 64");
    // Fails only if there is one already, and then it is this one: no other is linked.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let stage = Stage::set(&latchkey)?;
    let clients = Clients::new(&stage.cluster, clients)?;
    let mut report = Report::new(count, clients.len());
    memory::measure(&stage, &clients, count, &mut report)?;
    creates::measure(&stage, &clients, count, &mut report)?;
    pods::measure(&stage, &clients, count, &mut report)?;
    reads::measure(&stage, &clients, count, &mut report)?;
    report.write(&out)
}
