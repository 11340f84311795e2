//! How fast a typical template is rendered here and by Go, in turns. `make bench-templates` runs it.
//!
//! The argument is the oracle, built: it renders the same template with Go's `text/template`, sprig and ESO's functions.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use latchkey_gotmpl::{Limits, Options, RenderError, Template, Value, library};
use rustix::time::{ClockId, clock_gettime};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/config.tmpl");
const ROUNDS: usize = 7;
const TIMES: u32 = 20_000;

/// The data; the oracle has the same in `bench.go`.
const DATA: [(&str, &str); 12] = [
    ("service", "Billing"),
    ("namespace", "shop"),
    ("user", "app@shop"),
    ("password", "p@ss w/rd:42"),
    ("host", "db.internal"),
    ("port", "5432"),
    ("database", "billing"),
    ("ca", "-----BEGIN CERTIFICATE-----"),
    ("pool", ""),
    ("replicas", "db-1, db-2,db-3"),
    ("token", "0123456789abcdef0123456789abcdef0123456789abcdef"),
    ("extra", r#"{"issuer":"https://id.internal","scopes":["read","write"]}"#),
];

/// Nanoseconds a render.
#[derive(Clone, Copy)]
struct Cost {
    /// By the clock, which counts what else the machine does.
    clock: f64,
    /// Of the processors, which for Go counts its garbage collector.
    processors: f64,
}

/// With parsing each time, and without.
type Costs = [Cost; 2];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let oracle = std::env::args().nth(1).ok_or("usage: versus_go ORACLE")?;
    let text = std::fs::read_to_string(FILE)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((ours(&text)?, gos(&oracle)?));
    }
    for (what, index) in [("parsed and rendered", 0), ("rendered", 1)] {
        let rounds: Vec<_> = rounds.iter().map(|(here, go)| (here[index], go[index])).collect();
        show(what, "of the processors", &rounds, |cost| cost.processors);
        show(what, "by the clock", &rounds, |cost| cost.clock);
    }
    Ok(())
}

fn show(what: &str, how: &str, rounds: &[(Cost, Cost)], of: impl Fn(&Cost) -> f64) {
    let here = median(rounds.iter().map(|(here, _)| of(here)));
    let go = median(rounds.iter().map(|(_, go)| of(go)));
    let ratio = median(rounds.iter().map(|(here, go)| of(go) / of(here)));
    println!("{what}, {how}: {:.1} µs here, {:.1} µs in Go: {ratio:.1} times as fast", here / 1e3, go / 1e3);
}

fn ours(text: &str) -> Result<Costs, Box<dyn std::error::Error>> {
    let functions = library::external_secrets();
    let data = Value::string_map(DATA);
    let (options, limits) = (Options::strict(), Limits::default());
    let parsed = Template::parse("text", text, &options, &functions)?;
    let whole = each(|| {
        let template = Template::parse("text", black_box(text), &options, &functions)?;
        black_box(template.execute(&data, &limits)?);
        Ok(())
    })?;
    let rendered = each(|| {
        black_box(parsed.execute(black_box(&data), &limits)?);
        Ok(())
    })?;
    Ok([whole, rendered])
}

fn each(render: impl Fn() -> Result<(), RenderError>) -> Result<Cost, RenderError> {
    let (began, busy) = (Instant::now(), processors());
    for _ in 0..TIMES {
        render()?;
    }
    let per = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(TIMES);
    Ok(Cost { clock: per(began.elapsed()), processors: per(processors().saturating_sub(busy)) })
}

/// How long processors have worked for this process.
fn processors() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.try_into().unwrap_or_default(), time.tv_nsec.try_into().unwrap_or_default())
}

fn gos(oracle: &str) -> Result<Costs, Box<dyn std::error::Error>> {
    let output = Command::new(oracle).args(["-bench", FILE, "-times", &TIMES.to_string()]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    let mut next =
        || numbers.next().ok_or("the oracle says nothing")?.map_err(|_| "the oracle says no number");
    let mut cost = || Ok::<_, &str>(Cost { clock: next()?, processors: next()? });
    Ok([cost()?, cost()?])
}

fn median(all: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
