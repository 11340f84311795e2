//! The Secret's own looks.

use serde_json::{Value, json};

use crate::support::{Namespace, object_hash, world};

/// A name of this length that begins with `a` and ends with `z`.
fn name(length: usize) -> String {
    format!("a{}z", "-long".repeat(100).get(..length - 2).expect("as long"))
}

/// ESO's field manager, reckoned from its source: hashed where the whole is longer than 63 bytes.
fn field_manager(external_secret: &str) -> String {
    match external_secret.len() {
        ..=27 => format!("externalsecrets.external-secrets.io/{external_secret}"),
        _ => format!("externalsecrets.external-secrets.io/sha3/{}", object_hash(external_secret)),
    }
}

/// The Secret of an ExternalSecret of this name, adopted.
fn adopted(ns: &Namespace<'_>, name: &str) -> Value {
    ns.apply(&ns.of(name, "db", json!({})).to_string()).silent();
    ns.wait_synced(name);
    ns.secret(name).expect("the Secret")
}

#[test]
fn labels_hash_owner_and_field_manager_are_esos_for_names_of_every_length() {
    let ns = Namespace::with_aws(world(), "parity");
    ns.put("db", "bar");
    for length in [2, 27, 28, 63, 64, 100] {
        let name = name(length);
        let secret = adopted(&ns, &name);
        let metadata = &secret["metadata"];
        let created_by = object_hash(&format!("{}/{name}", ns.name));
        let labels = json!({
            "reconcile.external-secrets.io/managed": "true",
            "reconcile.external-secrets.io/created-by": created_by,
        });
        assert_eq!(metadata["labels"], labels, "{name}");
        // `bar` as Go prints bytes.
        let data_hash = object_hash("map[value:[98 97 114]]");
        assert_eq!(metadata["annotations"]["reconcile.external-secrets.io/data-hash"], data_hash.as_str());
        let stored = ns.external_secret(&name).expect("the ExternalSecret");
        let owner = json!([{
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": name,
            "uid": stored["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
        }]);
        assert_eq!(metadata["ownerReferences"], owner);
        assert_eq!(secret["type"], "Opaque");
        assert!(secret["immutable"].is_null());
        let entries = metadata["managedFields"].as_array().expect("managedFields");
        assert_eq!(entries.len(), 1, "one hand: {entries:?}");
        assert_eq!(entries[0]["manager"], field_manager(&name).as_str());
        assert_eq!(entries[0]["operation"], "Update");
    }
}

#[test]
fn the_known_digests_are_reckoned_alike() {
    let vectors = [
        ("map[foo:[98 97 114]]", "f2a604b87eb0cf673761e8cfea850f901fe73a3d1b2f338802107f36"),
        ("map[]", "74a974446e359fb3e6baff9bd0058950e6edd0f040888d9989b0a11b"),
    ];
    for (printed, digest) in vectors {
        assert_eq!(object_hash(printed), digest);
    }
}

#[test]
fn the_digest_is_of_the_whole_secret_not_of_own_keys() {
    let ns = Namespace::with_aws(world(), "parity-merge");
    ns.put("db", "bar");
    ns.kubectl(&["create", "secret", "generic", "shared", "--from-literal=a=b"]).good();
    let target = json!({ "target": { "name": "shared", "creationPolicy": "Merge" } });
    ns.apply(&ns.of("db", "db", target).to_string()).good();
    ns.wait_synced("db");
    let secret = ns.secret("shared").expect("the Secret");
    let digest = object_hash("map[a:[98] value:[98 97 114]]");
    assert_eq!(secret["metadata"]["annotations"]["reconcile.external-secrets.io/data-hash"], digest.as_str());
    assert!(secret["metadata"]["labels"]["reconcile.external-secrets.io/created-by"].is_null());
}

#[test]
fn nothing_of_latchkeys_own_stays_on_a_secret() {
    let ns = Namespace::with_aws(world(), "parity-traces");
    ns.put("db", "bar");
    let secret = adopted(&ns, "db");
    let mut annotations: Vec<&String> =
        secret["metadata"]["annotations"].as_object().expect("annotations").keys().collect();
    annotations.sort_unstable();
    let copied = "kubectl.kubernetes.io/last-applied-configuration";
    assert_eq!(annotations, [copied, "reconcile.external-secrets.io/data-hash"]);
    assert!(!secret.to_string().contains("latchkey.dev"), "{secret}");
}
