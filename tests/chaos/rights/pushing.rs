//! What is pushed, in pieces, each of which needs some right.

use serde_json::{Value, json};

use super::probes::Stage;
use crate::support::manifests::store;

const API: &str = "external-secrets.io/v1alpha1";

fn spec() -> Value {
    let remote = json!({ "remoteKey": "pushed", "property": "password" });
    json!({
        "deletionPolicy": "Delete", "secretStoreRefs": [{ "name": "remote" }],
        "selector": { "secret": { "name": "source" } },
        "data": [{ "match": { "secretKey": "password", "remoteRef": remote } }],
    })
}

/// A PushSecret is pushed, says so, and goes with what it pushed.
pub fn pushes(stage: &Stage<'_>) -> Result<(), String> {
    let source = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "source" }, "stringData": { "password": "1" },
    });
    let aws = json!({ "aws": { "service": "SecretsManager", "region": latchkey_testbed::REGION } });
    let object =
        json!({ "apiVersion": API, "kind": "PushSecret", "metadata": { "name": "pushed" }, "spec": spec() });
    stage.apply(&[source, store("remote", aws), object])?;
    let path = format!("/apis/{API}/namespaces/{}/pushsecrets/pushed", stage.ns);
    let reason = || {
        let object = stage.cluster.get(&path).unwrap_or_default();
        object["status"]["conditions"][0]["reason"].as_str().map(str::to_owned)
    };
    stage.wait("the status of the PushSecret", || reason().as_deref() == Some("Synced"))?;
    stage.kubectl(&["delete", "pushsecret", "pushed", "--wait=false"], "").good();
    stage.wait("the end of the PushSecret", || stage.cluster.get(&path).is_none())
}

/// A ClusterPushSecret makes a PushSecret in a namespace that comes later, changes it, takes it back, and says so.
pub fn fans_pushes_out(stage: &Stage<'_>) -> Result<(), String> {
    let (name, later) = (&stage.ns, format!("{}-pushes", stage.ns));
    let object = |team: &str, operator: &str| {
        let mut spec = spec();
        spec["deletionPolicy"] = json!("None");
        json!({
            "apiVersion": API, "kind": "ClusterPushSecret", "metadata": { "name": name },
            "spec": {
                "pushSecretSpec": spec, "pushSecretMetadata": { "labels": { "team": team } },
                "namespaceSelectors": [{ "matchExpressions": [{
                    "key": "kubernetes.io/metadata.name", "operator": operator, "values": [later],
                }] }],
            },
        })
    };
    stage.apply(&[object("a", "In")])?;
    let namespace = json!({ "metadata": { "name": later } });
    stage.cluster.0.create("/api/v1/namespaces", &namespace).expect("a namespace");
    let made = || stage.cluster.get(&format!("/apis/{API}/namespaces/{later}/pushsecrets/{name}"));
    let team = |is: &str| made().is_some_and(|made| made["metadata"]["labels"]["team"] == is);
    let provisioned = || {
        let fan = stage.cluster.get(&format!("/apis/{API}/clusterpushsecrets/{name}")).unwrap_or_default();
        fan["status"]["provisionedNamespaces"] == json!([later])
    };
    let seen = stage
        .wait("the PushSecret", || team("a"))
        .and_then(|()| stage.wait("the status of the ClusterPushSecret", provisioned))
        .and_then(|()| stage.apply(&[object("b", "In")]))
        .and_then(|()| stage.wait("the change of the PushSecret", || team("b")))
        .and_then(|()| stage.apply(&[object("b", "NotIn")]))
        .and_then(|()| stage.wait("the end of the PushSecret", || made().is_none()));
    stage.kubectl(&["delete", "clusterpushsecret", name], "").good();
    seen
}
