//! ESO's metrics, under its names.

use std::time::Duration;

use serde_json::json;

use crate::support::{Namespace, world};

/// The samples of this metric for objects of this namespace: labels and value.
fn samples(ns: &Namespace<'_>, metric: &str) -> Vec<String> {
    let metrics = ns.world.latchkey.metrics();
    let here = format!("namespace=\"{}\"", ns.name);
    let lines =
        metrics.lines().filter(|line| line.starts_with(&format!("{metric}{{")) && line.contains(&here));
    let mut samples: Vec<String> = lines.map(|line| line[metric.len()..].replace(&here, "…")).collect();
    samples.sort();
    samples
}

#[test]
fn an_external_secret_is_counted_and_measured_under_esos_names_until_it_is_gone() {
    let ns = Namespace::with_aws(world(), "metrics");
    ns.put("db", "one");
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.wait_ready("db", "True", "SecretSynced");
    let condition = |yes: &str, no: &str| {
        let sample = |status: &str, value: u8| {
            format!("{{name=\"db\",…,condition=\"Ready\",status=\"{status}\"}} {value}")
        };
        let mut samples = vec![sample(yes, 1), sample(no, 0)];
        samples.sort();
        samples
    };
    assert_eq!(samples(&ns, "externalsecret_status_condition"), condition("True", "False"));
    assert_eq!(samples(&ns, "externalsecret_sync_calls_total"), ["{name=\"db\",…} 1"]);
    assert!(samples(&ns, "externalsecret_sync_calls_error").is_empty());
    let durations = samples(&ns, "externalsecret_reconcile_duration");
    let nanoseconds =
        durations[0].rsplit(' ').next().and_then(|it| it.parse::<f64>().ok()).expect("a number");
    assert!(nanoseconds > 1e3, "nanoseconds, as ESO's: {durations:?}");

    ns.world.moto.delete_secret(&ns.key("db")).expect("moto deletes");
    ns.kubectl(&["annotate", "externalsecret", "db", "force-sync=1"]).good();
    ns.wait_ready("db", "False", "SecretSyncedError");
    assert_eq!(samples(&ns, "externalsecret_status_condition"), condition("False", "True"));
    assert!(samples(&ns, "externalsecret_sync_calls_error")[0].starts_with("{name=\"db\",…} "));

    ns.kubectl(&["delete", "externalsecret", "db"]).good();
    ns.world.wait("the end of its series", Duration::from_secs(20), || {
        let all = ["status_condition", "sync_calls_total", "sync_calls_error", "reconcile_duration"];
        all.iter().all(|name| samples(&ns, &format!("externalsecret_{name}")).is_empty()).then_some(())
    });
}

#[test]
fn a_store_is_measured_until_it_is_gone() {
    let ns = Namespace::with_aws(world(), "metrics-store");
    ns.world.wait("the store's condition", Duration::from_secs(20), || {
        let samples = samples(&ns, "secretstore_status_condition");
        samples.contains(&"{name=\"aws\",…,condition=\"Ready\",status=\"True\"} 1".to_owned()).then_some(())
    });
    ns.world.wait("the store's duration", Duration::from_secs(20), || {
        (samples(&ns, "secretstore_reconcile_duration").len() == 1).then_some(())
    });
    ns.kubectl(&["delete", "secretstore", "aws"]).good();
    ns.world.wait("the end of its series", Duration::from_secs(20), || {
        (samples(&ns, "secretstore_status_condition").is_empty()
            && samples(&ns, "secretstore_reconcile_duration").is_empty())
        .then_some(())
    });
}

#[test]
fn a_push_secret_and_what_makes_it_are_measured_until_they_are_gone() {
    let ns = crate::push_secrets::scene("metrics-push");
    let data = json!([crate::push_secrets::entry(&ns, "user", "app", "name")]);
    let spec = crate::push_secrets::push(&ns, "app", json!({ "data": data }))["spec"].clone();
    world().kubectl(&["label", "namespace", &ns.name, &format!("push={}", ns.name)], "").good();
    let fan = json!({
        "apiVersion": crate::push_secrets::API, "kind": "ClusterPushSecret", "metadata": { "name": ns.name },
        "spec": {
            "pushSecretName": "app", "pushSecretSpec": spec,
            "namespaceSelectors": [{ "matchLabels": { "push": ns.name } }],
        },
    });
    world().apply(&fan.to_string()).good();
    crate::push_secrets::wait_ready(&ns, "app", "True", "Synced");
    let ready = |metric: &str, name: &str, namespace: &str, status: &str| {
        let labels =
            format!("{{name=\"{name}\",namespace=\"{namespace}\",condition=\"Ready\",status=\"{status}\"}}");
        ns.world.latchkey.metrics().lines().find_map(|line| {
            let value = line.strip_prefix(&format!("{metric}_status_condition{labels} "))?;
            value.parse::<u8>().ok()
        })
    };
    let of_push = |status: &str| ready("pushsecret", "app", &ns.name, status);
    let of_fan = |status: &str| ready("clusterpushsecret", &ns.name, "", status);
    let limit = Duration::from_secs(20);
    ns.world.wait("their conditions", limit, || {
        let good = (Some(1), Some(0));
        let all = [(of_push("True"), of_push("False")), (of_fan("True"), of_fan("False"))];
        all.iter().all(|one| *one == good).then_some(())
    });
    ns.world.wait("its duration", limit, || {
        (samples(&ns, "pushsecret_reconcile_duration").len() == 1).then_some(())
    });

    ns.kubectl(&["delete", "secret", "source"]).good();
    crate::push_secrets::wait_ready(&ns, "app", "False", "Errored");
    ns.world.wait("its failure", limit, || {
        ((of_push("True"), of_push("False")) == (Some(0), Some(1))).then_some(())
    });
    world().kubectl(&["delete", "clusterpushsecret", &ns.name], "").good();
    ns.world.wait("the end of their series", limit, || {
        let metrics = ns.world.latchkey.metrics();
        let is_of_them = |line: &str| {
            let of_fan = format!("{{name=\"{}\",namespace=\"\"", ns.name);
            line.starts_with("clusterpushsecret_") && line.contains(&of_fan)
                || line.starts_with("pushsecret_") && line.contains(&format!("namespace=\"{}\"", ns.name))
        };
        (!metrics.lines().any(is_of_them)).then_some(())
    });
}

#[test]
fn calls_of_the_provider_are_counted_by_name() {
    let ns = Namespace::with_aws(world(), "metrics-calls");
    ns.put("db", "one");
    let name =
        "externalsecret_provider_api_calls_count{provider=\"AWS/SecretsManager\",call=\"GetSecretValue\",";
    let calls = |status: &str| ns.world.latchkey.metric(&format!("{name}status=\"{status}\"}}"));
    let before = (calls("success"), calls("error"));
    ns.apply(&ns.of("db", "db", json!({})).to_string()).silent();
    ns.apply(&ns.of("wrong", "wrong", json!({})).to_string()).good();
    assert!(calls("success") > before.0 && calls("error") > before.1);
}
