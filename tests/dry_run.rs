//! `kubectl apply --dry-run=server` proves the same as apply, writes nothing, and costs the remote store next to nothing.
//! That failures are told alike is proven beside each failure.

use serde_json::{Value, json};

use crate::support::manifests::{cluster_store, external_secret, list, pod, store, vault};
use crate::support::{Namespace, Remote, world};

/// A namespace's objects that a dry run must not touch, whole.
fn state(ns: &Namespace<'_>) -> Vec<Value> {
    let name = &ns.name;
    let events = format!("/api/v1/namespaces/{name}/events");
    let objects = ["externalsecrets", "secretstores"]
        .map(|kind| format!("/apis/external-secrets.io/v1/namespaces/{name}/{kind}"));
    let secrets = format!("/api/v1/namespaces/{name}/secrets");
    let paths = objects.iter().chain([&events, &secrets]);
    paths.map(|path| ns.world.get(path).expect("a list")["items"].clone()).collect()
}

/// A namespace with an ExternalSecret after whose sync nothing more is to be written: the event is the last.
fn settled(prefix: &str) -> Remote {
    let remote = Remote::start(prefix);
    remote.synced("a", "1");
    remote.ns.wait_event("a", "Created", "secret created");
    remote
}

#[test]
fn a_good_object_is_proven_and_nothing_is_written() {
    let remote = Remote::start("dry-good");
    remote.put("a", "1");
    let before = state(&remote.ns);
    let object = external_secret("a", &remote.ns.name, remote.spec("a"));
    let said = remote.ns.dry_run(&object.to_string()).silent();
    assert!(said.out.contains("created (server dry run)"), "{said}");
    assert_eq!(state(&remote.ns), before);
}

#[test]
fn an_update_is_proven_and_nothing_is_written() {
    let remote = settled("dry-update");
    remote.put("b", "2");
    let before = state(&remote.ns);
    let good = external_secret("a", &remote.ns.name, remote.spec("b"));
    remote.ns.dry_run(&good.to_string()).silent();
    let bad = external_secret("a", &remote.ns.name, remote.spec("nope"));
    let said = remote.ns.dry_run(&bad.to_string()).good();
    assert!(said.warnings().concat().contains("does not exist"), "{said}");
    let sync = ["annotate", "externalsecret", "a", "force-sync=1", "--overwrite", "--dry-run=server"];
    remote.put("a", "changed");
    remote.ns.kubectl(&sync).silent();
    assert_eq!(state(&remote.ns), before);
}

#[test]
fn twenty_dry_runs_of_one_object_are_one_read_at_most() {
    let remote = Remote::start("dry-flood");
    remote.put("a", "1");
    for (name, key) in [("good", "a"), ("bad", "nope")] {
        let object = external_secret(name, &remote.ns.name, remote.spec(key)).to_string();
        let before = remote.reads();
        for _ in 0..20 {
            let warnings = remote.ns.dry_run(&object).good().warnings().len();
            assert_eq!(warnings, usize::from(name == "bad"));
        }
        assert!(remote.reads() <= before + 1, "{} reads for {name}", remote.reads() - before);
    }
    remote.synced("a", "1");
    let before = remote.reads();
    for _ in 0..20 {
        let object = external_secret("a", &remote.ns.name, remote.spec("a"));
        remote.ns.dry_run(&object.to_string()).silent();
    }
    assert_eq!(remote.reads(), before, "what was just applied is known");
}

/// Nothing of a dry run is stored, its store neither; that is said, and refuses nothing.
#[test]
fn a_store_in_the_same_dry_run_is_not_there_yet() {
    let world = world();
    let ns = Namespace::new(world, "dry-all");
    let auth = json!({ "tokenSecretRef": { "name": "t", "namespace": ns.name, "key": "token" } });
    let mut object = external_secret(
        "a",
        &ns.name,
        json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": "a" } }] }),
    );
    object["metadata"]["annotations"] = json!({ "latchkey.dev/failure-mode": "deny" });
    let all = [cluster_store(&ns.name, vault("http://127.0.0.1:1", auth)), object, pod("app", &["a"])];
    let before = state(&ns);
    let said = ns.dry_run(&list(&all)).good();
    let expected = format!(
        "ExternalSecret {0}/a: ClusterSecretStore \"{0}\" not found; create it, or correct spec.secretStoreRef",
        ns.name
    );
    assert_eq!(said.warnings(), [expected], "{said}");
    assert_eq!(state(&ns), before);
    assert_eq!(ns.cluster_store(), None);
}

#[test]
fn a_store_is_refused_and_warned_of_as_without() {
    let ns = Namespace::new(world(), "dry-stores");
    let before = state(&ns);
    let region = json!({ "aws": { "service": "SecretsManager", "region": "no region" } });
    for object in [store("bad", region), store("odd", json!({ "gcpsm": { "projectID": "p" } }))] {
        let (dry, real) = (ns.dry_run(&object.to_string()), ns.apply(&object.to_string()));
        assert_eq!((dry.ok, &dry.err), (real.ok, &real.err));
        assert!(!real.err.is_empty());
        if real.ok {
            ns.kubectl(&["delete", "secretstore", "odd"]).good();
        }
    }
    let now = state(&ns);
    assert_eq!((&now[..2], &now[3]), (&before[..2], &before[3]), "only the real one's events");
}

#[test]
fn a_pod_is_proven_and_nothing_is_written() {
    let remote = settled("dry-pod");
    let (before, reads) = (state(&remote.ns), remote.reads());
    remote.ns.dry_run(&pod("app", &["a"]).to_string()).silent();
    assert_eq!((state(&remote.ns), remote.reads()), (before, reads));
    let pods = remote.ns.kubectl(&["get", "pods", "-o", "name"]).good();
    assert_eq!(pods.out, "");
}
