//! On a cluster that External Secrets Operator was installed on.

use serde_json::{Value, json};

use super::cluster::{Cluster, moto};
use crate::support::repository;

/// Our CRDs as ESO has them: `v1` alone, and without the two fields that older manifests need.
fn theirs() -> Vec<Value> {
    let folder = repository().join("manifests/crds");
    let files = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    files
        .map(|file| {
            without_ours(serde_saphyr::from_str(&std::fs::read_to_string(file).expect("read")).expect("YAML"))
        })
        .collect()
}

fn without_ours(mut crd: Value) -> Value {
    let versions = crd["spec"]["versions"].as_array_mut().expect("versions");
    if versions.iter().all(|version| version["name"] != "v1") {
        return crd; // generators are the same in both
    }
    versions.retain(|version| version["name"] == "v1");
    let mut dropped = 0;
    drop_fields(&mut crd, &mut dropped);
    assert!(dropped > 0, "no field was dropped from {}", crd["metadata"]["name"]);
    crd
}

/// `secretStoreRef.key` and `auth.jwt.serviceAccountToken`
fn drop_fields(value: &mut Value, dropped: &mut usize) {
    if let Some(map) = value.as_object_mut() {
        for (parent, field) in
            [("secretStoreRef", "key"), ("storeRef", "key"), ("jwt", "serviceAccountToken")]
        {
            let there = map.get_mut(parent).and_then(|schema| schema.get_mut("properties"));
            if let Some(properties) = there.and_then(Value::as_object_mut) {
                *dropped += usize::from(properties.remove(field).is_some());
            }
        }
        map.values_mut().for_each(|value| drop_fields(value, dropped));
    } else if let Some(list) = value.as_array_mut() {
        list.iter_mut().for_each(|value| drop_fields(value, dropped));
    }
}

#[test]
fn runs_on_the_crds_of_external_secrets_operator() {
    let (cluster, moto) = (Cluster::new(), moto());
    for crd in theirs() {
        cluster.kubectl(&["create", "-f", "-"], &crd.to_string()).good();
    }
    let without = cluster.install(&[]).refused();
    assert!(
        without.err.contains("customresourcedefinitions") || without.err.contains("CustomResourceDefinition"),
        "{without}"
    );
    cluster.helm(&["uninstall", "latchkey", "--namespace", "latchkey-system", "--ignore-not-found"]).good();

    cluster.install(&["--set", "installCRDs=false"]).good();
    cluster.0.start_controller_manager().expect("controllers");
    let _running = cluster.latchkey(Some(&moto), &[]);
    cluster.sync_one(&moto);

    let crd = cluster
        .get("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/externalsecrets.external-secrets.io");
    let versions = &crd.expect("a CRD")["spec"]["versions"];
    assert_eq!(versions.as_array().map(Vec::len), Some(1), "they are left as they are");
}

#[test]
fn crds_may_be_there_before_the_chart() {
    let (cluster, moto) = (Cluster::new(), moto());
    cluster.kubectl(&["apply", "--server-side", "-f", "manifests/crds"], "").good();
    cluster.install(&["--set", "installCRDs=false"]).good();
    cluster.0.start_controller_manager().expect("controllers");
    let _running = cluster.latchkey(Some(&moto), &[]);
    cluster.sync_one(&moto);
    cluster.helm(&["uninstall", "latchkey", "--namespace", "latchkey-system"]).good();
    let there = cluster.get("/apis/external-secrets.io/v1/namespaces/default/externalsecrets/one");
    assert_ne!(there.unwrap_or(json!(null)), json!(null));
}
