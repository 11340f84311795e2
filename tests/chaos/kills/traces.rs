//! The points at which tests end a replica are in no binary but theirs. `make static-check` looks for them in the release's.

use std::path::Path;
use std::process::Command;

use crate::static_binary::{TRACES, traces};
use crate::support::{Said, repository};

#[test]
fn the_search_for_them_finds_them_where_they_are() {
    assert_eq!(traces(Path::new(env!("CARGO_BIN_EXE_latchkey"))), TRACES);
}

#[test]
fn only_the_packages_own_tests_turn_them_on() {
    let tree = |edges: &str| {
        let mut cargo = Command::new(env!("CARGO"));
        let args = ["tree", "--offline", "--workspace", "--edges", edges, "--format", "{p} {f}"];
        cargo.current_dir(repository()).args(args);
        Said::run(cargo, "").good().out
    };
    assert!(!tree("normal,build,features").contains("failpoints"));
    assert!(tree("normal,build,dev,features").contains("failpoints"), "the search finds it where it is");
}
