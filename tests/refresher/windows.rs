//! Sync windows: when a refresh by time may happen.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Namespace, world};

/// Open for the first second of the year.
const CLOSED: (&str, &str) = ("0 0 1 1 *", "1s");
/// Open whenever it is looked.
const OPEN: (&str, &str) = ("* * * * *", "1h");

fn every_second(kind: &str, (schedule, duration): (&str, &str)) -> Value {
    let windows = json!({ "kind": kind, "windows": [{ "schedule": schedule, "duration": duration }] });
    json!({ "refreshInterval": "1s", "syncWindows": windows })
}

#[test]
fn only_an_open_window_lets_a_value_be_read_again_by_time() {
    let ns = Namespace::with_aws(world(), "windows");
    let cases = [
        ("allowed", every_second("allow", OPEN), true),
        ("not-allowed", every_second("allow", CLOSED), false),
        ("denied", every_second("deny", OPEN), false),
        ("not-denied", every_second("deny", CLOSED), true),
    ];
    for (name, spec, _) in &cases {
        ns.put(name, "one");
        let said = ns.apply(&ns.of(name, name, spec.clone()).to_string()).good();
        assert_eq!(said.warnings().len(), usize::from(*name == "denied"), "{said}");
        assert_eq!(ns.value(name, "value").as_deref(), Some("one"), "the first sync waits for no window");
        ns.wait_ready(name, "True", "SecretSynced");
    }
    // What was made of a remembered value is read once more by itself, within five seconds.
    std::thread::sleep(Duration::from_secs(7));
    cases.iter().for_each(|(name, ..)| ns.put(name, "two"));
    cases.iter().filter(|(.., open)| *open).for_each(|(name, ..)| ns.wait_value(name, "value", "two"));
    std::thread::sleep(Duration::from_secs(2));
    for (name, _, open) in &cases {
        assert_eq!(ns.value(name, "value").as_deref(), Some(if *open { "two" } else { "one" }), "{name}");
    }

    // Whoever asks for it gets it.
    for name in ["not-allowed", "denied"] {
        ns.kubectl(&["annotate", "externalsecret", name, "force-sync=1"]).good();
        assert_eq!(ns.value(name, "value").as_deref(), Some("two"));
    }
}

#[test]
fn a_pod_starts_on_what_a_window_keeps_as_it_is() {
    let ns = Namespace::with_aws(world(), "windows-pod");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", every_second("allow", CLOSED)).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    std::thread::sleep(Duration::from_secs(3)); // the interval is over
    let before = ns.reads("db");
    ns.put("db", "two");
    ns.apply(&crate::support::manifests::pod("app", &["db"]).to_string()).silent();
    assert_eq!((ns.value("db", "value").as_deref(), ns.reads("db")), (Some("one"), before));
}

#[test]
fn a_window_that_is_none_is_refused_and_one_that_never_opens_is_warned_of() {
    let ns = Namespace::with_aws(world(), "windows-bad");
    ns.put("db", "one");
    let apply = |spec| ns.apply(&ns.of("db", "db", spec).to_string());
    let said = apply(every_second("allow", ("0 24 * * *", "8h"))).good();
    let why = r#"invalid schedule "0 24 * * *" in sync window 0: end of range (24) above maximum (23): 24"#;
    assert!(said.warnings().concat().contains(why), "{said}");
    let said = apply(every_second("allow", ("@every 6h", "1h"))).good();
    let why = "spec.syncWindows never let it be refreshed";
    assert!(said.warnings().concat().contains(why), "{said}");
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
}
