//! The same against a running latchkey: reviews at its port, and whatever of the objects the API server takes.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use latchkey_hostile::{Answer, Kind, Random, objects};
use latchkey_testbed::http::Client;
use serde_json::{Value, json};

use crate::chaos::{Row, scale};
use crate::support::manifests::{all_of, cluster_store, fake};
use crate::support::{Namespace, SYSTEM, condition, world};

/// The way to the webhook that the API server has.
fn webhook(ns: &Namespace<'_>) -> Client {
    let secret =
        ns.world.get(&format!("/api/v1/namespaces/{SYSTEM}/secrets/latchkey-tls")).expect("its certificate");
    let ca = secret["data"]["ca.crt"].as_str().expect("a CA");
    let ca = String::from_utf8(BASE64_STANDARD.decode(ca).expect("base64")).expect("PEM");
    Client::tls(ns.world.latchkey.webhook_port, &ca, None)
        .expect("a client")
        .header("content-type", "application/json")
}

/// Where objects of this kind are made.
fn collection(ns: &Namespace<'_>, object: &Value) -> String {
    let eso = "/apis/external-secrets.io/v1";
    match object["kind"].as_str() {
        Some("Pod") => format!("/api/v1/namespaces/{}/pods", ns.name),
        Some("SecretStore") => format!("{eso}/namespaces/{}/secretstores", ns.name),
        Some("ClusterSecretStore") => format!("{eso}/clustersecretstores"),
        _ => format!("{eso}/namespaces/{}/externalsecrets", ns.name),
    }
}

/// Makes it in the namespace, under a name of its own. Whether the API server took it.
fn make(ns: &Namespace<'_>, number: u64, mut object: Value) -> bool {
    let path = collection(ns, &object);
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    object["metadata"]["name"] = json!(format!("{}-{number}", ns.name));
    object["metadata"]["namespace"] = json!(ns.name);
    ns.world.cluster.api("POST", &path, &object).is_ok()
}

/// A good store and a good ExternalSecret: the Secret is there at once, then owned, and a store that comes later wakes who
/// waits for it. So admission, the refresher and the watches all work. How long that took.
fn all_is_well(ns: &Namespace<'_>) -> Duration {
    let began = Instant::now();
    let read = |name: &str| ns.external(name, all_of("k")).good();
    ns.apply(&cluster_store(&ns.name, fake(&[("k", r#"{"a":"1"}"#)])).to_string()).good();
    read("good");
    assert_eq!(ns.value("good", "a").as_deref(), Some("1"));
    ns.wait_ready("good", "True", "SecretSynced");
    let changed = cluster_store(&ns.name, fake(&[("k", r#"{"a":"2"}"#)]));
    ns.apply(&changed.to_string()).good();
    ns.wait_value("good", "a", "2");
    let stored = || ns.world.get(&format!("/apis/external-secrets.io/v1/clustersecretstores/{}", ns.name));
    ns.world.wait("the store's status", Duration::from_secs(20), || condition(&stored()?));
    began.elapsed()
}

#[test]
fn hostile_objects_leave_a_running_latchkey_well() {
    let ns = Namespace::new(world(), "hostile-process");
    let panicked = |log: &str| log.matches("panicked at").count();
    let before = panicked(&ns.world.latchkey.log());
    let (client, reviews, applies) = (webhook(&ns), scale(400, 4_000), scale(90, 900));
    for number in 0..reviews {
        let kind = Kind::ALL[number % Kind::ALL.len()];
        let review = objects::review(&mut Random::new(number as u64), kind);
        let path = format!("{}?timeout=5s", kind.path());
        let answer =
            client.request("POST", &path, &review).unwrap_or_else(|error| panic!("{number}: {error:#}"));
        let text = answer.text();
        let answer = Answer { status: answer.status, review: serde_json::from_str(&text).ok(), text };
        assert_eq!(answer.fault(&review), None, "{number}");
    }
    let taken: usize = (0..applies)
        .map(|number| {
            let (mut random, kind) =
                (Random::new(1_000_000 + number), Kind::ALL[number as usize % Kind::ALL.len()]);
            usize::from(make(&ns, number, objects::object(&mut random, kind)))
        })
        .sum();
    assert!(taken > 0, "the API server took none of them");
    let well_after = all_is_well(&ns);
    let log = ns.world.latchkey.log();
    assert_eq!(panicked(&log), before, "latchkey panicked");
    remove_cluster_stores(&ns, applies);
    Row {
        area: "hostile",
        fault: "spoilt reviews at the webhook's port, and spoilt objects through the API server",
        test: "hostile::process::hostile_objects_leave_a_running_latchkey_well",
        tried: format!("{reviews} reviews; {applies} objects, of which the API server took {taken}"),
        seen: "an answer to each, 0 panics; a good ExternalSecret is synced, adopted and refreshed after it"
            .to_owned(),
        well_after: Some(well_after),
    }
    .write();
}

/// The namespace takes the others with it.
fn remove_cluster_stores(ns: &Namespace<'_>, count: u64) {
    for number in 0..count {
        let path = format!("/apis/external-secrets.io/v1/clustersecretstores/{}-{number}", ns.name);
        let _ = ns.world.cluster.api("DELETE", &path, &Value::Null); // most are of other kinds
    }
}
