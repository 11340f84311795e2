//! What the days have shown.

use std::collections::BTreeMap;

use crate::day::{Told, World};

/// The minutes of the day that is told of.
const MINUTES: f64 = 24.0 * 60.0;

/// A row of the table: what, and of each day.
pub(crate) fn print(world: &World, days: &[Told]) {
    let row = |what: &str, of: &dyn Fn(&Told) -> String| {
        let cells: Vec<String> = days.iter().map(of).collect();
        println!("| {what} | {} |", cells.join(" | "));
    };
    let intervals = MINUTES * 60.0 / world.interval as f64;
    let least = world.keys as f64 * intervals;
    row("refreshes of ExternalSecrets", &|day| day.refreshed.to_string());
    row("reads, over one for each key and interval", &|day| format!("{:.3}", sum(&day.reads) / least));
    row("calls, over the fewest that could carry these reads", &|day| {
        format!("{:.2}", sum(&day.calls) * world.batch.max(1) as f64 / sum(&day.reads))
    });
    row("calls a minute: mean", &|day| format!("{:.1}", sum(&day.calls) / MINUTES));
    row("calls a minute: peak over mean", &|day| {
        format!("{:.2}", peak(&day.calls) * MINUTES / sum(&day.calls))
    });
    row("calls of one store within one second: most", &|day| day.most_at_once.to_string());
    row("longest wait of a call for its token", &|day| format!("{:.1} s", day.longest_wait.as_secs_f64()));
    row("reads a minute: peak over mean", &|day| {
        format!("{:.2}", peak(&day.reads) * MINUTES / sum(&day.reads))
    });
    row("age of a value, mean, over the interval", &|day| {
        format!("{:.2}", day.mean_age / world.interval as f64)
    });
    row("age of a value, greatest, over the interval", &|day| {
        format!("{:.2}", day.oldest as f64 / world.interval as f64)
    });
    row("refreshes that needed no read of their own", &|day| {
        format!("{:.1} %", 100.0 * day.shared as f64 / day.refreshed as f64)
    });
    row("all well again after the outage", &|day| format!("{} s", day.well_after));
}

fn sum(minutes: &BTreeMap<i64, usize>) -> f64 {
    minutes.values().sum::<usize>() as f64
}

fn peak(minutes: &BTreeMap<i64, usize>) -> f64 {
    minutes.values().max().copied().unwrap_or_default() as f64
}
