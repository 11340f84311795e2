//! Where what is pushed comes from: Secrets by their labels, and what a template makes of one.

use serde_json::{Value, json};

use crate::push_secrets::{LIMIT, apply, entry, push, remote, scene, stored, wait_ready, wait_remote};
use crate::support::{Namespace, world};

fn synced(ns: &Namespace<'_>, name: &str) -> Value {
    let status = stored(ns, name).expect("it")["status"].clone();
    status["syncedPushSecrets"][format!("ClusterSecretStore/{}", ns.name)].clone()
}

#[test]
fn labels_that_no_secret_has_push_nothing_and_remove_nothing() {
    let ns = scene("push-labels");
    let selector = json!({ "secret": { "selector": { "matchLabels": { "pushed": "yes" } } } });
    let data = json!([entry(&ns, "password", "app", "pass")]);
    let spec = json!({ "data": data, "deletionPolicy": "Delete", "selector": selector });
    apply(&ns, &push(&ns, "app", spec)).good();
    wait_ready(&ns, "app", "True", "Synced");
    assert!(remote(&ns, "app").is_none());
    ns.kubectl(&["label", "secret", "source", "pushed=yes"]).good();
    wait_remote(&ns, "app", &json!({ "pass": "hunter2" }));
    let is_noted =
        || Some(synced(&ns, "app")).filter(|entries| entries.as_object().is_some_and(|all| !all.is_empty()));
    let before = world().wait("a note of what was pushed", LIMIT, is_noted);

    ns.kubectl(&["label", "secret", "source", "pushed-"]).good();
    let version = |object: &Value| object["status"]["syncedResourceVersion"].as_str().map(str::to_owned);
    let now = stored(&ns, "app").as_ref().and_then(version);
    ns.kubectl(&["annotate", "pushsecret", "app", "again=1"]).good();
    world().wait("another push", LIMIT, || stored(&ns, "app").filter(|object| version(object) != now));
    wait_ready(&ns, "app", "True", "Synced");
    assert_eq!(remote(&ns, "app").map(|(data, _)| data), Some(json!({ "pass": "hunter2" })));
    assert_eq!(synced(&ns, "app"), before, "it is forgotten what was pushed");
    ns.kubectl(&["delete", "pushsecret", "app"]).good();
    assert!(remote(&ns, "app").is_none(), "it goes with the PushSecret");
}
