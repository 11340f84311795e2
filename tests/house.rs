//! The house stands as ARCHITECTURE.md draws it: who may use whom, and who alone knows what.

use std::path::{Path, PathBuf};

use crate::support::repository;

/// A room of `src`, and what its files must not name.
const CLOSED: [(&str, &[&str]); 6] = [
    (
        "engine",
        &[
            "crate::admission",
            "crate::refresh",
            "crate::lookup",
            "crate::http",
            "crate::startup",
            "crate::metrics",
        ],
    ),
    ("admission", &["crate::refresh", "crate::http", "crate::startup"]),
    ("refresh", &["crate::admission", "crate::http", "crate::startup"]),
    ("lookup", &["crate::admission", "crate::refresh", "crate::http", "crate::startup"]),
    ("certs", &["crate::engine", "crate::admission", "crate::refresh", "crate::lookup"]),
    ("registration", &["crate::engine", "crate::admission", "crate::refresh", "crate::lookup"]),
];

/// What only these places of `src` know.
const KNOWN_TO: [(&str, &[&str]); 4] = [
    ("axum", &["http/", "startup/"]),
    ("aws_sdk", &[]),
    ("vaultrs", &[]),
    (
        "kube::Client",
        &["api_server/", "engine/apply/", "lookup/", "refresh/", "certs/", "registration/", "startup/"],
    ),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = paths.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.chain(folders.iter().flat_map(|folder| sources(folder))).collect()
}

/// The code of each file of `src/<room>`, without comments, by its path below `src`.
fn code(room: &str) -> Vec<(String, String)> {
    let src = repository().join("src");
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a source file");
        let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        let name = path.strip_prefix(&src).expect("below src").to_string_lossy().into_owned();
        (name, code.join("\n"))
    };
    sources(&src.join(room)).into_iter().map(read).collect()
}

#[test]
fn no_room_uses_a_room_that_is_closed_to_it() {
    for (room, closed) in CLOSED {
        for (file, code) in code(room) {
            let used: Vec<_> = closed.iter().filter(|name| code.contains(*name)).collect();
            assert!(used.is_empty(), "{file} uses {used:?}");
        }
    }
}

#[test]
fn what_one_room_alone_knows_no_other_names() {
    for (name, rooms) in KNOWN_TO {
        for (file, code) in code("") {
            let may = rooms.iter().any(|room| file.starts_with(room));
            assert!(may || !code.contains(&format!("use {name}")), "{file} uses {name}");
        }
    }
}

#[test]
fn no_production_file_is_two_files() {
    for (file, code) in code("") {
        let production = code.split("#[cfg(test)]").next().unwrap_or_default();
        let lines = production.lines().count();
        assert!(lines <= 400, "{file} has {lines} lines of code");
    }
    assert!(code("").iter().any(|(file, code)| file == "main.rs" && code.lines().count() <= 25));
}
