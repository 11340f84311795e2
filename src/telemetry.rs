//! Logs: one JSON object a line, on standard error.
//!
//! Neither objects nor reviews are logged whole, and two kinds of text never get here: what a client library prints of
//! the messages that it carries, and what a panic says, as it may quote the value that it stumbled over.

use std::panic;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer as _, filter::FilterExt as _, fmt};

/// Libraries that are quiet unless `--log` names them.
const QUIET: &str =
    "kube=warn,hyper=warn,h2=warn,rustls=warn,tower=warn,reqwest=warn,aws=warn,vaultrs=warn,rustify=warn";

/// Libraries that print requests, responses or headers below this level, so that no filter gets them below it.
const CAPPED: [&str; 8] = ["kube_client", "hyper", "h2", "rustls", "reqwest", "aws", "vaultrs", "rustify"];

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The filter is not one.
    #[error("the filter of --log cannot be read")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something else logs already.
    #[error("logging is set up twice")]
    Twice(#[from] TryInitError),
}

/// Starts logging what `filter` lets through.
///
/// # Errors
/// The filter cannot be read, or logging has been started before.
pub fn init(filter: &str) -> Result<(), Error> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))?.and(cap());
    let lines = fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(std::io::stderr);
    tracing_subscriber::registry().with(lines.with_filter(filter)).try_init()?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Checks a filter, for the command line.
///
/// # Errors
/// What is wrong with it.
pub fn filter(text: &str) -> Result<String, String> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| error.to_string())
}

fn cap() -> Targets {
    Targets::new()
        .with_default(LevelFilter::TRACE)
        .with_targets(CAPPED.into_iter().map(|target| (target, LevelFilter::INFO)))
}

/// Says where, not what.
fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let location = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(location, "panic");
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn no_filter_makes_a_client_print_what_it_carries() {
        for target in
            ["rustify::client", "vaultrs", "aws_smithy_runtime::client", "hyper_util", "kube_client::client"]
        {
            assert!(!cap().would_enable(target, &Level::DEBUG), "{target}");
            assert!(cap().would_enable(target, &Level::WARN), "{target}");
        }
        assert!(cap().would_enable("latchkey::engine", &Level::TRACE));
    }

    #[test]
    fn the_quiet_list_is_a_filter() {
        assert!(EnvFilter::try_new(format!("{QUIET},info,latchkey=debug")).is_ok());
        assert!(filter("latchkey=loud").is_err());
    }
}
