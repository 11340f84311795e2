//! What was found: a table for people and JSON for programs.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::figures::{Figure, Figures, Goal, median, shown};
use crate::scenarios::Scale;

/// Writes both into this folder.
pub(crate) fn write(figures: &Figures, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    std::fs::write(folder.join("figures.md"), page(figures))?;
    let mut json = figures.json();
    json["machine"] = machine().into();
    std::fs::write(folder.join("figures.json"), format!("{json:#}\n"))?;
    Ok(())
}

/// The table.
pub(crate) fn page(figures: &Figures) -> String {
    let Scale { count, clients, latency } = figures.scale;
    let compared = figures.all.iter().any(|figure| !figure.base.is_empty());
    let mut page = format!(
        "{count} objects, {clients} clients, the provider takes {} ms; {}. Median of the runs, and the least and the most.\n\n",
        latency.as_millis(),
        machine(),
    );
    let (names, line) = if compared { (" base | over base |", "---|---|") } else { ("", "") };
    let _ = writeln!(page, "| | | median | spread | goal | |{names}\n|---|---|---|---|---|---|{line}");
    for figure in &figures.all {
        let _ = writeln!(page, "{}", row(figure, compared));
    }
    page.push('\n');
    page
}

fn row(figure: &Figure, compared: bool) -> String {
    let Figure { scenario, what, unit, goal, values, base } = figure;
    let middle = median(values);
    let spread = match values.len() {
        0 | 1 => String::new(),
        _ => {
            let (least, most) = ends(values);
            format!("{}–{}", shown(least, ""), shown(most, ""))
        }
    };
    let aim = match goal {
        Goal::AtMost(goal) => format!("≤ {}", shown(*goal, "")),
        Goal::AtLeast(goal) => format!("≥ {}", shown(*goal, "")),
        Goal::None => String::new(),
    };
    let verdict = match goal.is_reached(middle) {
        Some(true) => "reached",
        Some(false) => "**not reached**",
        None => "",
    };
    let mut row =
        format!("| {} | {what} | {} | {spread} | {aim} | {verdict} |", scenario.name(), shown(middle, unit));
    if compared {
        let before = median(base);
        let over = if before > 0.0 { format!("{:.2}", middle / before) } else { String::new() };
        let _ = write!(row, " {} | {over} |", shown(before, unit));
    }
    row
}

fn ends(values: &[f64]) -> (f64, f64) {
    values.iter().fold((f64::MAX, f64::MIN), |(least, most), value| (least.min(*value), most.max(*value)))
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = Command::new("uname").arg("-sm").output();
    let kernel =
        kernel.map(|said| String::from_utf8_lossy(&said.stdout).trim().to_owned()).unwrap_or_default();
    format!("{cores} cores, {kernel}")
}
