//! Where latchkey's time goes: `perf` looks at it while a scenario runs, and what it saw is written as a table, and as stacks
//! that Firefox Profiler, speedscope and the usual scripts draw as a flame graph.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

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

    /// Waits until the process has ended, and writes into this file in which functions it was seen how often, and into one beside
    /// it (`.stacks`) all that was seen.
    pub(crate) fn write(mut self, table: &Path) -> Result<()> {
        ensure!(self.perf.wait()?.success(), "perf has failed; see /proc/sys/kernel/perf_event_paranoid");
        self.told(&["report", "--stdio", "--no-children", "--percent-limit", "0.3"], table)?;
        self.told(&["script", "--no-inline"], &table.with_extension("stacks"))
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
