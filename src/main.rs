//! The command `latchkey`.

use std::process::ExitCode;

use clap::Parser as _;
use latchkey::cli::Cli;
use zeroizing_alloc::ZeroAlloc;

/// Gives freed memory back to the system by itself; how soon is set in `.cargo/config.toml`.
#[cfg(target_env = "gnu")]
type Inner = tikv_jemallocator::Jemalloc;
#[cfg(target_env = "gnu")]
const INNER: Inner = tikv_jemallocator::Jemalloc;
#[cfg(not(target_env = "gnu"))]
type Inner = std::alloc::System;
#[cfg(not(target_env = "gnu"))]
const INNER: Inner = std::alloc::System;

/// Overwrites every block with zeros when it is freed or moved: values pass through the buffers of libraries (HTTP, TLS,
/// JSON, the SDKs), which know nothing of secrets.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<Inner> = ZeroAlloc(INNER);

fn main() -> ExitCode {
    latchkey::startup::install_crypto_provider();
    Cli::parse().run()
}
