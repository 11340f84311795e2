//! Coming from ESO, and going back to it: no Secret moves.

use serde_json::{Map, Value, json};

use super::shapes::{Shape, shapes};
use crate::support::{Namespace, object_hash, synced_resource_version, world};

/// Now, as `refreshTime` is written.
fn now() -> String {
    let seconds = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    let seconds = i64::try_from(seconds).expect("a time");
    jiff::Timestamp::from_second(seconds).expect("a time").to_string()
}

/// The fields that both write.
const WRITTEN: [&str; 3] = ["labels", "annotations", "ownerReferences"];

/// A namespace with what the shapes read, and with the Secret that some of them find there.
fn with_what_they_read(prefix: &str) -> Namespace<'static> {
    let ns = Namespace::with_aws(world(), prefix);
    ns.put("db", "bar");
    ns.put("pair", r#"{"a":"1","b":"2"}"#);
    for shape in shapes(&ns).iter().filter(|shape| shape.found) {
        ns.kubectl(&["create", "secret", "generic", shape.name, "--from-literal=own=kept"]).good();
    }
    ns
}

/// ExternalSecrets of all shapes that ESO has synced a moment ago, with their Secrets, while latchkey looked away: their store
/// is of another class. Returns once that store is latchkey's.
fn left_by_eso(ns: &Namespace<'_>, shapes: &[Shape]) {
    set_class(ns, "esos");
    for shape in shapes {
        ns.apply(&shape.external_secret.to_string()).silent();
        let stored = ns.external_secret(shape.name).expect("the ExternalSecret");
        write_secret(ns, shape, &stored);
        write_status(ns, shape.name, stored);
    }
    set_class(ns, "default");
}

fn write_secret(ns: &Namespace<'_>, shape: &Shape, stored: &Value) {
    let there = ns.secret(shape.name);
    assert_eq!(there.is_some(), shape.found, "{} is not latchkey's", shape.name);
    let mut secret = shape.secret_of_eso(stored, &ns.name);
    let manager = match shape.name.len() {
        ..=27 => format!("externalsecrets.external-secrets.io/{}", shape.name),
        _ => format!("externalsecrets.external-secrets.io/sha3/{}", object_hash(shape.name)),
    };
    let manager = format!("fieldManager={}", manager.replace('/', "%2F"));
    let secrets = format!("/api/v1/namespaces/{}/secrets", ns.name);
    let (verb, path) = match there {
        None => ("POST", format!("{secrets}?{manager}")),
        Some(there) => {
            secret["metadata"]["uid"] = there["metadata"]["uid"].clone();
            ("PUT", format!("{secrets}/{}?{manager}", shape.name))
        }
    };
    ns.world.cluster.api(verb, &path, &secret).expect("ESO's Secret");
}

fn write_status(ns: &Namespace<'_>, name: &str, mut stored: Value) {
    stored["status"] = json!({
        "binding": { "name": name }, "refreshTime": now(),
        "syncedResourceVersion": synced_resource_version(&stored),
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "SecretSynced", "message": "secret synced",
            "lastTransitionTime": now(),
        }],
    });
    let path = format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets/{name}/status", ns.name);
    ns.world.cluster.api("PUT", &path, &stored).expect("ESO's status");
}

fn set_class(ns: &Namespace<'_>, class: &str) {
    let patch = json!({ "spec": { "controller": class } }).to_string();
    ns.kubectl(&["patch", "secretstore", "aws", "--type=merge", "--patch", &patch]).good();
}

fn versions(ns: &Namespace<'_>, shapes: &[Shape]) -> Map<String, Value> {
    let version = |shape: &Shape| ns.secret(shape.name).expect("it")["metadata"]["resourceVersion"].clone();
    shapes.iter().map(|shape| (shape.name.to_owned(), version(shape))).collect()
}

/// The Secret is the one that ESO would leave.
fn assert_is_of_eso(shape: &Shape, stored: &Value, ns: &Namespace<'_>, secret: &Value) {
    let expected = shape.secret_of_eso(stored, &ns.name);
    for field in WRITTEN {
        assert_eq!(secret["metadata"][field], expected["metadata"][field], "{field} of {}", shape.name);
    }
    for field in ["data", "type", "immutable"] {
        assert_eq!(secret[field], expected[field], "{field} of {}", shape.name);
    }
}

#[test]
fn what_eso_has_synced_is_taken_over_without_one_changed_byte() {
    let ns = with_what_they_read("from-eso");
    let shapes = shapes(&ns);
    left_by_eso(&ns, &shapes);
    let before = versions(&ns, &shapes);

    // Something else in the namespace is brought to its end meanwhile; latchkey has had its chance.
    ns.apply(&ns.of("new", "db", json!({})).to_string()).silent();
    ns.wait_synced("new");
    assert_eq!(versions(&ns, &shapes), before);

    // Nor when each is synced, as its spec has changed, and says the same.
    for shape in &shapes {
        let patch = json!({ "spec": { "refreshInterval": "2h" } }).to_string();
        ns.kubectl(&["patch", "externalsecret", shape.name, "--type=merge", "--patch", &patch]).silent();
        ns.wait_synced(shape.name);
    }
    assert_eq!(versions(&ns, &shapes), before);

    // An annotation of the ExternalSecret is copied where no template says which there are, and that is all.
    for shape in &shapes {
        ns.kubectl(&["annotate", "externalsecret", shape.name, "force-sync=1"]).silent();
        let stored = ns.wait_synced(shape.name);
        let secret = ns.secret(shape.name).expect("the Secret");
        if shape.template.is_some() || shape.is_frozen() {
            assert_eq!(secret["metadata"]["resourceVersion"], before[shape.name], "{}", shape.name);
        } else {
            assert_is_of_eso(shape, &stored, &ns, &secret);
        }
    }
}

#[test]
fn what_latchkey_has_synced_is_what_eso_would_find_valid_and_not_due() {
    let ns = with_what_they_read("to-eso");
    for shape in shapes(&ns) {
        ns.apply(&shape.external_secret.to_string()).good(); // of what is found it says when it is taken over
        let stored = ns.wait_synced(shape.name);
        let adopted = |secret: &Value| !shape.owned || !secret["metadata"]["ownerReferences"].is_null();
        let secret = ns.wait_secret(shape.name, adopted);
        assert_is_of_eso(&shape, &stored, &ns, &secret);
        // ESO's `shouldRefresh` compares exactly these.
        assert_eq!(stored["status"]["syncedResourceVersion"], synced_resource_version(&stored).as_str());
        assert!(stored["status"]["refreshTime"].as_str().expect("a time") <= now().as_str());
    }
}
