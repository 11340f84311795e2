//! `latchkey serve`

use std::error::Error;
use std::time::Duration;

use crate::config::Config;
use crate::{dumps, startup, telemetry};

/// How long blocking work may still take once everything else has ended.
const RUNTIME_GRACE: Duration = Duration::from_secs(1);

pub(super) fn run(config: Config) -> Result<(), Box<dyn Error>> {
    let forbidden = if config.core_dumps { Ok(()) } else { dumps::forbid() };
    telemetry::init(&config.log)?;
    if config.core_dumps {
        tracing::warn!("core dumps and debuggers are allowed: they see the values of secrets");
    }
    if let Err(error) = forbidden {
        tracing::warn!(error = telemetry::chain(&error), "core dumps cannot be forbidden");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(startup::run(config));
    runtime.shutdown_timeout(RUNTIME_GRACE);
    ended
        .inspect_err(|error| tracing::error!(error = telemetry::chain(error), "latchkey stops"))
        .map_err(Into::into)
}
