//! `target.template`, as far as it needs no template functions.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Namespace, world};

fn templated(ns: &Namespace<'_>, template: Value) -> String {
    let mut object = ns.of("db", "db", json!({ "target": { "template": template } }));
    object["metadata"]["labels"] = json!({ "not": "copied" });
    object.to_string()
}

#[test]
fn type_metadata_and_plain_values_of_a_template() {
    let ns = Namespace::with_aws(world(), "template");
    ns.put("db", "one");
    let template = json!({
        "type": "example.com/credentials",
        "metadata": {
            "labels": { "team": "a" }, "annotations": { "note": "plain" }, "finalizers": ["example.com/keep"],
        },
        "data": { "host": "db.example.com" },
    });
    ns.apply(&templated(&ns, template)).silent();
    let secret = ns.secret("db").expect("the Secret");
    let metadata = &secret["metadata"];
    assert_eq!(secret["type"], "example.com/credentials");
    assert_eq!((&metadata["labels"]["team"], &metadata["labels"]["not"]), (&json!("a"), &Value::Null));
    assert_eq!(metadata["annotations"]["note"], "plain");
    assert_eq!(metadata["finalizers"], json!(["example.com/keep"]), "as asked for; none of ours");
    let values = ns.values("db").expect("the Secret");
    assert_eq!(
        values.into_iter().collect::<Vec<_>>(),
        [("host".to_owned(), "db.example.com".to_owned())],
        "Replace"
    );
    ns.kubectl(&["patch", "secret", "db", "--type=merge", "--patch={\"metadata\":{\"finalizers\":null}}"])
        .good();
}

#[test]
fn merge_policy_merge_keeps_the_providers_keys_too() {
    let ns = Namespace::with_aws(world(), "template-merge");
    ns.put("db", "one");
    ns.apply(&templated(&ns, json!({ "mergePolicy": "Merge", "data": { "host": "db.example.com" } })))
        .silent();
    assert_eq!(ns.values("db").expect("the Secret").keys().collect::<Vec<_>>(), ["host", "value"]);
}

#[test]
fn an_empty_template_gives_the_values_and_copies_no_metadata() {
    let ns = Namespace::with_aws(world(), "template-empty");
    ns.put("db", "one");
    ns.apply(&templated(&ns, json!({}))).silent();
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
    assert!(ns.secret("db").expect("it")["metadata"]["labels"]["not"].is_null());
}

#[test]
fn a_type_cannot_be_changed_and_the_prompt_says_what_to_do() {
    let ns = Namespace::with_aws(world(), "template-type");
    ns.put("db", "one");
    ns.apply(&templated(&ns, json!({}))).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    let said = ns.apply(&templated(&ns, json!({ "type": "example.com/other" }))).good();
    assert!(said.warnings()[0].contains("cannot be changed to \"example.com/other\""), "{said}");
    ns.wait_ready("db", "False", "SecretSyncedError");

    ns.kubectl(&["delete", "secret", "db"]).good(); // as advised
    ns.world.wait("the other type", Duration::from_secs(20), || {
        ns.secret("db").filter(|secret| secret["type"] == "example.com/other")
    });
}
