//! Facts of the API server (ARCHITECTURE.md calls them F1 to F6), and that latchkey reckons with them.

use std::time::Duration;

use latchkey_testbed::http::Client;
use serde_json::{Value, json};

use crate::support::{Labeller, Namespace, World, world};

#[test]
fn f1_a_generated_name_is_left_to_the_refresher_which_owns_the_secret_from_the_start() {
    let ns = Namespace::with_aws(world(), "generated");
    ns.put("db", "one");
    let mut object = ns.of("", "db", json!({}));
    object["metadata"] = json!({ "generateName": "db-" });
    let path = format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets", ns.name);
    let stored = ns.world.cluster.api("POST", &path, &object).expect("it is admitted");
    let name = stored["metadata"]["name"].as_str().expect("a name");

    ns.wait_value(name, "value", "one");
    ns.wait_ready(name, "True", "SecretSynced");
    let history = ns.history(name);
    assert_eq!(history.len(), 1, "written once: {history:?}");
    assert_eq!(history[0].pending(), None);
    assert_eq!(history[0].owners()[0]["uid"], stored["metadata"]["uid"]);
}

#[test]
fn f1_at_create_there_is_no_uid_so_the_secret_has_no_owner_yet() {
    let ns = Namespace::with_aws(world(), "no-uid");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    let first = &ns.history("db")[0];
    assert!(first.owners().is_empty(), "{first:?}");
    let mark: Value = serde_json::from_str(first.pending().expect("a mark")).expect("JSON");
    assert_eq!((&mark["externalSecret"], &mark["created"]), (&json!("db"), &json!(true)));
}

#[test]
fn f3_the_garbage_collector_takes_a_secret_whose_owner_it_does_not_find() {
    let ns = Namespace::new(world(), "orphan-maker");
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "early", "ownerReferences": [{
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "name": "not-stored-yet",
            "uid": "00000000-0000-4000-8000-000000000000", "controller": true,
        }]},
    });
    ns.kubectl_with(&["create", "-f", "-"], &secret.to_string()).good();
    ns.wait_gone("early", Duration::from_secs(30));
}

#[test]
fn f3_what_admission_wrote_survives_until_it_is_owned() {
    let ns = Namespace::with_aws(world(), "survives");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    let uid = ns.secret("db").expect("the Secret")["metadata"]["uid"].clone();
    let stored = ns.external_secret("db").expect("the ExternalSecret");
    let owned = ns.wait_secret("db", |secret| !secret["metadata"]["ownerReferences"].is_null());
    assert_eq!(owned["metadata"]["uid"], uid, "the very same Secret");
    let owner = &owned["metadata"]["ownerReferences"][0];
    assert_eq!(owner["uid"], stored["metadata"]["uid"]);
    assert!(ns.history("db").iter().all(|version| version.change != "DELETED"));
}

#[test]
fn f4_a_review_sent_twice_is_one_read_and_one_write() {
    let ns = Namespace::with_aws(world(), "twice");
    ns.put("db", "one");
    let mut object = ns.of("db", "db", json!({}));
    object["metadata"]["namespace"] = json!(ns.name);
    let review = json!({
        "apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
        "request": {
            "uid": "one", "operation": "CREATE", "name": "db", "namespace": ns.name, "dryRun": false,
            "kind": { "group": "external-secrets.io", "version": "v1", "kind": "ExternalSecret" },
            "resource": { "group": "external-secrets.io", "version": "v1", "resource": "externalsecrets" },
            "userInfo": {}, "object": object,
        },
    });
    let webhook = webhook(ns.world);
    for _ in 0..2 {
        let answer = webhook.json("POST", "/review/external-secrets?timeout=5s", &review).expect("an answer");
        assert_eq!(answer["response"]["allowed"], true, "{answer}");
    }
    assert_eq!(ns.value("db", "value").as_deref(), Some("one"));
    assert_eq!((ns.reads("db"), ns.changes("db").len()), (1, 1));
}

#[test]
fn f4_a_reinvocation_after_another_webhooks_change_is_one_read_and_ends_in_what_is_stored() {
    let ns = Namespace::with_aws(world(), "reinvoked");
    ns.put("db", "one");
    let _labeller = Labeller::start(&ns);
    // The API server takes a moment to hear of it; who is asked shows by the label.
    ns.world.wait("the other webhook", Duration::from_secs(30), || {
        let args = ["create", "--dry-run=server", "-o", "json", "-f", "-"];
        let said = ns.kubectl_with(&args, &ns.of("probe", "probe", json!({})).to_string()).good();
        said.out.contains("\"added\"").then_some(())
    });
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    let secret = ns.secret("db").expect("the Secret");
    assert_eq!(secret["metadata"]["labels"]["added"], "yes", "the last review counts: {secret}");
    ns.wait_synced("db");
    let history = ns.history("db");
    assert_eq!(history.len(), 3, "before the label, with it, adopted: {history:?}");
    assert!(history[2].pending().is_none() && history[2].owners().len() == 1);
    assert_eq!(ns.reads("db"), 1);
}

/// A client of the webhook that trusts what the API server trusts.
pub fn webhook(world: &World) -> Client {
    use base64::Engine as _;
    let path = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/latchkey";
    let configuration = world.get(path).expect("the registration");
    let bundle = configuration["webhooks"][0]["clientConfig"]["caBundle"].as_str().expect("a caBundle");
    let pem = base64::prelude::BASE64_STANDARD.decode(bundle).expect("base64");
    let pem = String::from_utf8(pem).expect("PEM");
    let client = Client::tls(world.latchkey.webhook_port, &pem, None).expect("a client");
    client.header("Content-Type", "application/json")
}

#[test]
fn f5_a_dry_run_proves_everything_and_writes_nothing() {
    let ns = Namespace::with_aws(world(), "dry");
    ns.put("db", "one");
    ns.dry_run(&ns.of("db", "db", json!({})).to_string()).silent();
    let wrong = ns.dry_run(&ns.of("wrong", "missing", json!({})).to_string()).good();
    assert!(wrong.warnings().iter().any(|warning| warning.contains("missing")), "{wrong}");
    assert!(ns.changes("db").is_empty() && ns.changes("wrong").is_empty());
    let writes: Vec<String> =
        ns.writes().into_iter().filter(|write| !write.contains("secretstores")).collect();
    assert!(writes.iter().all(|write| write.ends_with(" events")), "only of the store: {writes:?}");

    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    let before = ns.changes("db");
    ns.put("db", "two");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1", "--dry-run=server"]).silent();
    assert_eq!((ns.value("db", "value").as_deref(), ns.changes("db")), (Some("one"), before));
}

#[test]
fn f6_the_stored_object_is_what_was_applied_and_the_schemas_own_defaults() {
    let ns = Namespace::with_aws(world(), "untouched");
    ns.put("db", "one");
    let applied = ns.of("db", "db", json!({ "target": { "name": "other" } }));
    ns.apply(&applied.to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");

    let stored = ns.external_secret("db").expect("the ExternalSecret");
    let mut spec = applied["spec"].clone();
    spec["target"] = json!({ "name": "other", "creationPolicy": "Owner", "deletionPolicy": "Retain" });
    assert_eq!(stored["spec"], spec);
    let metadata = stored["metadata"].as_object().expect("metadata");
    let mut names: Vec<&str> = metadata.keys().map(String::as_str).collect();
    names.sort_unstable();
    let servers =
        ["creationTimestamp", "generation", "managedFields", "name", "namespace", "resourceVersion", "uid"];
    assert_eq!(names, [&["annotations"], &servers[..]].concat(), "no finalizer, no label");
    let annotations = stored["metadata"]["annotations"].as_object().expect("annotations");
    assert_eq!(annotations.keys().collect::<Vec<_>>(), ["kubectl.kubernetes.io/last-applied-configuration"]);
    let diff = ns.kubectl_with(&["diff", "-f", "-"], &applied.to_string()).silent();
    assert_eq!(diff.out, "");
}
