//! Many PushSecrets at one store: each change is pushed at once, and nothing is written twice.

use std::collections::BTreeMap;

use latchkey_testbed::Received;
use serde_json::{Value, json};

use crate::push_secrets::{API, LIMIT, entry, push};
use crate::support::{Remote, manifests};

const MANY: usize = 100;

/// Writes to the store: of values, and of marks.
fn writes(remote: &Remote) -> (usize, usize) {
    let to = |prefix: &str| {
        let place = format!("/v1/secret/{prefix}/{}/", remote.ns.name);
        let is_one = |of: &Received| of.method != "GET" && of.method != "LIST" && of.path.starts_with(&place);
        remote.proxy.count(is_one)
    };
    (to("data"), to("metadata"))
}

fn sources(value: &str) -> Vec<Value> {
    let source = |index: usize| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": format!("source-{index}") },
            "stringData": { "password": format!("{value}-{index}") },
        })
    };
    (0..MANY).map(source).collect()
}

fn pushes(remote: &Remote, note: &str) -> Vec<Value> {
    let one = |index: usize| {
        let data = json!([entry(&remote.ns, "password", &format!("app-{index}"), "pass")]);
        let selector = json!({ "secret": { "name": format!("source-{index}") } });
        let spec = json!({ "refreshInterval": "1h", "data": data, "selector": selector });
        let object = push(&remote.ns, &format!("push-{index}"), spec);
        manifests::annotated(object, "note", note)
    };
    (0..MANY).map(one).collect()
}

/// The version of each that was pushed, once all are in good order.
fn synced(remote: &Remote) -> Option<BTreeMap<String, String>> {
    let all = remote.ns.world.get(&format!("/apis/{API}/namespaces/{}/pushsecrets", remote.ns.name))?;
    let of = |object: &Value| {
        let ready = object["status"]["conditions"][0]["status"] == "True";
        let version = object["status"]["syncedResourceVersion"].as_str().filter(|_| ready)?;
        Some((object["metadata"]["name"].as_str()?.to_owned(), version.to_owned()))
    };
    let all: Option<BTreeMap<_, _>> = all["items"].as_array()?.iter().map(of).collect();
    all.filter(|all| all.len() == MANY)
}

fn holds(remote: &Remote, value: &str) -> bool {
    let is_pushed = |index: usize| {
        let name = format!("app-{index}");
        let there = crate::push_secrets::remote(&remote.ns, &name);
        there.is_some_and(|(data, _)| data["pass"] == format!("{value}-{index}"))
    };
    (0..MANY).all(is_pushed)
}

#[test]
fn a_hundred_changes_are_a_hundred_writes_long_before_any_interval() {
    let remote = Remote::start("push-hundred");
    let (ns, world) = (&remote.ns, remote.ns.world);
    let all = [sources("first"), pushes(&remote, "1")].concat();
    ns.apply(&manifests::list(&all)).good();
    let first = world.wait("a hundred pushes", LIMIT, || synced(&remote));
    assert!(holds(&remote, "first"));
    assert_eq!(writes(&remote), (MANY, MANY), "each value once, and each mark once");

    // The interval is an hour: what comes within a minute comes of the watch.
    ns.apply(&manifests::list(&sources("second"))).good();
    world.wait("a hundred changes", LIMIT, || holds(&remote, "second").then_some(()));
    assert_eq!(writes(&remote), (2 * MANY, MANY));

    // All are pushed once more, and nothing of it is written.
    ns.apply(&manifests::list(&pushes(&remote, "2"))).good();
    world.wait("a hundred looks", LIMIT, || {
        let now = synced(&remote)?;
        now.iter().all(|(name, version)| first.get(name) != Some(version)).then_some(())
    });
    assert_eq!(writes(&remote), (2 * MANY, MANY), "what is there already was written again");
}
