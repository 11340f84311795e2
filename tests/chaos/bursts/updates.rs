//! Many changes of one ExternalSecret at once.
//!
//! The API server tries a patch again, review and all, when another one was stored meanwhile, and gives up after half a minute.
//! On a busy machine a client that loses each time is told so. What its last review wrote is then of a version that was never
//! stored, and is put right by the sweep.

use std::sync::PoisonError;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::crowd::{Answer, Crowd, Sent, figures};
use super::stub::{Stub, value_of};
use super::{POLICY, all_good, collection, creation, stage};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

/// What the API server answers when it gives up.
const GATEWAY_TIMEOUT: u16 = 504;

#[test]
fn of_many_updates_at_once_the_last_one_stored_wins() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (ns, stub) = (Namespace::new(world, "updates"), Stub::start());
    stub.store(&ns);
    let (rounds, count, clients) = (scale(1, 5), 100, 8);
    let crowd = Crowd::new(&world.cluster, clients);
    all_good(&crowd.send(vec![creation(&ns, "db", &format!("{}/first", ns.name), "1h")]));
    let path = format!("{}/db", collection(&ns));
    let (mut answers, mut lost) = (Vec::new(), 0);
    for round in 0..rounds {
        let patch = |number: usize| {
            let key = format!("{}/{round}-{number}", ns.name);
            let body = json!({ "spec": { "data": [
                { "secretKey": "value", "remoteRef": { "key": key, "property": "value" } },
            ]}});
            Sent { method: Method::PATCH, path: path.clone(), body, then: None }
        };
        let patched = crowd.send((0..count).map(patch).collect());
        let (given_up, patched): (Vec<Answer>, Vec<Answer>) =
            patched.into_iter().partition(|answer| answer.status == GATEWAY_TIMEOUT);
        all_good(&patched);
        assert!(given_up.len() <= count / 10, "the API server gave up {} of {count}", given_up.len());
        let limit = if given_up.is_empty() { 30 } else { 180 };
        lost += given_up.len();
        answers.extend(patched);
        let stored = ns.external_secret("db").expect("it");
        let key = stored["spec"]["data"][0]["remoteRef"]["key"].as_str().expect("a key").to_owned();
        world.wait("the last one's value", Duration::from_secs(limit), || {
            ns.value("db", "value").filter(|value| *value == value_of(&key))
        });
        ns.wait_synced("db");
        // And it stays: nothing that was under way comes later.
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(ns.value("db", "value"), Some(value_of(&key)), "the Secret is of the stored version");
    }
    let owners = ns.secret("db").map(|secret| secret["metadata"]["ownerReferences"].clone());
    assert_eq!(owners.as_ref().and_then(Value::as_array).map(Vec::len), Some(1));
    super::keep(Row {
        area: "bursts",
        fault: "updates of one ExternalSecret at once",
        test: "bursts::updates::of_many_updates_at_once_the_last_one_stored_wins",
        tried: format!("{rounds} × {count} patches from {clients} clients"),
        seen: format!(
            "latchkey refused none, {lost} were given up by the API server; each time the Secret was of the version stored last, and stayed; {}",
            figures(&answers)
        ),
        well_after: None,
    });
}
