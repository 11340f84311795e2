//! `latchkey-testbed`: the testbed by hand.

mod cli;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    match cli::run(cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("latchkey-testbed: {error:#}");
            ExitCode::FAILURE
        }
    }
}
