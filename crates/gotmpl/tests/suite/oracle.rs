//! Compares the engine with Go's, by a table that Go wrote (`oracle/` tells how).

use std::path::{Path, PathBuf};

use latchkey_gotmpl::{Limits, MissingKey, Options, Template, library};
use serde_json::Value as Json;

use super::world;

/// What a template gives.
#[derive(PartialEq, Eq)]
enum Outcome {
    Output(Vec<u8>),
    Error(String),
}

impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Output(bytes) => write!(f, "output {:?}", String::from_utf8_lossy(bytes)),
            Self::Error(message) => write!(f, "error  {message}"),
        }
    }
}

fn text<'a>(case: &'a Json, name: &str) -> &'a str {
    case[name].as_str().unwrap_or_default()
}

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("the table has hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// What the table says: Go's outcome, or the engine's own where it differs on purpose.
fn expected(case: &Json) -> Outcome {
    if let Some(ours) = case["ours"].as_str() {
        return match ours.strip_prefix("error ") {
            Some(message) => Outcome::Error(message.to_owned()),
            None => Outcome::Output(ours.as_bytes().to_vec()),
        };
    }
    match (case["error"].as_str(), case["hex"].as_str()) {
        (Some(message), _) => Outcome::Error(message.to_owned()),
        (None, Some(digits)) => Outcome::Output(unhex(digits)),
        (None, None) => Outcome::Output(text(case, "output").as_bytes().to_vec()),
    }
}

fn found(case: &Json) -> Outcome {
    let missing_key = match text(case, "missingkey") {
        "zero" => MissingKey::Zero,
        "error" => MissingKey::Error,
        _ => MissingKey::Default,
    };
    let (left, right) = (text(case, "left").to_owned(), text(case, "right").to_owned());
    let options = Options { left, right, missing_key, ..Options::default() };
    let functions = match text(case, "functions") {
        "library" => library::external_secrets(),
        "keys" => world::key_functions(),
        _ => world::functions(),
    };
    let template = match Template::parse("t", text(case, "template"), &options, &functions) {
        Ok(template) => template,
        Err(error) => return Outcome::Error(error.to_string()),
    };
    match template.execute(&world::data(text(case, "data")), &Limits::default()) {
        Ok(output) => Outcome::Output(output.to_vec()),
        Err(error) => Outcome::Error(error.to_string()),
    }
}

/// The tables that are checked in.
pub fn own() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/expected")
}

/// The cases of all tables of a folder.
pub fn tables(folder: &Path) -> Vec<Json> {
    let files =
        std::fs::read_dir(folder).expect("the tables are there").map(|file| file.expect("an entry").path());
    let cases = files.flat_map(|file| {
        let table = std::fs::read(&file).expect("the table can be read");
        serde_json::from_slice::<Vec<Json>>(&table).expect("the table is JSON")
    });
    cases.collect()
}

#[test]
fn gives_what_go_gives() {
    let folder = std::env::var_os("GOTMPL_CASES").map_or_else(own, PathBuf::from);
    let cases = tables(&folder);
    let mut wrong = 0;
    for case in &cases {
        let (expected, found) = (expected(case), found(case));
        if expected != found {
            wrong += 1;
            let (group, template) = (text(case, "group"), text(case, "template"));
            println!("{group}: {template:?}\n  {expected:?}\n  {found:?}");
        }
    }
    assert_eq!(wrong, 0, "of {} cases", cases.len());
}

#[test]
fn says_why_where_it_differs() {
    for case in tables(&own()).iter().filter(|case| case["ours"].is_string()) {
        assert!(!text(case, "reason").is_empty(), "{}", text(case, "template"));
    }
}
