//! A Pod is admitted when the managed Secrets that it names are there and fresh, and says what it started with.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::manifests::{one, pod};
use crate::support::{Namespace, Options, Remote, World, world};

#[test]
fn on_fresh_secrets_a_pod_costs_no_read_and_no_word() {
    let remote = Remote::start("pod-fresh");
    remote.synced("a", "1");
    remote.synced("b", "2");
    let before = remote.reads();
    remote.pod("app", &["a", "b"]).silent();
    assert_eq!(remote.reads(), before);

    let noted = remote.started_with("app").expect("a note");
    let names: Vec<&String> = noted.as_object().expect("a map").keys().collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn every_place_that_can_name_a_secret_is_noted() {
    let remote = Remote::start("pod-places");
    let secrets = ["env", "env-from", "init", "projected", "pull", "volume"];
    for secret in secrets {
        remote.synced(secret, secret);
    }
    let mut object = pod("app", &["env-from"]);
    let spec = &mut object["spec"];
    spec["containers"][0]["env"] =
        json!([{ "name": "A", "valueFrom": { "secretKeyRef": { "name": "env", "key": "value" } } }]);
    spec["initContainers"] =
        json!([{ "name": "init", "image": "nginx", "envFrom": [{ "secretRef": { "name": "init" } }] }]);
    spec["volumes"] = json!([
        { "name": "v", "secret": { "secretName": "volume" } },
        { "name": "p", "projected": { "sources": [{ "secret": { "name": "projected" } }] } },
    ]);
    spec["imagePullSecrets"] = json!([{ "name": "pull" }]);
    remote.ns.apply(&object.to_string()).silent();
    let noted = remote.started_with("app").expect("a note");
    assert_eq!(noted.as_object().expect("a map").keys().collect::<Vec<_>>(), secrets);
}

#[test]
fn the_digest_is_of_the_content_and_nobody_without_the_key_can_reckon_it() {
    let remote = Remote::start("pod-digest");
    remote.synced("a", "first");
    remote.synced("b", "first");
    let digest = |name: &str| {
        remote.pod(name, &["a", "b"]).silent();
        remote.started_with(name).expect("a note")
    };
    let (first, again) = (digest("first"), digest("again"));
    assert_eq!(first, again);
    assert_ne!(first["a"], first["b"], "two Secrets of the same content cannot be told to be so");

    remote.put("a", "second");
    remote.ns.force_sync("a").silent();
    let changed = digest("changed");
    assert_ne!(changed["a"], first["a"]);
    assert_eq!(changed["b"], first["b"]);

    remote.put("a", "first");
    remote.ns.force_sync("a").silent();
    assert_eq!(digest("back"), first);
    is_no_guess(&remote, &first["a"]);
}

/// The digest is none of the plain digests that anybody could try values against.
fn is_no_guess(remote: &Remote, digest: &Value) {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest as hash};
    let digest = digest.as_str().expect("text").to_lowercase();
    assert_eq!(digest.len(), 32);
    let secret = remote.ns.secret("a").expect("a Secret");
    let of_data =
        secret["metadata"]["annotations"]["reconcile.external-secrets.io/data-hash"].as_str().expect("it");
    let name = &remote.ns.name;
    for text in
        ["first".to_owned(), of_data.to_owned(), format!("{name}/a/{of_data}"), format!("{name}/a/first")]
    {
        for algorithm in [&SHA1_FOR_LEGACY_USE_ONLY, &SHA256, &SHA512] {
            let guess: String =
                hash(algorithm, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!guess.starts_with(&digest), "{text}");
        }
    }
    assert!(!of_data.starts_with(&digest));
}

#[test]
fn a_pod_that_names_no_managed_secret_is_left_as_it_is() {
    let remote = Remote::start("pod-unmanaged");
    remote.ns.kubectl(&["create", "secret", "generic", "own", "--from-literal=a=b"]).good();
    remote.pod("app", &["own", "nobody"]).silent();
    assert_eq!(remote.started_with("app"), None);
}

#[test]
fn a_pod_whose_name_is_generated_is_as_any_other() {
    let remote = Remote::start("pod-generated");
    remote.synced("a", "1");
    let mut object = pod("", &["a"]);
    object["metadata"] = json!({ "generateName": "app-" });
    let said = remote.ns.kubectl_with(&["create", "-f", "-", "-o", "name"], &object.to_string()).silent();
    let name = said.out.trim().trim_start_matches("pod/").to_owned();
    assert!(remote.started_with(&name).is_some());
}

#[test]
fn a_deleted_secret_is_there_again_when_the_pod_is_admitted() {
    let remote = Remote::start("pod-deleted");
    remote.synced("a", "1");
    for round in ["one", "two", "three"] {
        remote.ns.kubectl(&["delete", "secret", "a"]).good();
        remote.pod(round, &["a"]).silent();
        assert_eq!(remote.ns.value("a", "value").as_deref(), Some("1"), "{round}");
        assert!(remote.started_with(round).is_some());
    }
}

/// Whatever is read takes longer than the interval, so the refresher alone would always be late.
#[test]
fn a_pod_waits_for_the_value_of_now_when_the_interval_is_over() {
    let remote = Remote::start("pod-stale");
    remote.synced_every("1s", "a", "0");
    remote.proxy.delay(Duration::from_secs(2));
    remote.put("a", "slow");
    remote.ns.wait_value("a", "value", "slow"); // from now on whatever is there began more than an interval ago
    for round in ["1", "2", "3"] {
        remote.put("a", round);
        remote.pod(&format!("app-{round}"), &["a"]).silent();
        assert_eq!(remote.ns.value("a", "value").as_deref(), Some(round));
    }
}

#[test]
fn where_the_installation_does_not_want_the_annotation_a_pod_stays_as_it_is() {
    let flags = vec!["--annotate-pods=false".to_owned()];
    let world = World::start(Options { flags, ..Options::default() });
    let ns = Namespace::new(&world, "pod-bare");
    ns.vault_store(&world.vault.addr(), world.vault.root_token());
    world.vault.put(&format!("secret/{}/a", ns.name), &json!({ "value": "1" })).expect("put");
    ns.external("a", one(&format!("{}/a", ns.name), "value")).silent();
    ns.apply(&pod("app", &["a"]).to_string()).silent();
    let stored = world.get(&format!("/api/v1/namespaces/{}/pods/app", ns.name)).expect("the Pod");
    assert_eq!(stored["metadata"]["annotations"]["latchkey.dev/started-with"], Value::Null);
    assert_eq!(ns.value("a", "value").as_deref(), Some("1"), "its Secret is seen to all the same");
}

/// The namespaces that hold the cluster together never wait for latchkey.
#[test]
fn pods_of_kube_system_are_left_as_they_are() {
    let world = world();
    let remote = Remote::start("pod-system");
    remote.put("a", "1");
    let object =
        crate::support::manifests::external_secret(&remote.ns.name, &remote.ns.name, remote.spec("a"));
    let apply = ["-n", "kube-system", "apply", "-f", "-"];
    world.kubectl(&apply, &object.to_string()).silent();
    world.kubectl(&apply, &pod(&remote.ns.name, &[&remote.ns.name]).to_string()).silent();
    let stored =
        world.get(&format!("/api/v1/namespaces/kube-system/pods/{}", remote.ns.name)).expect("the Pod");
    assert_eq!(stored["metadata"]["annotations"]["latchkey.dev/started-with"], Value::Null);
    world.kubectl(&["-n", "kube-system", "delete", "externalsecret", &remote.ns.name], "").good();
}
