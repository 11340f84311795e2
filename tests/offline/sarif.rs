//! `latchkey verify --output sarif`, held against what SARIF 2.1.0 demands of the parts that it has.

use std::collections::BTreeSet;

use super::*;

/// The log of these files, as it is printed.
fn log(files: &[(&str, &str)], args: &[&str]) -> Value {
    let folder = Folder::new(files);
    let (_, out, err) = folder.run(&[&["verify", "--output", "sarif"], args].concat(), "");
    assert_eq!(err, "");
    serde_json::from_str(&out).expect("JSON")
}

fn text<'a>(value: &'a Value, what: &str) -> &'a str {
    value.as_str().filter(|text| !text.is_empty()).unwrap_or_else(|| panic!("{what} is {value}"))
}

/// Fails where the standard's section is not kept.
fn is_sarif(log: &Value) {
    assert_eq!(log["version"], "2.1.0", "3.13.2");
    assert!(text(&log["$schema"], "$schema").starts_with("https://"), "3.13.3");
    let [run] = &log["runs"].as_array().expect("3.13.4: runs")[..] else { panic!("one run: {log}") };
    let driver = &run["tool"]["driver"]; // 3.14.6, 3.18.2
    text(&driver["name"], "3.19.8: tool.driver.name");
    reqwest::Url::parse(text(&driver["informationUri"], "informationUri")).expect("3.19.17: an absolute URI");
    assert!(["utf16CodeUnits", "unicodeCodePoints"].iter().any(|unit| run["columnKind"] == *unit), "3.14.17");
    let rules = driver["rules"].as_array().expect("3.19.23: rules");
    let ids: Vec<&str> = rules.iter().map(|rule| text(&rule["id"], "3.49.3: a rule's id")).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "3.19.23: each rule once");
    for rule in rules {
        text(&rule["shortDescription"]["text"], "3.49.9, 3.12.3: shortDescription.text");
    }
    for result in run["results"].as_array().expect("3.14.23: results, though there be none") {
        let id = text(&result["ruleId"], "3.27.5: ruleId");
        let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
        assert_eq!(index.and_then(|index| ids.get(index)), Some(&id), "3.27.6: ruleIndex is of ruleId");
        let level = text(&result["level"], "3.27.10: level");
        assert!(["none", "note", "warning", "error"].contains(&level), "{level}");
        text(&result["message"]["text"], "3.27.11, 3.11.8: message.text");
        let places = result["locations"].as_array().expect("3.27.12: locations");
        assert!(!places.is_empty(), "code scanning passes over what is nowhere");
        for place in places {
            is_place(&place["physicalLocation"]);
        }
    }
}

fn is_place(place: &Value) {
    let uri = text(&place["artifactLocation"]["uri"], "3.4.3: uri");
    let base = reqwest::Url::parse("https://base.example/root/").expect("a URL");
    assert!(
        reqwest::Url::parse(uri).is_err() && !uri.starts_with('/'),
        "{uri} is relative to the repository"
    );
    let joined = base.join(uri).expect("3.10.1: a URI reference");
    assert_eq!(
        joined.as_str(),
        format!("{base}{uri}"),
        "nothing in it has another meaning, or was not escaped"
    );
    let line = place["region"]["startLine"].as_u64();
    assert!(line.is_some_and(|line| line >= 1), "3.30.5: {:?}", place["region"]);
}

fn results(log: &Value) -> &[Value] {
    log["runs"][0]["results"].as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn the_log_is_what_the_standard_demands_whatever_is_found() {
    let shared = manifest(DATA).replace("{name: db, ", "{name: other, ");
    let template = "  target: {name: db, template: {data: {a: '{{ if .user }}{{ .pass }}{{ end }}', b: '{{ .usr }}'}}}\n";
    let elsewhere = manifest(DATA).replace("secretStoreRef: {name: s}", "secretStoreRef: {name: other}");
    let log = log(
        &[
            ("a b/#1.yaml", &manifest("  data: user\n")),
            ("a b/100%/\u{e9}.yaml", &manifest(&format!("{DATA}  x: 1\n"))),
            ("broken.yaml", "a: 1\n---\nb: 'x\n"),
            ("elsewhere.yaml", &elsewhere),
            ("kinds.yaml", "apiVersion: external-secrets.io/v1\nkind: SecretSync\nmetadata: {name: p}\n"),
            ("shared.yaml", &shared.replace("spec:\n", "spec:\n  target: {name: db}\n")),
            ("template.yaml", &manifest(&format!("{DATA}{template}"))),
            ("x:y.yaml", &manifest("  data: []\n")),
        ],
        &["-f", "."],
    );
    is_sarif(&log);
    let ids: BTreeSet<&str> = results(&log).iter().filter_map(|result| result["ruleId"].as_str()).collect();
    for id in [
        "wrong-type",
        "unknown-field",
        "unreadable",
        "store-elsewhere",
        "unserved",
        "shared-target",
        "unfetched-key",
        "invalid-spec",
    ] {
        assert!(ids.contains(id), "{id} is not among {ids:?}");
    }
    let levels: BTreeSet<&str> = results(&log).iter().filter_map(|result| result["level"].as_str()).collect();
    assert_eq!(levels, ["error", "note", "warning"].into());
}

#[test]
fn a_finding_is_a_result_with_its_rule_and_its_place() {
    let log = log(&[("a b/m.yaml", &manifest("  data: user\n"))], &["-f", "."]);
    is_sarif(&log);
    let [result] = results(&log) else { panic!("one result: {log}") };
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("wrong-type"), &json!("error")));
    let said = "ExternalSecret shop/db: spec.data: has to be a list, not a text";
    assert_eq!(result["message"]["text"], said);
    let place = json!({ "artifactLocation": { "uri": "a%20b/m.yaml" }, "region": { "startLine": 9 } });
    assert_eq!(result["locations"], json!([{ "physicalLocation": place }]));
    assert_eq!(log["runs"][0]["tool"]["driver"]["name"], "latchkey");
}

#[test]
fn a_file_is_named_from_where_latchkey_was_started_or_by_its_whole_uri() {
    let folder = Folder::new(&[
        ("work/m.yaml", &manifest("  data: user\n")),
        ("other/m.yaml", &manifest("  data: user\n")),
    ]);
    let root = folder.0.path().canonicalize().expect("a folder");
    let uri_of = |file: std::path::PathBuf| {
        let file = file.to_str().expect("UTF-8").to_owned();
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        command.args(["verify", "--output", "sarif", "-f", &file]).current_dir(root.join("work"));
        let log: Value = serde_json::from_slice(&command.output().expect("it runs").stdout).expect("JSON");
        let place = &results(&log)[0]["locations"][0]["physicalLocation"];
        place["artifactLocation"]["uri"].as_str().expect("a URI").to_owned()
    };
    assert_eq!(uri_of(root.join("work/m.yaml")), "m.yaml");
    assert_eq!(uri_of(root.join("other/m.yaml")), format!("file://{}/other/m.yaml", root.display()));
}

#[test]
fn where_nothing_is_found_there_is_a_log_all_the_same() {
    let log = log(&[("m.yaml", &manifest(DATA))], &["-f", "m.yaml"]);
    is_sarif(&log);
    assert_eq!(results(&log), [] as [Value; 0]);
}
