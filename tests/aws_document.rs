//! The first document: a SecretStore, an ExternalSecret and a Pod out of AWS Secrets Manager, in one `kubectl apply`.

use std::time::{Duration, Instant};

use crate::support::{Namespace, repository, world};

/// The example with this namespace instead of `default`, and the remote secret of this name.
fn manifests(namespace: &str, key: &str) -> String {
    let path = repository().join("examples/aws/all.yaml");
    let text = std::fs::read_to_string(path).expect("the example");
    text.replace("namespace: default", &format!("namespace: {namespace}"))
        .replace("my-app/database-credentials", key)
}

const VALUE: &str = r#"{"username":"db_user","password":"supersecretpassword"}"#;

#[test]
fn store_external_secret_and_pod_in_one_apply() {
    let world = world();
    let ns = Namespace::new(world, "aws");
    world.moto.put_secret("aws/one-apply", VALUE).expect("put");

    let said = world.apply(&manifests(&ns.name, "aws/one-apply")).good();
    let values = ns.values("database-credentials").expect("the Secret is there when apply returns");
    assert_eq!(values.get("username").map(String::as_str), Some("db_user"));
    assert_eq!(values.get("password").map(String::as_str), Some("supersecretpassword"));
    assert_eq!(values.len(), 2);

    let pods: Vec<&str> = said.warnings().into_iter().filter(|warning| warning.contains("Pod")).collect();
    assert!(pods.is_empty(), "{pods:?}");
    assert_eq!(said.warnings().len(), 2, "one for each field without effect: {said}");

    let start = Instant::now();
    ns.wait_ready("database-credentials-secret", "True", "SecretSynced");
    assert!(start.elapsed() < Duration::from_secs(5), "took {:?}", start.elapsed());

    // kubectl calls every Pod with a volume `configured`, whoever admitted it.
    let again = world.apply(&manifests(&ns.name, "aws/one-apply")).good();
    assert_eq!(again.out.matches("unchanged").count(), 2, "{again}");
}

#[test]
fn external_secret_before_its_store() {
    let world = world();
    let ns = Namespace::new(world, "aws-reversed");
    world.moto.put_secret("aws/reversed", VALUE).expect("put");
    let manifests = manifests(&ns.name, "aws/reversed");
    let mut parts: Vec<&str> = manifests.split("\n---\n").collect();
    parts.swap(0, 1);

    let said = world.apply(&parts.join("\n---\n")).good();
    let ours: Vec<&str> = said.warnings().into_iter().filter(|it| it.starts_with("ExternalSecret")).collect();
    assert_eq!(ours.len(), 1, "{said}");
    assert!(ours[0].contains("aws-secrets-manager-store"), "{ours:?}");
    world.wait("the Secret", Duration::from_secs(2), || ns.value("database-credentials", "password"));
    ns.wait_ready("database-credentials-secret", "True", "SecretSynced");
}
