//! The dashboard and the alerts name metrics that there are.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{Namespace, manifests, repository, world};

/// Everything of this name in a tree of values.
fn strings(value: &Value, name: &str, into: &mut Vec<String>) {
    if let Some(map) = value.as_object() {
        into.extend(map.get(name).and_then(Value::as_str).map(str::to_owned));
        map.values().for_each(|value| strings(value, name, into));
    }
    value.as_array().into_iter().flatten().for_each(|value| strings(value, name, into));
}

/// The names in queries that look like metrics of ours or of the process.
fn metrics(queries: &[String]) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    let words = queries.iter().flat_map(|query| query.split(word));
    let ours = ["externalsecret_", "secretstore_", "clustersecretstore_", "latchkey_", "process_"];
    words.filter(|word| ours.iter().any(|prefix| word.starts_with(prefix))).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join("manifests").join(path)).expect("a file")
}

#[test]
fn each_metric_of_the_dashboard_and_the_alerts_is_there() {
    let world = world();
    let ns = Namespace::new(world, "monitoring");
    let fake = manifests::fake(&[("a", r#"{"b":"c"}"#)]);
    ns.apply(&manifests::list(&[
        manifests::cluster_store(&ns.name, fake.clone()),
        manifests::store("own", fake),
    ]))
    .good();
    ns.apply(&manifests::external_secret("good", &ns.name, manifests::one("a", "b")).to_string()).good();
    ns.apply(&manifests::external_secret("bad", &ns.name, manifests::one("b", "b")).to_string()).good();
    world.moto.put_secret("monitoring", "{}").expect("put");
    ns.wait_ready("good", "True", "SecretSynced");
    ns.wait_ready("bad", "False", "SecretSyncedError");
    let aws = serde_json::json!({ "aws": { "service": "SecretsManager", "region": "us-east-1" } });
    ns.apply(&manifests::store("aws", aws).to_string()).good();
    let mut of_aws = manifests::external_secret("aws", "aws", manifests::all_of("monitoring"));
    of_aws["spec"]["secretStoreRef"]["kind"] = Value::from("SecretStore");
    ns.apply(&of_aws.to_string());

    let dashboard: Value = serde_json::from_str(&read("dashboards/latchkey.json")).expect("JSON");
    let alerts: Value = serde_saphyr::from_str(&read("alerts/latchkey.yaml")).expect("YAML");
    let mut queries = Vec::new();
    strings(&dashboard, "expr", &mut queries);
    let of_dashboard = metrics(&queries);
    queries.clear();
    strings(&alerts, "expr", &mut queries);
    let of_alerts = metrics(&queries);
    assert!(of_dashboard.len() > 10 && of_alerts.len() > 4, "{of_dashboard:?} {of_alerts:?}");

    world.wait("all metrics", std::time::Duration::from_secs(30), || {
        let page = world.latchkey.metrics();
        let there: BTreeSet<&str> = page.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
        let missing: Vec<_> =
            of_dashboard.union(&of_alerts).filter(|name| !there.contains(name.as_str())).collect();
        if !missing.is_empty() {
            eprintln!("not there: {missing:?}");
        }
        missing.is_empty().then_some(())
    });
}

#[test]
fn the_certificate_of_the_example_is_for_the_charts_service() {
    let path = repository().join("certs/cert-manager/certificate.yaml");
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(&std::fs::read_to_string(path).expect("read")).expect("YAML");
    let is_webhook = |document: &&Value| document["spec"]["secretName"] == "latchkey-webhook";
    let certificate = documents.iter().find(is_webhook).expect("the certificate");
    let service = world().get("/api/v1/namespaces/latchkey-system/services/latchkey").expect("the Service");
    let name = service["metadata"]["name"].as_str().expect("a name");
    let namespace = service["metadata"]["namespace"].as_str().expect("a namespace");
    assert_eq!(certificate["spec"]["dnsNames"][0], format!("{name}.{namespace}.svc"));
    assert_eq!(certificate["metadata"]["namespace"], namespace);
}
