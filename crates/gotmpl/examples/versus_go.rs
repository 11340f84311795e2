//! How fast a typical template is rendered here and by Go, in turns. `make bench-templates` runs it.
//!
//! The argument is the oracle, built: it renders the same template with Go's `text/template`, sprig and ESO's functions.

use std::hint::black_box;
use std::process::Command;
use std::time::Instant;

use latchkey_gotmpl::{Limits, Options, Template, Value, library};

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

/// Nanoseconds a render: with parsing each time, and without.
type Cost = (f64, f64);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let oracle = std::env::args().nth(1).ok_or("usage: versus_go ORACLE")?;
    let text = std::fs::read_to_string(FILE)?;
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((ours(&text)?, gos(&oracle)?));
    }
    for (what, of) in [("parsed and rendered", pick as fn(&Cost) -> f64), ("rendered", |cost| cost.1)] {
        let here = median(rounds.iter().map(|(here, _)| of(here)));
        let go = median(rounds.iter().map(|(_, go)| of(go)));
        let ratio = median(rounds.iter().map(|(here, go)| of(go) / of(here)));
        println!("{what}: {:.1} µs here, {:.1} µs in Go: {ratio:.1} times as fast", here / 1e3, go / 1e3);
    }
    Ok(())
}

fn pick(cost: &Cost) -> f64 {
    cost.0
}

fn ours(text: &str) -> Result<Cost, Box<dyn std::error::Error>> {
    let functions = library::external_secrets();
    let data = Value::string_map(DATA);
    let (options, limits) = (Options::strict(), Limits::default());
    let parsed = Template::parse("text", text, &options, &functions)?;
    let began = Instant::now();
    for _ in 0..TIMES {
        let template = Template::parse("text", black_box(text), &options, &functions)?;
        black_box(template.execute(&data, &limits)?);
    }
    let whole = began.elapsed();
    let began = Instant::now();
    for _ in 0..TIMES {
        black_box(parsed.execute(black_box(&data), &limits)?);
    }
    let each = |time: std::time::Duration| time.as_secs_f64() * 1e9 / f64::from(TIMES);
    Ok((each(whole), each(began.elapsed())))
}

fn gos(oracle: &str) -> Result<Cost, Box<dyn std::error::Error>> {
    let output = Command::new(oracle).args(["-bench", FILE, "-times", &TIMES.to_string()]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let mut numbers = text.split_whitespace().map(str::parse::<f64>);
    let mut next =
        || numbers.next().ok_or("the oracle says nothing")?.map_err(|_| "the oracle says no number");
    Ok((next()?, next()?))
}

fn median(all: impl Iterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
}
