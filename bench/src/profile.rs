//! Where latchkey's time goes: `perf` looks at it while a scenario runs, and what it saw is written as a table, as a flame
//! graph, and as stacks that Firefox Profiler and speedscope read.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use inferno::collapse::Collapse as _;
use inferno::collapse::perf::Folder;
use inferno::flamegraph;

/// How often a second it looks.
const RATE: &str = "499";

/// A running `perf record`.
pub(crate) struct Profile {
    perf: Child,
    data: PathBuf,
}

impl Profile {
    /// Looks at a process from now on.
    pub(crate) fn start(pid: u32, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let data = folder.join(format!("perf-{pid}.data"));
        let mut perf = Command::new("perf");
        perf.args([
            "record",
            "--quiet",
            "--call-graph",
            "fp",
            "--freq",
            RATE,
            "--pid",
            &pid.to_string(),
            "--output",
        ]);
        perf.arg(&data).stdout(Stdio::null()).stderr(Stdio::null());
        let perf = perf.spawn().context("perf cannot be started: install it (Debian: linux-perf)")?;
        Ok(Self { perf, data })
    }

    /// Waits until the process has ended, and writes into this file in which functions it was seen how often, and into those beside
    /// it a flame graph (`.svg`) and all that was seen (`.stacks`).
    pub(crate) fn write(mut self, table: &Path) -> Result<()> {
        ensure!(self.perf.wait()?.success(), "perf has failed; see /proc/sys/kernel/perf_event_paranoid");
        self.told(&["report", "--stdio", "--no-children", "--percent-limit", "0.3"], table)?;
        let stacks = table.with_extension("stacks");
        self.told(&["script", "--no-inline"], &stacks)?;
        draw(&stacks, &table.with_extension("svg"))
    }

    /// What a command of perf says of what was seen.
    fn told(&self, command: &[&str], file: &Path) -> Result<()> {
        let mut perf = Command::new("perf");
        perf.args(command).arg("--input").arg(&self.data);
        let said = perf.stdout(File::create(file)?).stderr(Stdio::null()).status()?;
        ensure!(said.success(), "perf {} has failed", command[0]);
        Ok(())
    }
}

/// Draws stacks, as `perf script` writes them, as a flame graph.
fn draw(stacks: &Path, graph: &Path) -> Result<()> {
    let mut folded = Vec::new();
    Folder::default().collapse(BufReader::new(File::open(stacks)?), &mut folded)?;
    let mut options = flamegraph::Options::default();
    options.title = graph.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    flamegraph::from_reader(&mut options, folded.as_slice(), BufWriter::new(File::create(graph)?))
        .context("perf has seen nothing that could be drawn")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_what_perf_has_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let (stacks, graph) = (folder.path().join("burst.stacks"), folder.path().join("burst.svg"));
        let seen = "latchkey 1 2.5: 1 cycles:\n\t55d0 latchkey::admission::review+0x1 (/latchkey)\n\t55d1 main+0x2 (/latchkey)\n\n";
        std::fs::write(&stacks, seen).expect("the stacks are written");
        draw(&stacks, &graph).expect("a graph");
        let drawn = std::fs::read_to_string(&graph).expect("the graph");
        assert!(drawn.contains("<svg") && drawn.contains("latchkey::admission::review"), "{drawn}");
        std::fs::write(&stacks, "").expect("the stacks are written");
        assert!(draw(&stacks, &graph).is_err());
    }
}
