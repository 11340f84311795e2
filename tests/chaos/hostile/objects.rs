//! Spoilt ExternalSecrets, stores and Pods through everything that latchkey does with a review, without a cluster.

use std::process::Command;

use serde_json::Value;

use crate::chaos::{Row, scale};

const SEED: &str = "LATCHKEY_HOSTILE_SEED";
const COUNT: &str = "LATCHKEY_HOSTILE_COUNT";

/// What the process may have in RAM at most, in MiB: the development build and its tests' code are some 60 of them.
const MOST_MIB: u64 = 512;

/// From one run to the next another part of the input is tried; `LATCHKEY_HOSTILE_SEED` repeats one.
fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let given = std::env::var(SEED).ok().map(|seed| seed.parse().expect("a number"));
    given.unwrap_or_else(|| now.expect("a time after 1970").as_secs() % 1_000_000 * 1_000_000)
}

/// In a process of its own, so that its memory and its panics are nobody else's.
fn in_a_process(seed: u64, count: usize) -> Value {
    let this = std::env::current_exe().expect("the test's program");
    let child = "chaos::hostile::objects::runs_in_a_process";
    let output = Command::new(this)
        .args([child, "--exact", "--ignored", "--nocapture"])
        .env(SEED, seed.to_string())
        .env(COUNT, count.to_string())
        .output()
        .expect("it runs");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let report = out.lines().find_map(|line| serde_json::from_str::<Value>(line.trim()).ok());
    report.unwrap_or_else(|| panic!("seed {seed}: the process ended: {}\n{out}\n{err}", output.status))
}

#[test]
#[ignore = "each_has_an_answer runs it in a process of its own"]
fn runs_in_a_process() {
    let number = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (seed, count) = (number(SEED).expect(SEED), number(COUNT).expect(COUNT));
    println!("\n{}", latchkey_hostile::run::run(seed, usize::try_from(count).expect("a count")).json());
}

#[test]
fn each_has_an_answer() {
    let (seed, count) = (seed(), scale(3_000, 100_000));
    println!("{SEED}={seed}");
    let report = in_a_process(seed, count);
    let number = |field: &str| report[field].as_u64().unwrap_or_default();
    assert_eq!(number("answered"), count as u64, "seed {seed}: {report}");
    assert_eq!(report["panics"], 0, "seed {seed}: {report}");
    assert_eq!(report["faults"].as_array().map(Vec::len), Some(0), "seed {seed}: {report}");
    assert!(number("slowestMs") < 10_000, "seed {seed}: {report}");
    let peak = number("peakKib") / 1024;
    assert!((1..MOST_MIB).contains(&peak), "seed {seed}: {peak} MiB: {report}");
    for outcome in ["admitted", "refused", "no review"] {
        assert!(report["outcomes"][outcome].as_u64() > Some(0), "seed {seed}: nothing was tried: {report}");
    }
    Row {
        area: "hostile",
        fault: "ExternalSecrets, stores and Pods spoilt at random",
        test: "hostile::objects::each_has_an_answer",
        tried: format!("{count} reviews, from seed {seed}"),
        seen: format!(
            "an answer to each: {} admitted, {} refused, {} no reviews; 0 panics, no value said; slowest {} ms, at most {peak} MiB",
            report["outcomes"]["admitted"], report["outcomes"]["refused"], report["outcomes"]["no review"], report["slowestMs"],
        ),
        well_after: None,
    }
    .write();
}
