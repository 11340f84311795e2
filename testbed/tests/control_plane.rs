//! What the control plane does on its own.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use latchkey_testbed::{ControlPlane, ControlPlaneOptions, free_port, wait_for};
use serde_json::{Value, json};

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

#[test]
fn collects_garbage_calls_webhooks_and_survives_an_outage() -> Result<()> {
    let cluster = ControlPlane::start(ControlPlaneOptions::default())?;
    garbage_is_collected(&cluster)?;
    an_outage_loses_nothing(&cluster)?;
    webhooks_are_called(&cluster)
}

fn config_map(name: &str, owner: Option<&str>) -> Value {
    let owner =
        owner.map(|uid| json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "absent", "uid": uid }]));
    json!({ "metadata": { "name": name, "ownerReferences": owner.unwrap_or(json!([])) } })
}

fn garbage_is_collected(cluster: &ControlPlane) -> Result<()> {
    cluster.api("POST", CONFIG_MAPS, &config_map("orphan", Some("11111111-2222-3333-4444-555555555555")))?;
    let start = Instant::now();
    wait_for("the collection of an orphan", Duration::from_secs(30), || {
        Ok(cluster.api("GET", &format!("{CONFIG_MAPS}/orphan"), &Value::Null).err())
    })?;
    println!("an orphan was collected after {} ms", start.elapsed().as_millis());
    Ok(())
}

fn an_outage_loses_nothing(cluster: &ControlPlane) -> Result<()> {
    cluster.api("POST", CONFIG_MAPS, &config_map("kept", None))?;
    cluster.stop_api_server();
    ensure!(cluster.api("GET", CONFIG_MAPS, &Value::Null).is_err());
    cluster.start_api_server()?;
    cluster.api("GET", &format!("{CONFIG_MAPS}/kept"), &Value::Null)?;
    Ok(())
}

/// That nobody answers is enough to see that the API server asks on loopback.
fn webhooks_are_called(cluster: &ControlPlane) -> Result<()> {
    let url = format!("https://127.0.0.1:{}/mutate", free_port());
    let configuration = json!({
        "metadata": { "name": "absent" },
        "webhooks": [{
            "name": "absent.latchkey.dev",
            "clientConfig": { "url": url },
            "rules": [{ "apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"] }],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
        }],
    });
    cluster.create("/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations", &configuration)?;
    let refusal = wait_for("a call of the webhook", Duration::from_secs(30), || {
        let body = config_map("refused", None).to_string();
        let answer = cluster.api("POST", &format!("{CONFIG_MAPS}?dryRun=All"), &serde_json::from_str(&body)?);
        Ok(answer.err().map(|error| format!("{error:#}")))
    })?;
    ensure!(refusal.contains(&url) && refusal.contains("connection refused"), "{refusal}");
    Ok(())
}
