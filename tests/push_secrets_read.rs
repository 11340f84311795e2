//! What is pushed is what is read: nothing that was remembered of a store outlives a push to it.

use serde_json::{Value, json};

use crate::push_secrets::{apply, entry, push, scene, source, wait_ready, wait_remote};
use crate::support::{Namespace, manifests};

/// An ExternalSecret that reads the property `pass` of what is pushed under this name.
fn reads(ns: &Namespace<'_>, name: &str, remote: &str) -> Value {
    let key = format!("{}/{remote}", ns.name);
    manifests::external_secret(name, &ns.name, manifests::one(&key, "pass"))
}

#[test]
fn what_was_read_a_moment_ago_is_read_anew_once_something_else_is_pushed() {
    let ns = scene("push-read");
    let data = json!([entry(&ns, "password", "app", "pass")]);
    apply(&ns, &push(&ns, "app", json!({ "data": data, "deletionPolicy": "Delete" }))).silent();
    wait_ready(&ns, "app", "True", "Synced");
    apply(&ns, &reads(&ns, "before", "app")).silent();
    assert_eq!(ns.value("before", "pass").as_deref(), Some("hunter2"));

    // Memory holds it for five seconds; by then the new one has been pushed and read.
    for round in 0..3 {
        let (name, value) = (format!("after-{round}"), format!("changed-{round}"));
        source(&ns, "source", &[("password", &value)]);
        wait_remote(&ns, "app", &json!({ "pass": value }));
        apply(&ns, &reads(&ns, &name, "app")).silent();
        assert_eq!(ns.value(&name, "pass"), Some(value));
    }

    // And once it is withdrawn, it is not there any more.
    ns.kubectl(&["delete", "pushsecret", "app"]).good();
    let said = apply(&ns, &reads(&ns, "withdrawn", "app")).good();
    assert!(!said.warnings().is_empty() && ns.secret("withdrawn").is_none(), "{said}");
}

#[test]
fn what_was_missing_a_moment_ago_is_found_once_it_is_pushed() {
    let ns = scene("push-found");
    let object = reads(&ns, "early", "late").to_string();
    // A dry run is told of a failure once more without asking the store.
    let missing = ns.dry_run(&object);
    assert!(!missing.ok || !missing.warnings().is_empty(), "{missing}");
    let data = json!([entry(&ns, "password", "late", "pass")]);
    apply(&ns, &push(&ns, "late", json!({ "data": data }))).silent();
    wait_ready(&ns, "late", "True", "Synced");
    ns.dry_run(&object).silent();
    apply(&ns, &reads(&ns, "early", "late")).silent();
    assert_eq!(ns.value("early", "pass").as_deref(), Some("hunter2"));
}
