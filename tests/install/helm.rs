//! `helm install`, `upgrade` and `uninstall`; the manifest; values that are wrong.

use serde_json::Value;

use super::cluster::{Cluster, SECRET, WEBHOOKS, moto};
use crate::support::{SYSTEM, Said};

const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/latchkey-system/deployments/latchkey";

#[test]
fn installs_upgrades_and_goes_without_taking_secrets_along() {
    let (cluster, moto) = (Cluster::new(), moto());
    cluster.install(&[]).good();
    cluster.0.start_controller_manager().expect("controllers");

    // As in a Pod: registered by the chart, the CA put in by latchkey.
    let in_pod = cluster.in_a_pod();
    let bundle = cluster.wait("the CA", || cluster.ca_bundle());
    let set = ["--set", "failureMode=deny,webhook.timeoutSeconds=9,replicaCount=3"];
    let upgrade = ["upgrade", "latchkey", "manifests/chart", "--namespace", SYSTEM];
    cluster.helm(&[upgrade.as_slice(), &set].concat()).good();
    assert_eq!(cluster.ca_bundle(), Some(bundle), "the CA survives an upgrade");
    let webhooks = cluster.get(&format!("{WEBHOOKS}/latchkey")).expect("a registration");
    assert_eq!(webhooks["webhooks"][0]["timeoutSeconds"], 9);
    assert_eq!(cluster.get(DEPLOYMENT).expect("a Deployment")["spec"]["replicas"], 3);

    // As NOTES.txt says.
    cluster.kubectl(&["delete", "mutatingwebhookconfiguration", "latchkey"], "").good();
    cluster.helm(&upgrade).good();
    cluster.wait("the CA in the new registration", || cluster.ca_bundle());
    drop(in_pod);

    let running = cluster.latchkey(Some(&moto), &[]);
    cluster.sync_one(&moto);
    drop(running);
    cluster.helm(&["uninstall", "latchkey", "--namespace", SYSTEM, "--wait"]).good();
    assert!(cluster.get(&format!("{WEBHOOKS}/latchkey")).is_none(), "the registration goes");
    assert!(cluster.get(DEPLOYMENT).is_none());
    nothing_is_held_back(&cluster);
    assert!(cluster.get(SECRET).is_some(), "Secrets stay");

    // What was left is taken up again.
    cluster.install(&[]).good();
    let _running = cluster.latchkey(Some(&moto), &[]);
    cluster.sync_one(&moto);
}

/// CRDs and their objects stay, and nothing has a finalizer that nobody would remove any more.
fn nothing_is_held_back(cluster: &Cluster) {
    const KINDS: &str = "externalsecrets,secretstores,clustersecretstores,secrets,configmaps,leases";
    let all = cluster.kubectl(&["get", KINDS, "-A", "-o", "json"], "").good();
    let list: Value = serde_json::from_str(&all.out).expect("JSON");
    let items = list["items"].as_array().expect("a list");
    assert!(items.iter().any(|item| item["kind"] == "ExternalSecret"), "the ExternalSecret stays");
    for item in items {
        assert!(item["metadata"]["finalizers"].is_null(), "{} has a finalizer", item["metadata"]["name"]);
    }
}

/// What `kubectl apply` says has changed. Of a PodDisruptionBudget it always says so, whatever the manifest: its patch
/// repeats the selector, and the API server finds nothing to change in it.
fn changed(said: &Said) -> Vec<&str> {
    let budget = "poddisruptionbudget.policy/latchkey configured";
    said.out.lines().filter(|line| !line.ends_with(" unchanged") && *line != budget).collect()
}

#[test]
fn the_manifest_applies_once_and_then_changes_nothing() {
    let cluster = Cluster::new();
    let apply = ["apply", "-f", "manifests/install.yaml"];
    let first = cluster.kubectl(&apply, "").silent();
    assert!(first.out.lines().all(|line| line.ends_with(" created")), "{first}");
    assert!(changed(&cluster.kubectl(&apply, "").silent()).is_empty());
    let strict = ["apply", "--dry-run=server", "--validate=strict", "-f", "manifests/install.yaml"];
    cluster.kubectl(&strict, "").silent();

    let _running = cluster.in_a_pod();
    cluster.wait("the CA", || cluster.ca_bundle());
    assert!(changed(&cluster.kubectl(&apply, "").silent()).is_empty());
    assert!(cluster.ca_bundle().is_some(), "the CA survives an apply");
}

#[test]
fn wrong_values_are_refused_by_name() {
    let cluster = Cluster::new();
    for (set, says) in [
        ("failureMode=perhaps", "'/failureMode'"),
        ("webhook.failurePolicy=ignore", "'/webhook/failurePolicy'"),
        ("webhook.timeoutSeconds=31", "'/webhook/timeoutSeconds'"),
        ("replicaCount=0", "'/replicaCount'"),
        ("replicas=2", "'replicas'"),
        ("webhook.timeout=5", "'timeout'"),
        ("storeRequeueInterval=soon", "'/storeRequeueInterval'"),
        ("leaderElection.leaseDuration=15", "'/leaderElection/leaseDuration'"),
        ("image.repository=", "'/image/repository'"),
        ("serviceAccount.create=false", "serviceAccount.name is required"),
    ] {
        let said = cluster.install(&["--dry-run=client", "--set", set]).refused();
        assert!(said.err.contains(says), "{set}: {said}");
    }
}
