//! Coming from ESO, and going back to it: no Secret moves.

use serde_json::{Value, json};

use crate::support::{Namespace, object_hash, synced_resource_version, world};

/// Now, as `refreshTime` is written.
fn now() -> String {
    let seconds = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    let seconds = i64::try_from(seconds).expect("a time");
    jiff::Timestamp::from_second(seconds).expect("a time").to_string()
}

/// The Secret as ESO's `mutationFunc` leaves it for this stored ExternalSecret whose one value is `bar`.
fn of_eso(stored: &Value, namespace: &str) -> Value {
    let name = stored["metadata"]["name"].as_str().expect("a name");
    let mut annotations = stored["metadata"]["annotations"].clone();
    annotations["reconcile.external-secrets.io/data-hash"] = json!(object_hash("map[value:[98 97 114]]"));
    let mut labels = stored["metadata"]["labels"].clone();
    labels["reconcile.external-secrets.io/managed"] = json!("true");
    labels["reconcile.external-secrets.io/created-by"] = json!(object_hash(&format!("{namespace}/{name}")));
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": { "value": "YmFy" },
        "metadata": { "name": name, "labels": labels, "annotations": annotations, "ownerReferences": [{
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": name,
            "uid": stored["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
        }]},
    })
}

/// An ExternalSecret that ESO has synced a moment ago, with its Secret, while latchkey looked away: its store is of another
/// class. Returns once that store is latchkey's.
fn left_by_eso(ns: &Namespace<'_>, name: &str) {
    set_class(ns, "esos");
    let mut object = ns.of(name, "db", json!({}));
    object["metadata"]["labels"] = json!({ "team": "a" });
    ns.apply(&object.to_string()).silent();
    let mut stored = ns.external_secret(name).expect("the ExternalSecret");
    assert!(ns.secret(name).is_none(), "not latchkey's");

    let manager = match name.len() {
        ..=27 => format!("externalsecrets.external-secrets.io/{name}"),
        _ => format!("externalsecrets.external-secrets.io/sha3/{}", object_hash(name)),
    };
    let path = format!("/api/v1/namespaces/{}/secrets?fieldManager={}", ns.name, manager.replace('/', "%2F"));
    ns.world.cluster.api("POST", &path, &of_eso(&stored, &ns.name)).expect("ESO's Secret");
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
    set_class(ns, "default");
}

fn set_class(ns: &Namespace<'_>, class: &str) {
    let patch = json!({ "spec": { "controller": class } }).to_string();
    ns.kubectl(&["patch", "secretstore", "aws", "--type=merge", "--patch", &patch]).good();
}

#[test]
fn what_eso_has_synced_is_taken_over_without_one_changed_byte() {
    let ns = Namespace::with_aws(world(), "from-eso");
    ns.put("db", "bar");
    let long = "a-name-that-is-longer-than-27-bytes";
    for name in ["db", long] {
        left_by_eso(&ns, name);
    }
    let versions =
        || ["db", long].map(|name| ns.secret(name).expect("it")["metadata"]["resourceVersion"].clone());
    let before = versions();

    // Something else in the namespace is brought to its end meanwhile; latchkey has had its chance.
    ns.apply(&ns.of("new", "db", json!({})).to_string()).silent();
    ns.wait_synced("new");
    assert_eq!(versions(), before);

    // Nor when it is asked to sync and the value is the same: only the copied annotation is new.
    for name in ["db", long] {
        ns.kubectl(&["annotate", "externalsecret", name, "force-sync=1"]).silent();
        ns.wait_synced(name);
        let stored = ns.external_secret(name).expect("it");
        let secret = ns.secret(name).expect("the Secret");
        let expected = of_eso(&stored, &ns.name);
        for field in ["labels", "annotations", "ownerReferences"] {
            assert_eq!(secret["metadata"][field], expected["metadata"][field], "{field}");
        }
        assert_eq!((&secret["data"], &secret["type"]), (&expected["data"], &expected["type"]));
    }
}

#[test]
fn what_latchkey_has_synced_is_what_eso_would_find_valid_and_not_due() {
    let ns = Namespace::with_aws(world(), "to-eso");
    ns.put("db", "bar");
    let mut object = ns.of("db", "db", json!({}));
    object["metadata"]["labels"] = json!({ "team": "a" });
    ns.apply(&object.to_string()).silent();
    let stored = ns.wait_synced("db");
    let secret = ns.wait_secret("db", |secret| !secret["metadata"]["ownerReferences"].is_null());
    let expected = of_eso(&stored, &ns.name);
    for field in ["labels", "annotations", "ownerReferences"] {
        assert_eq!(secret["metadata"][field], expected["metadata"][field], "{field}");
    }
    assert_eq!((&secret["data"], &secret["type"]), (&expected["data"], &expected["type"]));
    // ESO's `shouldRefresh` compares exactly these.
    assert_eq!(stored["status"]["syncedResourceVersion"], synced_resource_version(&stored).as_str());
    assert!(stored["status"]["refreshTime"].as_str().expect("a time") <= now().as_str());
}
