//! Reviews that come more than once or too late, straight to the webhook's port.

use std::time::Instant;

use serde_json::{Value, json};

use super::kept::{Expected, told, value};
use super::watch::Watch;
use crate::chaos::{Row, scale};
use crate::protocol::facts::webhook;
use crate::support::{Namespace, world};

/// Sends this review so often, several at once; each answer admits it.
fn send(ns: &Namespace<'_>, review: &Value, count: usize) {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let client = webhook(ns.world);
                for _ in 0..count / 4 {
                    let answer = client.json("POST", "/review/external-secrets?timeout=5s", review);
                    assert_eq!(answer.expect("an answer")["response"]["allowed"], true);
                }
            });
        }
    });
}

fn review(ns: &Namespace<'_>, object: &Value, old: Option<&Value>) -> Value {
    let mut object = object.clone();
    object["metadata"]["namespace"] = json!(ns.name);
    let operation = if old.is_some() { "UPDATE" } else { "CREATE" };
    json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "one-and-the-same", "operation": operation, "name": "db", "namespace": ns.name, "dryRun": false,
            "kind": { "group": "external-secrets.io", "version": "v1", "kind": "ExternalSecret" },
            "resource": { "group": "external-secrets.io", "version": "v1", "resource": "externalsecrets" },
            "userInfo": {}, "object": object, "oldObject": old,
        },
    })
}

#[test]
fn one_review_sent_many_times_is_one_read_and_one_write() {
    let count = scale(20, 200);
    let ns = Namespace::with_aws(world(), "repeated");
    ns.put("one", "one");
    let watch = Watch::start(&ns);
    let object = ns.of("db", "one", json!({}));
    let start = Instant::now();
    send(&ns, &review(&ns, &object, None), count);
    // What was read 5 s ago is read again, and a mark of 10 s is renewed.
    let seconds = usize::try_from(start.elapsed().as_secs()).expect("not for ever");
    let (reads, writes) = (ns.reads("one"), watch.of("db").len());
    assert!(reads <= 1 + seconds / 5 && writes <= 1 + seconds / 10, "{reads}, {}", told(&watch.of("db")));
    ns.apply(&object.to_string()).silent();
    Expected { name: "db", secret: "db", before: None, value: "one" }.wait(&ns);
    let stored = ns.external_secret("db").expect("it");
    let before = watch.of("db").len();
    send(&ns, &review(&ns, &stored, None), count);
    assert_eq!(watch.of("db").len(), before, "what is stored is not created: {}", told(&watch.of("db")));
    let row = Row {
        area: "kills",
        fault: "one review of a CREATE is sent again and again, before and after its object is stored",
        test: "kills::repeated::one_review_sent_many_times_is_one_read_and_one_write",
        tried: format!("{} times, 4 at once, half of them within {seconds} s", 2 * count),
        seen: format!("reads: {reads}, writes: {writes}; none once it was stored"),
        well_after: None,
    };
    row.write();
}

#[test]
fn a_review_of_an_update_that_has_been_overtaken_writes_nothing() {
    let count = scale(20, 200);
    let ns = Namespace::with_aws(world(), "too-late");
    for key in ["one", "two", "three"] {
        ns.put(key, key);
    }
    let watch = Watch::start(&ns);
    let apply = |key: &str| {
        ns.apply(&ns.of("db", key, json!({})).to_string()).silent();
        ns.wait_synced("db")
    };
    let (first, second) = (apply("one"), apply("two"));
    apply("three");
    let expected = Expected { name: "db", secret: "db", before: None, value: "three" };
    expected.wait(&ns);
    let before = watch.of("db").len();
    send(&ns, &review(&ns, &second, Some(&first)), count);
    expected.wait(&ns);
    let versions = watch.of("db");
    let right = versions[before..].iter().all(|version| value(&version.secret).as_deref() == Some("three"));
    assert!(right, "{}", told(&versions));
    let row = Row {
        area: "kills",
        fault: "a review of an UPDATE comes when a later one is stored",
        test: "kills::repeated::a_review_of_an_update_that_has_been_overtaken_writes_nothing",
        tried: format!("{count} times, 4 at once"),
        seen: "nothing written".into(),
        well_after: None,
    };
    row.write();
}
