//! What was found: a table for people and JSON for programs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::samples::Samples;

/// The figures, in the order in which they were found.
pub(crate) struct Report {
    count: usize,
    clients: usize,
    figures: Vec<Value>,
    rows: [Vec<String>; 3],
}

/// Which table a row is in.
#[derive(Clone, Copy)]
enum Table {
    Latency,
    Calls,
    Memory,
}

impl Report {
    pub(crate) fn new(count: usize, clients: usize) -> Self {
        Self { count, clients, figures: Vec::new(), rows: Default::default() }
    }

    /// How long something took, beside something else if there is something to compare with.
    pub(crate) fn latency(&mut self, what: &str, samples: &Samples, beside: Option<(&str, &Samples)>) {
        let of = |samples: &Samples| [0.5, 0.99].map(|share| samples.percentile(share));
        let [p50, p99] = of(samples);
        let ratios = beside.map(|(name, other)| {
            let [other50, other99] = of(other);
            (name, ratio(p50, other50), ratio(p99, other99))
        });
        let (shown50, shown99, name) = match ratios {
            Some((name, ratio50, ratio99)) => (format!("{ratio50:.2}"), format!("{ratio99:.2}"), name),
            None => ("1".to_owned(), "1".to_owned(), ""),
        };
        self.row(
            Table::Latency,
            format!("| {what} | {name} | {shown50} | {shown99} | {p50:.1} | {p99:.1} |"),
        );
        self.figures.push(json!({
            "what": what, "unit": "ms", "samples": samples.len(), "p50": p50, "p99": p99,
            "beside": ratios.map(|(name, ..)| name),
            "ratio_p50": ratios.map(|(_, ratio, _)| ratio), "ratio_p99": ratios.map(|(.., ratio)| ratio),
        }));
    }

    /// How many there were for each of something else.
    pub(crate) fn ratio(&mut self, what: &str, number: usize, of: usize) {
        let ratio = ratio(number as f64, of as f64);
        self.row(Table::Calls, format!("| {what} | {ratio:.3} | {number} | {of} |"));
        self.figures.push(json!({ "what": what, "number": number, "of": of, "ratio": ratio }));
    }

    /// Resident memory with so many ExternalSecrets, beside none.
    pub(crate) fn memory(&mut self, objects: usize, bytes: f64, beside: Option<f64>) {
        let (ratio, mib) = (ratio(bytes, beside.unwrap_or(bytes)), bytes / f64::from(1 << 20));
        self.row(Table::Memory, format!("| {objects} | {ratio:.2} | {mib:.1} |"));
        self.figures.push(json!({
            "what": format!("resident memory with {objects} ExternalSecrets"), "bytes": bytes, "ratio": ratio,
        }));
    }

    fn row(&mut self, table: Table, row: String) {
        println!("{row}");
        self.rows[table as usize].push(row);
    }

    /// Prints the tables and writes them and the figures into this folder.
    pub(crate) fn write(&self, folder: &Path) -> Result<()> {
        let (page, machine) = (self.page(), machine());
        println!("\n{page}");
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        std::fs::write(folder.join("figures.md"), &page)?;
        let figures = json!({
            "count": self.count, "clients": self.clients, "machine": machine, "figures": self.figures,
        });
        std::fs::write(folder.join("figures.json"), format!("{figures:#}\n"))?;
        println!("Written to {}", folder.display());
        Ok(())
    }

    fn page(&self) -> String {
        let Self { count, clients, rows: [latency, calls, memory], .. } = self;
        let machine = machine();
        format!(
            "{count} objects a way, {clients} clients at once. Ratios compare what was measured in turns in one run; \
             milliseconds, MiB and counts are of this machine alone ({machine}).\n\n\
             | | beside | ratio p50 | ratio p99 | p50 ms | p99 ms |\n|---|---|---|---|---|---|\n{}\n\n\
             | reads of the provider | ratio | calls | of |\n|---|---|---|---|\n{}\n\n\
             | ExternalSecrets | resident memory beside none | MiB |\n|---|---|---|\n{}\n",
            latency.join("\n"),
            calls.join("\n"),
            memory.join("\n"),
        )
    }
}

fn ratio(number: f64, of: f64) -> f64 {
    if of > 0.0 { number / of } else { 0.0 }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = Command::new("uname").arg("-sm").output();
    let kernel =
        kernel.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned()).unwrap_or_default();
    format!("{cores} cores, {kernel}")
}
