//! The command line: one file per subcommand.

mod crds;
mod manifests;
mod render;
mod serve;
mod verify;
mod version;
mod webhooks;

use std::error::Error;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Delimiters};
use crate::engine::render::set_delimiters;
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
    /// Render the Secrets of ExternalSecrets from values in a file, and what PushSecrets push, without a cluster.
    ///
    /// What the ExternalSecrets of the manifests would make of these values is printed as Secrets, by the code that does it in
    /// the cluster; then what the PushSecrets would push, and where to. Every store has the values of --data. Ends with 1 where an
    /// object fails, with one line for each.
    Render(render::Render),
    /// Check manifests of ExternalSecrets, PushSecrets and stores, without a cluster.
    ///
    /// Finds what the API server and latchkey would refuse, and more. Objects of other groups are passed over. Ends with 0
    /// without errors, with 1 where there are some, with 2 where something could not be read.
    Verify(verify::Verify),
    /// Print the version.
    Version,
}

impl Cli {
    /// Does what was asked; what went wrong is printed with all its causes.
    pub fn run(self) -> ExitCode {
        let done = match self.command {
            Command::Serve(config) => serve::run(*config).map(succeeded),
            Command::Crds => crds::print().map(succeeded),
            Command::Webhooks(webhooks) => webhooks.print().map(succeeded),
            Command::Render(render) => render.run(),
            Command::Verify(verify) => verify.run(),
            Command::Version => version::print().map(succeeded),
        };
        match done {
            Ok(code) => code,
            Err(error) => {
                eprintln!("latchkey: {}", chain(error.as_ref()));
                ExitCode::FAILURE
            }
        }
    }
}

fn succeeded((): ()) -> ExitCode {
    ExitCode::SUCCESS
}

/// Has all templates of the process read so.
fn write_templates_with(delimiters: &Delimiters) {
    let Delimiters { template_left_delimiter: left, template_right_delimiter: right } = delimiters;
    set_delimiters(left.clone(), right.clone());
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
