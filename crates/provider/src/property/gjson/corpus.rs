//! Compares this with Go's gjson, by tables that it wrote (`oracle/` tells how), and what is refused.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use super::{Refused, lookup};

fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("the table has hexadecimal digits");
    (0..digits.len()).step_by(2).map(byte).collect()
}

fn expected(answer: &Json) -> Option<Vec<u8>> {
    let text = answer["text"].as_str().map(|text| text.as_bytes().to_vec());
    text.or_else(|| answer["hex"].as_str().map(unhex))
}

fn shown(found: &Result<Option<Vec<u8>>, Refused>) -> String {
    match found {
        Ok(Some(text)) => format!("{:?}", String::from_utf8_lossy(text)),
        other => format!("{other:?}"),
    }
}

/// What differs from the tables of a folder, and how many cases there are.
fn compare(folder: &Path) -> (Vec<String>, usize) {
    let (mut differences, mut count) = (Vec::new(), 0);
    for file in std::fs::read_dir(folder).expect("the tables") {
        let file = std::fs::read(file.expect("a table").path()).expect("a table");
        for table in serde_json::from_slice::<Vec<Json>>(&file).expect("a table") {
            let document = table["document"].as_str().expect("a document");
            for answer in table["answers"].as_array().into_iter().flatten() {
                let path = answer["path"].as_str().expect("a path");
                let (ours, gos) = (lookup(document.as_bytes(), path.as_bytes()), Ok(expected(answer)));
                count += 1;
                if ours != gos && ours != Err(Refused::Number) {
                    differences.push(format!(
                        "{path}   in {document}\n  {}\n  {}",
                        shown(&gos),
                        shown(&ours)
                    ));
                }
            }
        }
    }
    (differences, count)
}

#[test]
fn paths_name_what_they_name_in_go() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/expected");
    let folder = std::env::var_os("GJSON_CASES").map_or(own, PathBuf::from);
    let (differences, count) = compare(&folder);
    assert!(count > 700, "{count} cases");
    let first = differences.iter().take(20).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {count} differ; path, Go's, ours:\n{first}", differences.len());
}

#[test]
fn what_takes_too_much_is_refused() {
    let doubling = ["[@this,@this]"; 40].join("|");
    let quoting = ["@tostr"; 40].join("|");
    let digging = format!("{}a", "@dig:".repeat(40));
    let levels = format!("{}1{}", "[".repeat(3000), "]".repeat(3000));
    let nested = format!(r#"{{"a":{levels}}}"#);
    for (document, path, want) in [
        (r#"{"a":"x"}"#, doubling.as_str(), Refused::Costly),
        (r#"{"a":"\"\""}"#, &quoting, Refused::Costly),
        (&nested, "a.@flatten:{\"deep\":true}", Refused::Deep),
        (&nested, "a.@pretty", Refused::Deep),
        (&nested, "@dig:b", Refused::Deep),
        (&nested, &"a.0".repeat(500).replace("0a", "0.0"), Refused::Deep),
        (r#"{"a":1}"#, &["@this"; 1000].join("|"), Refused::Deep),
        (r#"{"a":1}"#, &format!("{}{}", "[".repeat(5000), "]".repeat(5000)), Refused::Deep),
        (r#"{"a":0x1p4}"#, "a", Refused::Number),
        (r#"{"a":1_000.5}"#, "a", Refused::Number),
    ] {
        let found = lookup(document.as_bytes(), path.as_bytes());
        let short = path.chars().take(60).collect::<String>();
        assert!(found == Err(want), "{short}: {want:?}, not {:.200}", shown(&found));
    }
    assert!(lookup(nested.as_bytes(), digging.as_bytes()).is_err());
    assert_eq!(lookup(nested.as_bytes(), b"@valid|@keys"), Ok(Some(br#"["a"]"#.to_vec())));
}

#[test]
fn a_large_document_is_read_by_many_paths_at_once() {
    let document = format!(r#"{{"list":[{}{{"k":"end"}}]}}"#, r#"{"k":"v"},"#.repeat(50_000));
    let path = r#"{"n":list.#,"all":list.#.k,"one":list.#(k=="end").k}|one"#;
    assert_eq!(lookup(document.as_bytes(), path.as_bytes()), Ok(Some(b"end".to_vec())));
}
