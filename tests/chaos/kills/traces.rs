//! The points at which tests end a replica are in no binary but theirs.

use std::path::Path;
use std::process::Command;

use crate::support::{Said, repository};

/// The variable by which replicas are armed, and a word that is written in the code of every step.
const TRACES: [&str; 2] = [latchkey::failpoint::FILE, "secret-write"];

/// Which of those a binary holds.
pub fn traces(binary: &Path) -> Vec<&'static str> {
    let bytes = std::fs::read(binary).expect("the binary");
    let holds = |trace: &str| bytes.windows(trace.len()).any(|window| window == trace.as_bytes());
    TRACES.into_iter().filter(|trace| holds(trace)).collect()
}

#[test]
fn the_search_for_them_finds_them_where_they_are() {
    assert_eq!(traces(Path::new(env!("CARGO_BIN_EXE_latchkey"))), TRACES);
}

#[test]
fn only_the_packages_own_tests_turn_them_on() {
    let tree = |edges: &str| {
        let mut cargo = Command::new(env!("CARGO"));
        let args = ["tree", "--offline", "--workspace", "--edges", edges, "--format", "{p} {f}"];
        Said::run(
            {
                cargo.current_dir(repository()).args(args);
                cargo
            },
            "",
        )
        .good()
        .out
    };
    assert!(!tree("normal,build,features").contains("failpoints"));
    assert!(tree("normal,build,dev,features").contains("failpoints"), "the search finds it where it is");
}
