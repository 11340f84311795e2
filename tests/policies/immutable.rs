//! `target.immutable`, and Secrets that are immutable anyway.

use serde_json::json;

use crate::support::{Namespace, world};

#[test]
fn an_immutable_target_keeps_its_first_values_and_is_ready() {
    let ns = Namespace::with_aws(world(), "immutable");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({ "target": { "immutable": true } })).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    assert_eq!(ns.secret("db").expect("it")["immutable"], true);

    ns.put("db", "two");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).silent();
    ns.wait_synced("db");
    assert_eq!(ns.ready("db").expect("a condition").0, "True");
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
}

#[test]
fn immutable_turned_on_later_freezes_the_values_there_are() {
    let ns = Namespace::with_aws(world(), "frozen");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.put("db", "two");
    ns.apply(&ns.of("db", "db", json!({ "target": { "immutable": true } })).to_string()).silent();
    ns.wait_synced("db");
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
    assert_eq!(ns.secret("db").expect("it")["immutable"], true);
}

#[test]
fn a_template_that_fails_by_now_does_not_touch_an_immutable_target_and_it_is_ready() {
    let ns = Namespace::with_aws(world(), "immutable-broken");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({ "target": { "immutable": true } })).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    let broken = json!({ "target": { "immutable": true, "template": { "data": { "a": "{{ .gone }}" } } } });
    let said = ns.apply(&ns.of("db", "db", broken.clone()).to_string()).good();
    assert!(said.warnings()[0].contains("map has no entry for key"), "{said}");
    ns.wait_synced("db");
    assert_eq!(ns.ready("db").expect("a condition").0, "True");
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));

    ns.apply(&ns.of("new", "db", broken).to_string());
    ns.wait_ready("new", "False", "SecretSyncedError");
}

#[test]
fn another_value_for_an_immutable_secret_is_an_error_that_says_what_to_do() {
    let ns = Namespace::with_aws(world(), "immutable-live");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    ns.kubectl(&["patch", "secret", "db", "--type=merge", "--patch={\"immutable\":true}"]).good();
    ns.put("db", "two");
    let said = ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).good();
    assert!(said.warnings()[0].contains("is immutable and its data would change"), "{said}");
    ns.wait_ready("db", "False", "SecretSyncedError");
    let (.., message) = ns.ready("db").expect("a condition");
    assert_eq!(message, "could not update secret, target is immutable");
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
}
