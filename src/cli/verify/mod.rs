//! `latchkey verify`

mod check;
mod duplicates;
mod finding;
mod pushes;
mod sarif;
mod schema;
mod served;
mod together;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use check::Known;
pub(super) use check::NO_NAMESPACE;
use finding::{Finding, Kind, Severity};

use super::manifests::{Manifests, Object};
use super::write_templates_with;
use crate::config::Delimiters;

/// The flags of `latchkey verify`.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A file of manifests, or a directory of them and all below it (*.yaml, *.yml, *.json); - is standard input. May be
    /// given several times.
    #[arg(short = 'f', long = "filename", required = true, value_name = "PATH")]
    files: Vec<PathBuf>,

    /// How the findings are printed.
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    output: Output,

    /// Fail on warnings and notes too, such as a store that no manifest defines.
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    delimiters: Delimiters,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    /// One line for each.
    Text,
    /// An array.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

/// Findings that are to fail the command.
const FOUND: u8 = 1;
/// A file or a document that could not be read, or none that could be.
const UNREADABLE: u8 = 2;

impl Verify {
    /// Prints the findings. Fails where a file cannot be read at all.
    pub(super) fn run(self) -> Result<ExitCode, Box<dyn Error>> {
        let Self { files, output, strict, delimiters } = self;
        write_templates_with(&delimiters);
        let manifests = match Manifests::read(&files) {
            Ok(manifests) => manifests,
            Err(error) => {
                eprintln!("latchkey: {}", crate::telemetry::chain(&error));
                return Ok(ExitCode::from(UNREADABLE));
            }
        };
        if manifests.files == 0 {
            eprintln!("latchkey: there is no manifest in what -f names: nothing was looked at");
            return Ok(ExitCode::from(UNREADABLE));
        }
        let findings = findings(&manifests);
        super::print(&match output {
            Output::Text => findings.iter().map(|finding| finding.line() + "\n").collect(),
            Output::Json => format!("{}\n", serde_json::to_string_pretty(&findings)?),
            Output::Sarif => format!("{}\n", serde_json::to_string_pretty(&sarif::log(&findings))?),
        })?;
        let fails = |finding: &Finding| strict || finding.severity == Severity::Error;
        Ok(match () {
            () if findings.iter().any(|finding| finding.kind == Kind::Unreadable) => {
                ExitCode::from(UNREADABLE)
            }
            () if findings.iter().any(fails) => ExitCode::from(FOUND),
            () => ExitCode::SUCCESS,
        })
    }
}

/// Everything that is wrong, by file and line.
fn findings(manifests: &Manifests) -> Vec<Finding> {
    let mut findings: Vec<_> = manifests.broken.iter().map(Finding::unreadable).collect();
    let mut known: Vec<(&Object, Known)> = Vec::new();
    for object in &manifests.objects {
        let (found, what) = check::object(object);
        findings.extend(found);
        known.extend(what.map(|what| (object, what)));
    }
    findings.extend(together::together(&known, &manifests.objects));
    findings.sort_by(|one, other| (&one.file, one.line).cmp(&(&other.file, other.line)));
    findings
}

/// What is said of an object whose Secret cannot be made.
pub(super) fn failure(object: &Object, error: &crate::engine::Error) -> String {
    Finding::of(object, Severity::Error, Kind::of(error), error.to_string()).line()
}

/// A remark on an object whose Secret is not what it could be.
pub(super) fn note(object: &Object, said: String) -> String {
    Finding::of(object, Severity::Note, Kind::Questionable, said).line()
}

/// What forbids that this object is used: one line each.
pub(super) fn errors(object: &Object) -> Vec<String> {
    let (findings, _) = check::object(object);
    findings.iter().filter(|finding| finding.severity == Severity::Error).map(Finding::line).collect()
}
