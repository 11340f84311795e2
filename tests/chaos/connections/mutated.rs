//! Reviews that are whole but for some bytes or values, by a seeded generator.

use std::time::Instant;

use latchkey_testbed::http::Answer;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};

use super::client::{replica, review_of_pod, run};
use super::reviews::VALUE;
use crate::chaos::{Row, scale};
use crate::support::{Latchkey, Namespace, SYSTEM, World, manifests, world};

/// The same numbers each time, so that what fails fails again.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).expect("small")).expect("small")
    }
}

/// What takes a value's place.
fn odd(numbers: &mut Numbers) -> Value {
    let values = [
        Value::Null,
        json!(true),
        json!(-1),
        json!(1e300),
        json!(""),
        json!(VALUE),
        json!("a".repeat(5000)),
        json!("\u{0}\u{202e}\r\n\"{{"),
        json!([]),
        json!({}),
        json!([[[{ "a": VALUE }]]]),
        json!({ "": { "": [] } }),
        json!("../../../../etc/passwd"),
        json!("{{ range $i := until 100000000 }}x{{ end }}"),
        json!("99999999h"),
    ];
    values[numbers.below(values.len())].clone()
}

/// Replaces, removes or doubles something somewhere in the tree.
fn change(value: &mut Value, numbers: &mut Numbers) {
    if numbers.below(6) == 0 {
        *value = odd(numbers);
        return;
    }
    let children = value.as_object().map_or(0, |map| map.len()) + value.as_array().map_or(0, Vec::len);
    let chosen = numbers.below(children);
    if let Some(map) = value.as_object_mut().filter(|map| !map.is_empty()) {
        let key = map.keys().nth(chosen).cloned().expect("a key");
        match numbers.below(12) {
            0 => drop(map.remove(&key)),
            1 => drop(map.insert(format!("{key}x"), odd(numbers))),
            _ => change(map.get_mut(&key).expect("there"), numbers),
        }
    } else if let Some(list) = value.as_array_mut().filter(|list| !list.is_empty()) {
        match numbers.below(8) {
            0 => drop(list.remove(chosen)),
            1 => list.push(list[chosen].clone()),
            _ => change(&mut list[chosen], numbers),
        }
    } else {
        *value = odd(numbers);
    }
}

/// A text in which some bytes are others.
fn spoil(mut text: Vec<u8>, numbers: &mut Numbers) -> Vec<u8> {
    for _ in 0..=numbers.below(4) {
        let place = numbers.below(text.len());
        match numbers.below(3) {
            0 => text[place] = u8::try_from(numbers.below(256)).expect("a byte"),
            1 => drop(text.remove(place)),
            _ => text.insert(place, b"{}[]\",:\\\0\xff"[numbers.below(10)]),
        }
    }
    text
}

fn whole(ns: &Namespace<'_>) -> [(&'static str, Value); 3] {
    let of = |kind: &str, name: &str, object: Value| {
        let mut review = review_of_pod("mutated");
        let request = &mut review["request"];
        request["kind"] = json!({ "group": "external-secrets.io", "version": "v1", "kind": kind });
        request["namespace"] = json!(ns.name);
        request["name"] = json!(name);
        request["object"] = object.clone();
        request["oldObject"] = object;
        request["dryRun"] = json!(true);
        review
    };
    let spec = json!({
        "target": { "creationPolicy": "Owner", "template": { "data": { "a": "{{ .value }}" } } },
        "data": [{ "secretKey": "value", "remoteRef": { "key": "key", "property": "value" } }],
        "dataFrom": [{ "extract": { "key": "key" } }],
    });
    let mut pod = review_of_pod("mutated");
    pod["request"]["object"] = manifests::pod("pod", &["db", "other"]);
    pod["request"]["namespace"] = json!(ns.name);
    [
        (
            "/review/external-secrets",
            of("ExternalSecret", "db", manifests::external_secret("db", &ns.name, spec)),
        ),
        (
            "/review/stores",
            of("SecretStore", "store", manifests::store("store", manifests::fake(&[("a", "b")]))),
        ),
        ("/review/pods", pod),
    ]
}

/// One mutation: where it is sent, and what.
fn mutation(whole: &[(&'static str, Value); 3], numbers: &mut Numbers) -> (&'static str, Vec<u8>) {
    let (path, mut review) = whole[numbers.below(3)].clone();
    if numbers.below(3) == 0 {
        review["request"]["operation"] = json!("UPDATE");
    }
    for _ in 0..=numbers.below(3) {
        let part = [&["object"][..], &["object", "spec"], &["object", "metadata"], &[]][numbers.below(4)];
        let target = part.iter().fold(&mut review["request"], |value, name| match value.get(name) {
            Some(_) => &mut value[*name],
            None => value,
        });
        change(target, numbers);
    }
    let text = review.to_string().into_bytes();
    (path, if numbers.below(4) == 0 { spoil(text, numbers) } else { text })
}

fn client(world: &World) -> Client {
    latchkey::startup::install_crypto_provider();
    let secret = world.get(&format!("/api/v1/namespaces/{SYSTEM}/secrets/latchkey-tls")).expect("it");
    let encoded = secret["data"]["ca.crt"].as_str().expect("a CA");
    use base64::Engine as _;
    let pem = base64::prelude::BASE64_STANDARD.decode(encoded).expect("base64");
    let authorities = Certificate::from_pem_bundle(&pem).expect("certificates");
    Client::builder().tls_certs_only(authorities).build().expect("a client")
}

async fn send(client: &Client, replica: &Latchkey, path: &str, body: Vec<u8>) -> Answer {
    let url = format!("https://127.0.0.1:{}{path}?timeout=5s", replica.webhook_port);
    let answer = client.post(url).body(body).send().await.expect("an answer");
    let status = answer.status().as_u16();
    Answer { status, headers: Vec::new(), body: answer.bytes().await.expect("its body").to_vec() }
}

#[test]
fn mutated_reviews_are_answered_and_nothing_panics() {
    const AT_ONCE: usize = 16;
    let (world, count, start) = (world(), scale(1_500, 20_000), Instant::now());
    let replica = replica(world, &["--log=error"]);
    let ns = Namespace::new(world, "mutated");
    let store = manifests::cluster_store(&ns.name, manifests::fake(&[("key", r#"{"value":"one"}"#)]));
    ns.apply(&store.to_string()).good();
    let (client, whole, mut numbers) = (client(world), whole(&ns), Numbers(0x9e37_79b9_7f4a_7c15));
    let (mut admitted, mut refused) = (0, 0);
    run(async {
        for _ in 0..count / AT_ONCE {
            let batch: Vec<_> = (0..AT_ONCE).map(|_| mutation(&whole, &mut numbers)).collect();
            let sent = batch.iter().map(|(path, body)| send(&client, &replica, path, body.clone()));
            for (answer, (path, body)) in futures::future::join_all(sent).await.into_iter().zip(&batch) {
                let review = || String::from_utf8_lossy(body).into_owned();
                match answer.status {
                    200 => {
                        let answer: Value = serde_json::from_slice(&answer.body).expect("JSON");
                        assert!(answer["response"]["allowed"].is_boolean(), "{path}: {}", review());
                        admitted += 1;
                    }
                    400..500 => {
                        assert!(!answer.text().contains(VALUE), "{}: {}", answer.text(), review());
                        refused += 1;
                    }
                    status => panic!("{status} {} at {path}: {}", answer.text(), review()),
                }
            }
        }
    });
    assert!(admitted > count / 10 && refused > count / 100, "{admitted} and {refused}");
    assert!(!replica.log().contains("panic"), "{}", replica.log());
    Row {
        area: "connections",
        fault: "AdmissionReviews mutated at random: values replaced, removed, doubled, bytes spoiled",
        test: "connections::mutated::mutated_reviews_are_answered_and_nothing_panics",
        tried: format!("{} reviews in {:.0} s", admitted + refused, start.elapsed().as_secs_f64()),
        seen: format!("{admitted} answered as reviews, {refused} with 4xx; no 5xx, no panic"),
        well_after: None,
    }
    .write();
}
