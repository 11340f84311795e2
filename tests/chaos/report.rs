//! What the suite saw, written down for `docs/reliability.md`.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::repository;

/// The folder in which `make chaos` gathers rows; unset in the short form, which writes nothing down.
const ROWS: &str = "LATCHKEY_CHAOS";

/// Where the table begins and ends in the page.
const MARKERS: [&str; 2] = ["<!-- table: begin -->\n", "<!-- table: end -->"];

/// How often or how much: `short` within `make test`, `long` within `make chaos`.
pub fn scale<T>(short: T, long: T) -> T {
    if std::env::var_os(ROWS).is_some() { long } else { short }
}

/// One fault, and what was seen of it. Written when a test has seen everything it wanted to see.
#[derive(Debug)]
pub struct Row {
    /// Which part of the page it belongs to: the file of `tests/chaos`.
    pub area: &'static str,
    /// What was done to whom.
    pub fault: &'static str,
    /// The test, as `module::function` below `tests/chaos`.
    pub test: &'static str,
    /// How often or how many.
    pub tried: String,
    /// What was seen; figures that were measured, not what was hoped for.
    pub seen: String,
    /// The longest time until all was well again, where there is such a time.
    pub well_after: Option<Duration>,
}

impl Row {
    /// Keeps the row for the page.
    pub fn write(&self) {
        let Some(folder) = std::env::var_os(ROWS) else { return };
        let folder = PathBuf::from(folder);
        std::fs::create_dir_all(&folder).expect("a folder for the rows");
        let row = json!({
            "area": self.area, "fault": self.fault, "test": self.test, "tried": self.tried, "seen": self.seen,
            "wellAfter": self.well_after.map(|time| format!("{:.1} s", time.as_secs_f64())),
        });
        let name = format!("{}-{}.json", self.test.replace("::", "-"), words(self.fault));
        std::fs::write(folder.join(name), row.to_string()).expect("the row is written");
    }
}

fn words(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

fn page() -> PathBuf {
    repository().join("docs/reliability.md")
}

fn table(rows: &[Value]) -> String {
    let mut table = String::from(
        "| part | fault | tried | seen | well again after | test |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let cell = |field: &str| row[field].as_str().unwrap_or("–").replace('|', "\\|");
        let cells = ["area", "fault", "tried", "seen", "wellAfter"].map(cell);
        table.push_str(&format!("| {} | `{}` |\n", cells.join(" | "), cell("test")));
    }
    table
}

/// Run by `make chaos` when all else has run.
#[test]
#[ignore = "writes docs/reliability.md from the rows of `make chaos`, which runs it"]
fn writes_the_page() {
    let folder = std::env::var_os(ROWS).expect("LATCHKEY_CHAOS is the folder of the rows");
    let files = std::fs::read_dir(folder).expect("rows").map(|entry| entry.expect("an entry").path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json")); // beside logs
    let read = |path| serde_json::from_slice(&std::fs::read(path).expect("a row")).expect("JSON");
    let mut rows: Vec<Value> = files.map(read).collect();
    rows.sort_by_key(|row| ["area", "test", "fault"].map(|field| row[field].to_string()));
    let text = std::fs::read_to_string(page()).expect("the page");
    let (before, rest) = text.split_once(MARKERS[0]).expect("where the table begins");
    let (_, after) = rest.split_once(MARKERS[1]).expect("where the table ends");
    let text = [before, MARKERS[0], &table(&rows), MARKERS[1], after].concat();
    std::fs::write(page(), text).expect("the page is written");
}

/// Every test that the page names is there.
#[test]
fn each_row_of_the_page_is_a_test() {
    let text = std::fs::read_to_string(page()).expect("the page");
    let named: Vec<&str> =
        text.lines().filter_map(|line| line.strip_suffix("` |")?.rsplit('`').next()).collect();
    assert!(!named.is_empty(), "docs/reliability.md names no test");
    for name in named {
        let (module, function) = name.rsplit_once("::").expect("module::function");
        let file = repository().join("tests/chaos").join(module.replace("::", "/"));
        let sources = [file.with_extension("rs"), file.join("mod.rs")];
        let source = sources.iter().find_map(|path| std::fs::read_to_string(path).ok()).unwrap_or_default();
        assert!(source.contains(&format!("fn {function}(")), "{name} is no test of tests/chaos");
    }
}
