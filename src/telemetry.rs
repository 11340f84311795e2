//! Logs: one JSON object a line, on standard error.
//!
//! Neither objects nor reviews are logged whole, and two kinds of text never get here: what a client library prints of
//! the messages that it carries, and what a panic says, as it may quote the value that it stumbled over.

use std::fmt::Write as _;
use std::{error, panic};

use kube::core::Status;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer as _, filter::FilterExt as _, fmt};

/// Libraries that are quiet unless `--log` names them.
const QUIET: &str =
    "kube=warn,hyper=warn,h2=warn,rustls=warn,tower=warn,reqwest=warn,aws=warn,vaultrs=warn,rustify=warn";

/// Libraries that print requests, responses or headers below this level, so that no filter gets them below it. kube prints
/// an answer that it cannot read, be it half a Secret, as a warning.
const CAPPED: [(&str, LevelFilter); 10] = [
    ("kube_client", LevelFilter::INFO),
    ("kube_client::client", LevelFilter::ERROR),
    ("kube_client::client::tls", LevelFilter::INFO),
    ("hyper", LevelFilter::INFO),
    ("h2", LevelFilter::INFO),
    ("rustls", LevelFilter::INFO),
    ("reqwest", LevelFilter::INFO),
    ("aws", LevelFilter::INFO),
    ("vaultrs", LevelFilter::INFO),
    ("rustify", LevelFilter::INFO),
];

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

/// An error and its causes in one line. What the text already says is not said again.
pub fn chain(error: &(dyn error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let answered = answered(error);
        let said = answered.map_or_else(|| error.to_string(), |status| status.message.trim_end().to_owned());
        if !text.contains(&said) {
            let colon = if text.is_empty() { "" } else { ": " };
            let _ = write!(text, "{colon}{said}");
        }
        next = error.source().filter(|_| answered.is_none());
    }
    text
}

/// What the API server has said, if that is what went wrong: kube shows the whole status around the sentence.
fn answered<'a>(error: &'a (dyn error::Error + 'static)) -> Option<&'a Status> {
    let boxed = error.downcast_ref::<Box<kube::Error>>().map(AsRef::as_ref);
    match boxed.or_else(|| error.downcast_ref()) {
        Some(kube::Error::Api(status)) if !status.message.is_empty() => Some(status),
        _ => None,
    }
}

fn cap() -> Targets {
    Targets::new().with_default(LevelFilter::TRACE).with_targets(CAPPED)
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
            ["rustify::client", "vaultrs", "aws_smithy_runtime::client", "hyper_util", "kube_client::config"]
        {
            assert!(!cap().would_enable(target, &Level::DEBUG), "{target}");
            assert!(cap().would_enable(target, &Level::WARN), "{target}");
        }
        assert!(!cap().would_enable("kube_client::client", &Level::WARN), "it prints answers");
        assert!(cap().would_enable("latchkey::engine", &Level::TRACE));
    }

    #[test]
    fn an_error_is_one_sentence_with_its_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot read Secret a/b")]
        struct Failed<E: error::Error + 'static>(#[source] E);
        let status = || Status::failure("secrets \"b\" is forbidden", "Forbidden").with_code(403).boxed();
        let text = "cannot read Secret a/b: secrets \"b\" is forbidden";
        assert_eq!(chain(&Failed(kube::Error::Api(status()))), text);
        assert_eq!(chain(&Failed(Box::new(kube::Error::Api(status())))), text);
        let nested = Failed(std::io::Error::other("connection refused"));
        assert_eq!(chain(&nested), "cannot read Secret a/b: connection refused");
    }

    #[test]
    fn the_quiet_list_is_a_filter() {
        assert!(EnvFilter::try_new(format!("{QUIET},info,latchkey=debug")).is_ok());
        assert!(filter("latchkey=loud").is_err());
    }
}
