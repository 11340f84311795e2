//! Runs specifications made up by the CRDs' schemas: `specs [SEED [COUNT [KIND]]]`. Of one alone the object is shown.

use std::process::ExitCode;

use latchkey_hostile::{Random, specs};

/// No answer may take longer, in milliseconds: what the API server waits for.
const LONGEST: u64 = 10_000;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, other| args.get(index).map_or(other, |it| it.parse().expect("a number"));
    let (seed, count) = (number(0, 1), number(1, 1_000));
    let subjects = specs::subjects().into_iter().filter(|of| args.get(2).is_none_or(|kind| *kind == of.kind));
    let mut good = true;
    for subject in subjects {
        if count == 1 {
            println!("{:#}", subject.object(&mut Random::new(seed)));
        }
        let report = specs::run(&subject, seed, count as usize).json();
        good &= report["panics"] == 0 && report["faults"] == serde_json::json!([]);
        good &= report["answered"] == count && report["slowestMs"].as_u64() < Some(LONGEST);
        println!("{}: {report}", subject.kind);
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
