//! The command `latchkey`.

use std::process::ExitCode;

use clap::Parser as _;
use latchkey::cli::Cli;

/// Gives freed memory back to the system by itself; how soon is set in `.cargo/config.toml`.
#[cfg(target_env = "gnu")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    latchkey::startup::install_crypto_provider();
    Cli::parse().run()
}
