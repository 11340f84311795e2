//! `latchkey serve`

use std::error::Error;
use std::time::Duration;

use rustix::process::setpriority_process;
use rustix::thread::gettid;
use tokio::runtime::Builder;

use super::write_templates_with;
use crate::config::Config;
use crate::{dumps, startup, telemetry};

/// How long blocking work may still take once everything else has ended.
const RUNTIME_GRACE: Duration = Duration::from_secs(1);

/// How much less of a busy processor a thread of the background gets: with 5 a third of what one of admission gets.
const NICENESS: i32 = 5;

/// Has the kernel prefer other threads to this one. To Linux a thread is a process with a priority of its own (`setpriority(2)`).
fn step_back() {
    if let Err(error) = setpriority_process(Some(gettid()), NICENESS) {
        tracing::debug!(%error, "a thread of the background is as urgent as any other");
    }
}

pub(super) fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let forbidden = if config.core_dumps { Ok(()) } else { dumps::forbid() };
    telemetry::init(&config.log)?;
    if config.core_dumps {
        tracing::warn!("core dumps and debuggers are allowed: they see the values of secrets");
    }
    if let Err(error) = forbidden {
        tracing::warn!(error = telemetry::chain(&error), "core dumps cannot be forbidden");
    }
    write_templates_with(&config.delimiters);
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let background = Builder::new_multi_thread().enable_all().on_thread_start(step_back).build()?;
    let ended = runtime.block_on(startup::run(config, background.handle().clone()));
    background.shutdown_timeout(RUNTIME_GRACE);
    runtime.shutdown_timeout(RUNTIME_GRACE);
    ended
        .inspect_err(|error| tracing::error!(error = telemetry::chain(error), "latchkey stops"))
        .map_err(Into::into)
}
