//! AdmissionReviews as no API server sends them: each gets an answer, and none of them is our fault.

use serde_json::{Value, json};

use super::client::{Webhook, replica, review_of_pod, run};
use crate::chaos::Row;
use crate::support::{Namespace, manifests, world};

const PATHS: [&str; 3] = ["/review/external-secrets", "/review/stores", "/review/pods"];

/// What must not come back in the text of a refusal.
pub const VALUE: &str = "hunter2";

/// What is expected of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// An AdmissionReview that admits.
    Admitted,
    /// This status and a text.
    Refused(u16),
    /// Either: it is for the objects' own rules to say.
    Answered,
}

use Expected::{Admitted, Answered, Refused};

type Case = (&'static str, Vec<u8>, Expected);

/// A review that is right but for one change.
fn changed(review: &Value, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut review = review.clone();
    change(&mut review);
    review.to_string().into_bytes()
}

/// The same text with something in place of the object.
fn object(review: &Value, text: &str) -> Vec<u8> {
    let with = changed(review, |it| it["request"]["object"] = json!("HERE"));
    String::from_utf8(with).expect("text").replace("\"HERE\"", text).into_bytes()
}

/// What is wrong with the whole.
fn of_the_body(review: &Value) -> Vec<Case> {
    let text = review.to_string();
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(200_000), close.repeat(200_000));
    vec![
        ("nothing", Vec::new(), Refused(400)),
        ("no JSON", VALUE.into(), Refused(400)),
        ("null", b"null".to_vec(), Refused(400)),
        ("a list", b"[]".to_vec(), Refused(400)),
        ("cut off", text.as_bytes()[..text.len() / 2].to_vec(), Refused(400)),
        ("something after it", [text.as_bytes(), VALUE.as_bytes()].concat(), Refused(400)),
        ("no UTF-8", [b"{\"apiVersion\":\"\xff\xfe", text.as_bytes()].concat(), Refused(400)),
        ("a BOM before it", [b"\xef\xbb\xbf", text.as_bytes()].concat(), Refused(400)),
        ("9 MiB", [text.as_bytes(), &vec![b' '; 9 << 20]].concat(), Refused(413)),
        ("1 MiB more than it needs", [text.as_bytes(), &vec![b' '; 1 << 20]].concat(), Answered),
        ("maps in maps", deep(r#"{"a":"#, "}").into(), Refused(413)),
        ("lists in lists", deep("[", "]").into(), Refused(400)),
        ("an object of lists in lists", object(review, &deep("[", "]")), Refused(400)),
        ("an object 120 deep", object(review, &format!("{}{}", "[".repeat(120), "]".repeat(120))), Answered),
        ("a million values", object(review, &format!("[{}0]", "0,".repeat(1_000_000))), Refused(413)),
        ("many small maps", object(review, &format!("[{}0]", r#"{"":0},"#.repeat(200_000))), Refused(413)),
        ("a key twice", text.replacen("\"uid\"", "\"uid\":\"a\",\"uid\"", 1).into(), Refused(400)),
        ("a number too large", object(review, "1e999999"), Refused(400)),
        ("half a surrogate", object(review, r#""\ud800""#), Refused(400)),
    ]
}

/// What is wrong with a field.
fn of_the_fields(review: &Value) -> Vec<Case> {
    let with = |change: &dyn Fn(&mut Value)| changed(review, change);
    let request = |field: &str, value: Value| changed(review, |it| it["request"][field] = value.clone());
    vec![
        (
            "apiVersion v1beta1",
            with(&|it| it["apiVersion"] = json!("admission.k8s.io/v1beta1")),
            Refused(400),
        ),
        (
            "apiVersion of the future",
            with(&|it| it["apiVersion"] = json!("admission.k8s.io/v9")),
            Refused(400),
        ),
        ("another kind of document", with(&|it| it["kind"] = json!("ConversionReview")), Refused(400)),
        ("no request", with(&|it| it["request"] = Value::Null), Refused(400)),
        ("a text as request", with(&|it| it["request"] = json!(VALUE)), Refused(400)),
        ("no uid", request("uid", Value::Null), Refused(400)),
        ("an empty uid", request("uid", json!("")), Refused(400)),
        ("a uid of 1 MiB", request("uid", json!(VALUE.repeat(150_000))), Refused(400)),
        ("an operation of no kind", request("operation", json!("MELT")), Admitted),
        ("CONNECT", request("operation", json!("CONNECT")), Admitted),
        ("DELETE", request("operation", json!("DELETE")), Admitted),
        ("a number as operation", request("operation", json!(1)), Refused(400)),
        ("an update of nothing", request("operation", json!("UPDATE")), Answered),
        (
            "an update of null",
            with(&|it| {
                it["request"]["operation"] = json!("UPDATE");
                it["request"]["object"] = Value::Null;
            }),
            Answered,
        ),
        ("no object", request("object", Value::Null), Answered),
        ("a text as object", request("object", json!(VALUE)), Answered),
        ("a list as spec", with(&|it| it["request"]["object"]["spec"] = json!([VALUE])), Answered),
        ("a list as metadata", with(&|it| it["request"]["object"]["metadata"] = json!([VALUE])), Answered),
        ("dryRun null", request("dryRun", Value::Null), Answered),
        ("a text as dryRun", request("dryRun", json!(VALUE)), Refused(400)),
        ("another kind", request("kind", json!({ "group": "", "version": "v1", "kind": "Node" })), Admitted),
        ("another group", with(&|it| it["request"]["kind"]["group"] = json!("example.com")), Admitted),
        ("a path as name", request("name", json!("../../kube-system/secrets/x")), Admitted),
        ("a path as namespace", request("namespace", json!("a/../../b")), Admitted),
        ("a name of 1 MiB", request("name", json!("a".repeat(1 << 20))), Admitted),
        ("control characters as name", request("name", json!("a\r\nb\0")), Admitted),
    ]
}

/// The review of an ExternalSecret, which is whole.
fn review_of_external_secret(ns: &Namespace<'_>) -> Value {
    let mut review = review_of_pod("whole");
    let mut object = manifests::external_secret("db", &ns.name, manifests::one("key", "value"));
    object["metadata"]["namespace"] = json!(ns.name);
    let request = &mut review["request"];
    request["kind"] = json!({ "group": "external-secrets.io", "version": "v1", "kind": "ExternalSecret" });
    request["namespace"] = json!(ns.name);
    request["name"] = json!("db");
    request["object"] = object;
    request["dryRun"] = json!(true);
    review
}

/// Panics unless the answer is what is expected.
fn check(name: &str, uid: &str, expected: Expected, (status, body): (u16, Vec<u8>)) {
    let text = String::from_utf8(body).expect("text");
    if let Refused(code) = expected {
        assert_eq!(status, code, "{name}: {text}");
    }
    if status == 200 {
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(answer["response"]["uid"], *uid, "{name}");
        assert!(answer["response"]["allowed"].is_boolean(), "{name}: {text}");
        assert!(expected != Admitted || answer["response"]["allowed"] == true, "{name}: {text}");
        assert!(!text.contains(VALUE), "{name}: {text}");
    } else {
        assert!(expected != Admitted && (400..500).contains(&status), "{name}: {status} {text}");
        assert!(text.len() > 10 && text.len() < 200 && !text.contains(VALUE), "{name}: {text}");
    }
}

#[test]
fn each_malformed_review_is_answered() {
    let world = world();
    let replica = replica(world, &[]);
    let webhook = Webhook::of(world, &replica);
    let ns = Namespace::new(world, "reviews");
    let store = manifests::cluster_store(&ns.name, manifests::fake(&[("key", r#"{"value":"one"}"#)]));
    ns.apply(&store.to_string()).good();
    let memory = || replica.metric("process_resident_memory_bytes ") / 1e6;
    let (before, mut most, mut tried) = (memory(), 0.0_f64, 0);
    run(async {
        for review in [review_of_pod("whole"), review_of_external_secret(&ns)] {
            for (name, body, expected) in of_the_body(&review).into_iter().chain(of_the_fields(&review)) {
                for path in PATHS {
                    let answer = webhook.post(path, &body).await;
                    let answer = answer.unwrap_or_else(|error| panic!("{name} at {path}: {error}"));
                    check(&format!("{name} at {path}"), "whole", expected, answer);
                    tried += 1;
                }
                most = most.max(tokio::task::block_in_place(memory));
            }
        }
    });
    assert!(most - before < 200.0, "{before:.0} MB, {most:.0} MB");
    let secrets = world.get("/api/v1/namespaces/kube-system/secrets").expect("Secrets").to_string();
    assert!(!secrets.contains("\"name\":\"x\""), "no path leads out of the namespace");
    assert!(!replica.log().contains("panic"), "{}", replica.log());
    Row {
        area: "connections",
        fault: "AdmissionReviews malformed, cut off, huge, deep, of other kinds, versions and operations, sent straight",
        test: "connections::reviews::each_malformed_review_is_answered",
        tried: format!("{tried} reviews"),
        seen: format!("each was answered with 4xx or admitted, never 5xx; memory grew by {:.0} MB at most", most - before),
        well_after: None,
    }
    .write();
}

#[test]
fn a_repeated_uid_is_answered_each_time_and_read_once() {
    let world = world();
    let replica = replica(world, &[]);
    let webhook = Webhook::of(world, &replica);
    let ns = Namespace::new(world, "repeated");
    let store = manifests::cluster_store(&ns.name, manifests::fake(&[("key", r#"{"value":"one"}"#)]));
    ns.apply(&store.to_string()).good();
    let body = review_of_external_secret(&ns).to_string();
    world.wait("the replica's notice of the store", std::time::Duration::from_secs(30), || {
        let (_, body) = run(webhook.post(PATHS[0], body.as_bytes())).ok()?;
        let answer: Value = serde_json::from_slice(&body).ok()?;
        answer["response"]["warnings"].is_null().then_some(())
    });
    let reads = replica.metric("latchkey_remote_reads_total");
    let answers = run(futures::future::join_all((0..50).map(|_| webhook.post(PATHS[0], body.as_bytes()))));
    for answer in answers {
        check("a repeat", "whole", Admitted, answer.expect("an answer"));
    }
    assert_eq!(replica.metric("latchkey_remote_reads_total"), reads, "what was read a moment ago is taken");
    Row {
        area: "connections",
        fault: "one review sent many times, at once",
        test: "connections::reviews::a_repeated_uid_is_answered_each_time_and_read_once",
        tried: "50 times".into(),
        seen: "50 equal answers, no further read".into(),
        well_after: None,
    }
    .write();
}
