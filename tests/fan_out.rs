//! ClusterExternalSecrets: one object, a Secret in every namespace that matches.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::manifests::external_secret;
use crate::support::{Namespace, Remote, Said, world};

const LIMIT: Duration = Duration::from_secs(60);

/// One of its own name that reads `value` of this key, with these other fields.
fn fan(name: &str, remote: &Remote, key: &str, change: Value) -> Value {
    let mut object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ClusterExternalSecret",
        "metadata": { "name": name },
        "spec": {
            "externalSecretSpec": external_secret("any", &remote.ns.name, remote.spec(key))["spec"],
            "namespaceSelectors": [{ "matchLabels": { "fan": name } }],
        },
    });
    for (field, value) in change.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    object
}

fn apply(object: &Value) -> Said {
    world().kubectl(&["apply", "-f", "-"], &object.to_string())
}

/// The ExternalSecret of this name in a namespace.
fn made(ns: &Namespace<'_>, name: &str) -> Option<Value> {
    world().get(&format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets/{name}", ns.name))
}

fn label(ns: &Namespace<'_>, label: &str) {
    world().kubectl(&["label", "namespace", &ns.name, label, "--overwrite"], "").good();
}

fn status(name: &str) -> Value {
    let path = format!("/apis/external-secrets.io/v1/clusterexternalsecrets/{name}");
    world().get(&path).unwrap_or_default()["status"].clone()
}

fn wait_status(name: &str, is: impl Fn(&Value) -> bool) -> Value {
    world().wait(&format!("the status of {name}"), LIMIT, || Some(status(name)).filter(&is))
}

fn delete(name: &str) {
    world().kubectl(&["delete", "clusterexternalsecret", name], "").good();
}

#[test]
fn each_namespace_that_matches_has_its_secret_also_one_that_comes_later() {
    let remote = Remote::start("fan-out");
    let name = &remote.ns.name;
    remote.put("shared", "1");
    let (first, second) = (Namespace::new(world(), "fan-first"), Namespace::new(world(), "fan-second"));
    let other = Namespace::new(world(), "fan-other");
    label(&first, &format!("fan={name}"));
    apply(&fan(name, &remote, "shared", json!({ "externalSecretMetadata": { "labels": { "team": "a" } } })))
        .silent();
    first.wait_value(name, "value", "1");
    assert_eq!(made(&first, name).expect("it")["metadata"]["labels"], json!({ "team": "a" }));
    wait_status(name, |status| status["provisionedNamespaces"] == json!([first.name]));

    label(&second, &format!("fan={name}"));
    second.wait_value(name, "value", "1");
    let both = json!([first.name, second.name]);
    let seen = wait_status(name, |status| status["provisionedNamespaces"] == both);
    assert_eq!(seen["externalSecretName"], json!(name));
    assert_eq!(seen["conditions"], json!([{ "type": "Ready", "status": "True" }]));
    assert!(other.secret(name).is_none());
    let columns = world().kubectl(&["get", "ces", name, "--no-headers"], "").good();
    assert!(columns.out.contains("True"), "{columns}");

    // Out of the selector's sight, ExternalSecret and Secret go.
    label(&second, "fan=none");
    world().wait("the end of the Secret", LIMIT, || second.secret(name).is_none().then_some(()));
    wait_status(name, |status| status["provisionedNamespaces"] == json!([first.name]));
    delete(name);
    world().wait("the end of the first", LIMIT, || first.secret(name).is_none().then_some(()));
    let namespace = world().get(&format!("/api/v1/namespaces/{}", first.name)).expect("the namespace");
    assert_eq!(namespace["metadata"]["finalizers"], Value::Null, "nothing is left on a namespace");
}

#[test]
fn what_is_changed_here_changes_there_and_what_is_changed_there_is_put_back() {
    let remote = Remote::start("fan-edit");
    let name = &remote.ns.name;
    remote.put("a", "1");
    remote.put("b", "2");
    let ns = Namespace::new(world(), "fan-edited");
    let by_name = json!({ "namespaces": [ns.name], "externalSecretName": "theirs" });
    apply(&fan(name, &remote, "a", by_name.clone())).silent();
    ns.wait_value("theirs", "value", "1");
    apply(&fan(name, &remote, "b", by_name.clone())).silent();
    ns.wait_value("theirs", "value", "2");

    ns.kubectl(&["delete", "externalsecret", "theirs"]).good();
    world().wait("the ExternalSecret again", LIMIT, || made(&ns, "theirs"));
    ns.kubectl(&["label", "externalsecret", "theirs", "by=hand"]).good();
    world().wait("its labels as they were", LIMIT, || {
        made(&ns, "theirs").filter(|object| object["metadata"]["labels"]["by"].is_null())
    });

    // Put back, it looks as it did before the label, whose mark may still be on the Secret: it is not taken for that version.
    world().wait("its status", LIMIT, || {
        made(&ns, "theirs").filter(|object| object["status"]["conditions"][0]["status"] == "True")
    });

    // One annotation has all of them read anew.
    remote.put("b", "3");
    world().kubectl(&["annotate", "ces", name, "external-secrets.io/force-sync=1"], "").good();
    ns.wait_value("theirs", "value", "3");

    // Another name: the one of the old name goes.
    let renamed = json!({ "namespaces": [ns.name], "externalSecretName": "renamed" });
    apply(&fan(name, &remote, "b", renamed)).silent();
    ns.wait_value("renamed", "value", "3");
    world().wait("the end of the old one", LIMIT, || made(&ns, "theirs").is_none().then_some(()));
    delete(name);
}

#[test]
fn a_name_that_is_taken_is_left_alone_and_said() {
    let remote = Remote::start("fan-taken");
    let name = &remote.ns.name;
    remote.put("a", "1");
    remote.put("own", "2");
    let ns = Namespace::new(world(), "fan-takes");
    let own = external_secret(name, &remote.ns.name, remote.spec("own"));
    ns.apply(&own.to_string()).silent();
    apply(&fan(name, &remote, "a", json!({ "namespaces": [ns.name] }))).silent();
    let seen = wait_status(name, |status| !status["failedNamespaces"].as_array().is_none_or(Vec::is_empty));
    let reason = "external secret already exists in namespace";
    assert_eq!(seen["failedNamespaces"], json!([{ "namespace": ns.name, "reason": reason }]));
    assert_eq!(
        seen["conditions"],
        json!([{ "type": "Ready", "status": "False", "message": "one or more namespaces failed" }])
    );
    assert_eq!(ns.value(name, "value").as_deref(), Some("2"));

    ns.kubectl(&["delete", "externalsecret", name]).good();
    ns.wait_value(name, "value", "1");
    wait_status(name, |status| status["conditions"][0]["status"] == "True");
    delete(name);
}

#[test]
fn what_could_be_no_external_secret_is_said_where_it_is_applied() {
    let remote = Remote::start("fan-bad");
    let name = &remote.ns.name;
    for (change, why) in [
        (
            json!({ "externalSecretSpec": { "secretStoreRef": { "name": "s" } } }),
            "externalSecretSpec: either data or dataFrom should be specified",
        ),
        (json!({ "refreshTime": "1d" }), "spec.refreshTime: time: unknown unit \"d\" in duration \"1d\""),
        (
            json!({ "namespaceSelectors": [{ "matchExpressions": [{ "key": "a", "operator": "Inn", "values": ["b"] }] }] }),
            "spec.namespaceSelectors[0]: \"a\" has operator \"Inn\", which is none of In, NotIn, Exists and DoesNotExist",
        ),
        (
            json!({ "namespaceSelectors": [] }),
            "spec selects no namespace, so there will be no ExternalSecret anywhere; set spec.namespaceSelectors",
        ),
        (
            json!({ "namespaceSelectors": [{ "matchExpressions": [{ "key": "a", "operator": "In" }] }] }),
            "spec.namespaceSelectors[0]: \"a\" with operator \"In\" has no values; list them",
        ),
    ] {
        let said = apply(&fan(name, &remote, "a", change)).good();
        assert!(said.warnings().concat().contains(&format!("ClusterExternalSecret {name}: {why}")), "{said}");
        delete(name);
    }
    let mut strict = fan(name, &remote, "a", json!({ "refreshTime": "never" }));
    strict["metadata"]["annotations"] = json!({ "latchkey.dev/failure-mode": "deny" });
    apply(&strict).refused();
}

#[test]
fn a_selector_that_is_none_takes_nothing_away() {
    let remote = Remote::start("fan-unclear");
    let name = &remote.ns.name;
    remote.put("a", "1");
    let ns = Namespace::new(world(), "fan-unclear");
    apply(&fan(name, &remote, "a", json!({ "namespaces": [ns.name] }))).silent();
    ns.wait_value(name, "value", "1");
    let uid = made(&ns, name).expect("it is made")["metadata"]["uid"].clone();
    let selector = json!({ "matchExpressions": [{ "key": "a", "operator": "in", "values": ["b"] }] });
    apply(&fan(name, &remote, "a", json!({ "namespaceSelectors": [selector] }))).good();
    let seen = wait_status(name, |status| status["conditions"][0]["status"] == "False");
    assert_eq!(seen["provisionedNamespaces"], json!([ns.name]));
    assert_eq!(seen["failedNamespaces"][0]["namespace"], "unknown");
    let why = seen["failedNamespaces"][0]["reason"].as_str().unwrap_or_default();
    assert!(why.contains("spec.namespaceSelectors[0]: \"a\" has operator \"in\""), "{why}");
    assert_eq!(made(&ns, name).expect("it is still there")["metadata"]["uid"], uid);
    delete(name);
}

#[test]
fn thirty_namespaces_are_one_read() {
    let remote = Remote::start("fan-many");
    let name = &remote.ns.name;
    remote.put("shared", "1");
    let all: Vec<Namespace<'_>> = (0..30).map(|_| Namespace::new(world(), "fan-many")).collect();
    let names: Vec<&str> = all.iter().map(|ns| ns.name.as_str()).collect();
    let before = remote.reads();
    apply(&fan(name, &remote, "shared", json!({ "namespaces": names }))).silent();
    for ns in &all {
        ns.wait_value(name, "value", "1");
    }
    assert!(remote.reads() - before <= 2, "{} reads", remote.reads() - before); // a new value is read once more by itself
    delete(name);
}
