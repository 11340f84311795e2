//! The command line: one file per subcommand.

mod crds;
mod serve;
mod version;
mod webhooks;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::telemetry::chain;

/// Kubernetes Secrets that are there when `kubectl apply` returns.
///
/// latchkey speaks External Secrets Operator's API: an ExternalSecret's Secret is written while the ExternalSecret is
/// admitted, and kept fresh from then on.
#[derive(Debug, Parser)]
#[command(name = "latchkey", version, max_term_width = 110)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer admission reviews and keep Secrets fresh.
    Serve(Box<Config>),
    /// Print the CustomResourceDefinitions as YAML, for `kubectl apply -f -`.
    Crds,
    /// Print the MutatingWebhookConfiguration that `serve` registers as YAML.
    Webhooks(webhooks::Webhooks),
    /// Print the version.
    Version,
}

impl Cli {
    /// Does what was asked; what went wrong is printed with all its causes.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Serve(config) => serve::run(*config),
            Command::Crds => crds::print(),
            Command::Webhooks(webhooks) => webhooks.print(),
            Command::Version => version::print(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("latchkey: {}", chain(error.as_ref()));
                ExitCode::FAILURE
            }
        }
    }
}

/// Writes to standard output; a reader that went away, such as `head`, is no failure.
fn print(text: &str) -> Result<(), Box<dyn Error>> {
    use std::io::{ErrorKind, Write as _, stdout};
    match stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn errors_in_arguments_name_the_flag() {
        for (flag, value) in [
            ("--webhook-listen", "nowhere"),
            ("--webhook-url", "http://127.0.0.1:10250"),
            ("--webhook-timeout", "31s"),
            ("--lease-duration", "soon"),
            ("--failure-mode", "shrug"),
            ("--admission-concurrent", "0"),
            ("--allow-endpoints", "vault"),
            ("--log", "latchkey=loud"),
        ] {
            let parsed = Cli::try_parse_from(["latchkey", "serve", flag, value]);
            let message = parsed.expect_err(value).to_string();
            assert!(message.contains(flag) && message.contains(value), "{message}");
        }
    }

    #[test]
    fn a_key_file_needs_its_certificate_file() {
        assert!(Cli::try_parse_from(["latchkey", "serve", "--tls-key-file", "tls.key"]).is_err());
        let both = ["latchkey", "serve", "--tls-key-file", "tls.key", "--tls-cert-file", "tls.crt"];
        assert!(Cli::try_parse_from(both).is_ok());
    }
}
