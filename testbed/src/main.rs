//! `latchkey-testbed`: the testbed by hand.

mod cli;

use clap::Parser;

fn main() -> anyhow::Result<()> {
    cli::run(cli::Arguments::parse())
}
