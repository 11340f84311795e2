//! The real API server takes the definitions, and takes and refuses manifests by them.

use anyhow::{Context, Result, ensure};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use latchkey_testbed::{ControlPlane, ControlPlaneOptions, Tool, binary, wait_for};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const EVERY_FIELD: &str = "tests/manifests/every-field.yaml";
const OLDER: &str = "tests/manifests/older.yaml";
const DEFINITIONS: &str = "../../manifests/crds";

/// What kubectl printed; its warnings count as failures.
fn kubectl(cluster: &ControlPlane, args: &[&str]) -> Result<String> {
    let mut command = Command::new(binary(Tool::Kubectl)?);
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
        .env("KUBECONFIG", cluster.admin_kubeconfig())
        .env("KUBECACHEDIR", cluster.dir().join("kubectl-cache"));
    let output = command.output()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success() && errors.is_empty(), "kubectl {args:?}: {errors}");
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn apply(cluster: &ControlPlane, file: &str, results: &[&str]) -> Result<()> {
    let output = kubectl(cluster, &["apply", "--validate=strict", "-f", file])?;
    let allowed = |line: &str| results.iter().any(|result| line.ends_with(result));
    ensure!(output.lines().all(allowed), "applying {file} should only say {results:?}:\n{output}");
    Ok(())
}

/// One control plane for all claims: starting it takes longer than checking them.
#[test]
fn the_definitions_hold_on_the_real_api_server() -> Result<()> {
    let options = ControlPlaneOptions { controller_manager: false, ..ControlPlaneOptions::default() };
    let cluster = ControlPlane::start(options)?;
    takes_the_definitions_from_either_kind_of_apply(&cluster)?;
    applying_a_manifest_twice_changes_nothing(&cluster)?;
    objects_are_read_in_both_versions(&cluster)?;
    nulls_become_defaults(&cluster)?;
    a_status_may_have_no_refresh_time(&cluster)?;
    objects_are_found_by_their_fields(&cluster)?;
    push_secrets_are_kept_by_rules(&cluster)?;
    refuses_what_the_schema_forbids(&cluster)
}

fn takes_the_definitions_from_either_kind_of_apply(cluster: &ControlPlane) -> Result<()> {
    apply(cluster, DEFINITIONS, &["created"])?;
    apply(cluster, DEFINITIONS, &["unchanged"])?;
    kubectl(cluster, &["apply", "--server-side", "--force-conflicts", "-f", DEFINITIONS])?;
    for crd in latchkey_api::crd::crds() {
        let name = crd.metadata.name.as_deref().context("a name")?;
        let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}");
        let stored = wait_for("the definition", Duration::from_secs(30), || {
            let stored = cluster.api("GET", &path, &Value::Null)?;
            let conditions = stored["status"]["conditions"].as_array().cloned().unwrap_or_default();
            let is =
                |kind: &str| conditions.iter().any(|each| each["type"] == kind && each["status"] == "True");
            ensure!(!is("NonStructuralSchema"), "{name}: {conditions:?}");
            Ok(is("Established").then_some(stored))
        })?;
        let stored: CustomResourceDefinition = serde_json::from_value(stored)?;
        let schema = |crd: &CustomResourceDefinition| crd.spec.versions[0].schema.clone();
        ensure!(schema(&stored) == schema(&crd), "{name}: YAML was read differently");
    }
    // Discovery follows the definitions, a moment later.
    wait_for("the kinds to be served", Duration::from_secs(30), || {
        let served = kubectl(cluster, &["api-resources", "--api-group=external-secrets.io", "--no-headers"])?;
        Ok((served.lines().count() == 6).then_some(()))
    })
}

fn applying_a_manifest_twice_changes_nothing(cluster: &ControlPlane) -> Result<()> {
    for file in [OLDER, EVERY_FIELD] {
        apply(cluster, file, &["created"])?;
        apply(cluster, file, &["unchanged"])?;
        kubectl(cluster, &["diff", "-f", file])?;
    }
    Ok(())
}

fn objects_are_read_in_both_versions(cluster: &ControlPlane) -> Result<()> {
    for path in
        ["namespaces/default/externalsecrets/database-credentials-secret", "clustersecretstores/vault"]
    {
        let [new, old] = ["v1", "v1beta1"].map(|version| {
            cluster.api("GET", &format!("/apis/external-secrets.io/{version}/{path}"), &Value::Null)
        });
        let (new, old) = (new?, old?);
        ensure!(new["spec"] == old["spec"] && old["apiVersion"] == "external-secrets.io/v1beta1", "{path}");
    }
    Ok(())
}

fn external_secret(name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": name }, "spec": spec })
}

const EXTERNAL_SECRETS: &str = "/apis/external-secrets.io/v1/namespaces/default/externalsecrets";
const PUSH_SECRETS: &str = "/apis/external-secrets.io/v1alpha1/namespaces/default/pushsecrets";
const STORES: &str = "/apis/external-secrets.io/v1/namespaces/default/secretstores";

fn nulls_become_defaults(cluster: &ControlPlane) -> Result<()> {
    let spec = json!({
        "refreshInterval": null,
        "secretStoreRef": null,
        "target": { "name": "x", "creationPolicy": null, "template": { "mergePolicy": null } },
        "data": [{ "secretKey": "a", "remoteRef": { "key": "k", "property": null, "metadataPolicy": null } }]
    });
    let stored = cluster.api("POST", EXTERNAL_SECRETS, &external_secret("nulls", &spec))?;
    let template = json!({ "engineVersion": "v2", "mergePolicy": "Replace" });
    let expected = json!({
        "refreshInterval": "1h0m0s",
        "target": { "name": "x", "creationPolicy": "Owner", "deletionPolicy": "Retain", "template": template },
        "data": [{ "secretKey": "a", "remoteRef": { "key": "k" } }]
    });
    ensure!(stored["spec"] == expected, "{}", stored["spec"]);
    Ok(())
}

fn a_status_may_have_no_refresh_time(cluster: &ControlPlane) -> Result<()> {
    let path = format!("{EXTERNAL_SECRETS}/nulls");
    let mut object = cluster.api("GET", &path, &Value::Null)?;
    let condition = json!({ "type": "Ready", "status": "False", "reason": "SecretSyncedError" });
    object["status"] = json!({ "refreshTime": null, "conditions": [condition] });
    let stored = cluster.api("PUT", &format!("{path}/status"), &object)?;
    ensure!(stored["status"] == object["status"], "{}", stored["status"]);
    let read: latchkey_api::ExternalSecret = serde_json::from_value(stored)?;
    ensure!(read.status.is_some_and(|status| status.refresh_time.is_none()));
    Ok(())
}

fn objects_are_found_by_their_fields(cluster: &ControlPlane) -> Result<()> {
    let fields = "spec.secretStoreRef.name=a.b,spec.secretStoreRef.kind=SecretStore,spec.target.name=x,spec.refreshInterval=15m0s";
    let found = kubectl(cluster, &["get", "es", "--field-selector", fields, "-o", "name"])?;
    ensure!(found == "externalsecret.external-secrets.io/every-field\n", "{found}");
    Ok(())
}

fn refuses_what_the_schema_forbids(cluster: &ControlPlane) -> Result<()> {
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/refused.json"),
    )?)?;
    let refuse = |path: &str, object: &Value| -> Result<()> {
        let answer = cluster.api("POST", &format!("{path}?dryRun=All&fieldValidation=Strict"), object);
        let error = answer.err().map(|error| format!("{error:#}")).unwrap_or_default();
        ensure!(error.contains("422") || error.contains("400"), "should be refused ({error}): {object}");
        Ok(())
    };
    for spec in cases["externalSecrets"].as_array().context("cases")? {
        let mut whole = json!({ "data": [{ "secretKey": "a", "remoteRef": { "key": "k" } }] });
        for (key, value) in spec.as_object().context("a spec")? {
            whole[key] = value.clone();
        }
        refuse(EXTERNAL_SECRETS, &external_secret("refused", &whole))?;
    }
    for spec in cases["stores"].as_array().context("cases")? {
        let object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": { "name": "refused" }, "spec": spec
        });
        refuse(STORES, &object)?;
    }
    for spec in cases["pushSecrets"].as_array().context("cases")? {
        let mut whole =
            json!({ "secretStoreRefs": [{ "name": "a" }], "selector": { "secret": { "name": "a" } } });
        for (key, value) in spec.as_object().context("a spec")? {
            whole[key] = value.clone();
        }
        refuse(PUSH_SECRETS, &push_secret("refused", &whole))?;
    }
    Ok(())
}

fn push_secret(name: &str, spec: &Value) -> Value {
    json!({ "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": { "name": name }, "spec": spec })
}

/// A refusal by a rule says which rule; what providers take as metadata stays as it is.
fn push_secrets_are_kept_by_rules(cluster: &ControlPlane) -> Result<()> {
    let spec = json!({
        "secretStoreRefs": [{ "name": "a" }],
        "selector": { "secret": { "name": "a" } },
        "dataTo": [{ "storeRef": { "name": "a" }, "remoteKey": "all", "rewrite": [{ "regexp": { "source": "a", "target": "b" } }] }],
    });
    let refused = cluster.api("POST", PUSH_SECRETS, &push_secret("refused", &spec)).err();
    let said = refused.map(|error| format!("{error:#}")).unwrap_or_default();
    ensure!(said.contains("remoteKey and rewrite are mutually exclusive"), "{said}");
    let stored = cluster.api("GET", &format!("{PUSH_SECRETS}/every-field"), &Value::Null)?;
    let metadata = &stored["spec"]["data"][0]["metadata"]["spec"];
    ensure!(
        *metadata == json!({ "tags": { "team": "platform" }, "nested": [1, { "deep": true }] }),
        "{metadata}"
    );
    let mut written = stored.clone();
    let entry = json!({ "match": { "remoteRef": { "remoteKey": "app" } }, "conversionStrategy": "None" });
    written["status"] =
        json!({ "refreshTime": null, "syncedPushSecrets": { "SecretStore/a.b": { "app": entry } } });
    let read = cluster.api("PUT", &format!("{PUSH_SECRETS}/every-field/status"), &written)?;
    ensure!(read["status"] == written["status"], "{}", read["status"]);
    let read: latchkey_api::PushSecret = serde_json::from_value(read)?;
    ensure!(
        read.status.is_some_and(|status| status.synced_push_secrets["SecretStore/a.b"].contains_key("app"))
    );
    Ok(())
}
