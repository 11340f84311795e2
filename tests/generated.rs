//! What is generated and committed is what the program and the chart give now. `make generate` writes it anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use latchkey_testbed::{Tool, binary};
use serde_json::{Value, json};

use crate::support::{Said, repository};

/// Compares a committed file with what it should hold, or writes it if `make generate` asks for that.
#[track_caller]
fn committed(path: &str, text: &str) {
    let file = repository().join(path);
    if std::env::var_os("LATCHKEY_GENERATE").is_some() {
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        std::fs::write(&file, text).expect("written");
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    let line = there.lines().zip(text.lines()).position(|(is, should)| is != should).unwrap_or_default();
    assert!(there == text, "{path} differs from its source at line {}: run `make generate`", line + 1);
}

/// `latchkey` with these arguments and an empty environment, which would show in the help.
fn latchkey(args: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
    command.args(args).env_clear().env("COLUMNS", "100");
    Said::run(command, "").good().out
}

/// `helm template` of the chart, with whatever else is wanted.
fn template(release: &str, namespace: &str, more: &[&str]) -> Said {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(binary(Tool::Helm).expect("Helm"));
    command.env_clear().env("HOME", home.path()).current_dir(repository());
    command.args(["template", release, "manifests/chart", "--namespace", namespace]).args(more);
    Said::run(command, "")
}

fn documents(yaml: &str) -> Vec<Value> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(yaml).expect("YAML");
    documents.into_iter().filter(|document| !document.is_null()).collect()
}

fn of_kind(yaml: &str, kind: &str) -> Vec<Value> {
    documents(yaml).into_iter().filter(|document| document["kind"] == kind).collect()
}

/// Labels say who manages an object, which differs.
fn without_labels(mut object: Value) -> Value {
    object["metadata"].as_object_mut().expect("metadata").remove("labels");
    object
}

#[test]
fn crds_are_what_latchkey_prints() {
    let printed = latchkey(&["crds"]);
    for crd in of_kind(&printed, "CustomResourceDefinition") {
        let plural = crd["spec"]["names"]["plural"].as_str().expect("a name").to_owned();
        let text =
            printed.split("---\n").find(|text| documents(text).first() == Some(&crd)).expect("its text");
        for folder in ["manifests/crds", "manifests/chart/files/crds"] {
            committed(&format!("{folder}/{plural}.yaml"), text);
        }
    }
}

/// The same with numbers of one kind: Helm writes a bound of 256.0 as 256.
fn in_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => json!(number.as_f64()),
        Value::Array(values) => values.into_iter().map(in_floats).collect(),
        Value::Object(map) => map.into_iter().map(|(key, value)| (key, in_floats(value))).collect(),
        Value::Null | Value::Bool(_) | Value::String(_) => value,
    }
}

#[test]
fn the_chart_has_the_same_crds_and_helm_keeps_them() {
    let printed = documents(&latchkey(&["crds"]));
    let mut rendered = of_kind(&template("latchkey", "a", &[]).good().out, "CustomResourceDefinition");
    for crd in &mut rendered {
        let annotations = crd["metadata"].as_object_mut().expect("metadata").remove("annotations");
        assert_eq!(annotations, Some(json!({ "helm.sh/resource-policy": "keep" })));
    }
    let name = |crd: &Value| crd["metadata"]["name"].to_string();
    let sorted = |mut crds: Vec<Value>| {
        crds.sort_by_key(name);
        crds.into_iter().map(in_floats).collect::<Vec<_>>()
    };
    assert_eq!(sorted(rendered), sorted(printed));
    let without = template("latchkey", "a", &["--set", "installCRDs=false"]).good().out;
    assert!(of_kind(&without, "CustomResourceDefinition").is_empty());
}

/// Of the chart with these flags, and of `latchkey webhooks` with those.
#[track_caller]
fn same_webhooks(chart: (&str, &str, &[&str]), flags: &[&str]) {
    let rendered = template(chart.0, chart.1, chart.2).good().out;
    let rendered = of_kind(&rendered, "MutatingWebhookConfiguration");
    let printed = documents(&latchkey(&[&["webhooks"], flags].concat()));
    let bare = |objects: Vec<Value>| objects.into_iter().map(without_labels).collect::<Vec<_>>();
    assert_eq!(bare(rendered), bare(printed));
}

#[test]
fn the_chart_registers_what_latchkey_would() {
    same_webhooks(("latchkey", "latchkey-system", &[]), &[]);
}

#[test]
fn the_chart_registers_what_latchkey_would_by_other_names() {
    let flags = ["--namespace=vaults", "--webhook-name=own-latchkey", "--service-name=own-latchkey"];
    let flags = [flags.as_slice(), &["--service-account=own-latchkey"]].concat();
    same_webhooks(("own", "vaults", &[]), &flags);

    let set = ["--set", "fullnameOverride=keys,serviceAccount.create=false,serviceAccount.name=robot"];
    let flags =
        ["--namespace=vaults", "--webhook-name=keys", "--service-name=keys", "--service-account=robot"];
    same_webhooks(("own", "vaults", &set), &flags);
}

#[test]
fn the_chart_registers_what_latchkey_would_with_other_limits() {
    let set = ["--set", "webhook.timeoutSeconds=9,webhook.failurePolicy=Fail"];
    let flags = ["--webhook-timeout=9s", "--failure-policy=Fail"];
    same_webhooks(("latchkey", "latchkey-system", &set), &flags);
}

#[test]
fn the_chart_registers_what_latchkey_would_for_one_namespace() {
    let set = ["--set", "scopedNamespace=shop"];
    same_webhooks(("latchkey", "latchkey-system", &set), &["--scoped-namespace=shop"]);

    let set = ["--set", "processClusterStore=false"];
    same_webhooks(("latchkey", "latchkey-system", &set), &["--cluster-stores=false"]);

    let set = ["--set", "processPushSecret=false"];
    same_webhooks(("latchkey", "latchkey-system", &set), &["--push-secrets=false"]);
    let set = ["--set", "processClusterPushSecret=false"];
    same_webhooks(("latchkey", "latchkey-system", &set), &["--cluster-push-secrets=false"]);

    // What is registered is Helm's then, and so is the CA, unless something else injects it.
    let set = ["--set", "scopedNamespace=shop,scopedRBAC=true,webhook.existingSecret=own"];
    let flags = ["--scoped-namespace=shop", "--cluster-stores=false"];
    same_webhooks(("latchkey", "latchkey-system", &set), &flags);
}

#[test]
fn roles_alone_are_enough_for_one_namespace() {
    let set = ["--set", "scopedNamespace=shop,scopedRBAC=true,installCRDs=false"];
    let rendered = template("latchkey", "latchkey-system", &set).good().out;
    let kinds: BTreeSet<String> =
        documents(&rendered).iter().map(|object| object["kind"].to_string()).collect();
    assert!(!kinds.iter().any(|kind| kind.contains("Cluster")), "{kinds:?}");
    let roles = of_kind(&rendered, "Role");
    let places: Vec<_> = roles.iter().map(|role| role["metadata"]["namespace"].as_str()).collect();
    assert_eq!(places, [Some("shop"), Some("latchkey-system")]);
    let wrong = template("latchkey", "latchkey-system", &["--set", "scopedRBAC=true"]).refused();
    assert!(wrong.err.contains("scopedNamespace is required"), "{wrong}");
}

#[test]
fn the_manifest_is_the_chart_behind_its_namespace() {
    const HEAD: &str =
        "# Generated by `make generate` from manifests/chart: for `kubectl apply -f`, without Helm.
apiVersion: v1
kind: Namespace
metadata:
  name: latchkey-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
";
    let chart = template("latchkey", "latchkey-system", &[]).good().out;
    committed("manifests/install.yaml", &format!("{HEAD}{chart}"));
}

#[test]
fn the_reference_of_the_command_line_is_its_help() {
    let mut page = "# The command line\n\nGenerated from `--help` by `make generate`. Each flag of `latchkey serve` can \
                    also be given in the environment.\n"
        .to_owned();
    for command in ["", "serve", "crds", "webhooks", "render", "verify", "version"] {
        let title = format!("latchkey {command}");
        let args: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let help: Vec<String> = latchkey(&args).lines().map(|line| line.trim_end().to_owned()).collect();
        let help = help.join("\n");
        page.push_str(&format!("\n## {}\n\n```text\n{}\n```\n", title.trim_end(), help.trim_end()));
    }
    committed("docs/cli.md", &page);
}

/// A value that is not the default, for each value of the chart.
const OTHER_VALUES: &[&str] = &[
    "genericTargets.enabled=true",
    "genericTargets.resources[0].apiGroup=a,genericTargets.resources[0].resources={b},genericTargets.resources[0].verbs={get},genericTargets.enabled=true",
    "image.repository=other",
    "image.tag=v9",
    "image.pullPolicy=Always",
    "imagePullSecrets[0].name=pull",
    "nameOverride=other",
    "fullnameOverride=other",
    "installCRDs=false",
    "replicaCount=7",
    "podDisruptionBudget.enabled=false",
    "podDisruptionBudget.minAvailable=3",
    "scopedNamespace=other",
    "scopedRBAC=true,scopedNamespace=other",
    "processClusterExternalSecret=false",
    "processPushSecret=false",
    "processClusterPushSecret=false",
    "processClusterStore=false",
    "controllerClass=other",
    "failureMode=deny",
    "requesterChecks=warn",
    "annotatePods=false",
    "concurrent=3",
    "admissionConcurrent=7",
    "allowEndpoints[0]=10.0.0.1",
    "storeRequeueInterval=7m",
    "leaderElection.leaseDuration=33s",
    "leaderElection.retryPeriod=3s",
    "webhook.failurePolicy=Fail",
    "webhook.timeoutSeconds=9",
    "webhook.port=9443",
    "webhook.existingSecret=other",
    "webhook.caBundle=b3RoZXI=",
    "webhook.annotations.a=b",
    "serviceAccount.create=false,serviceAccount.name=other",
    "serviceAccount.name=other",
    "serviceAccount.annotations.a=b",
    "rbac.create=false",
    "rbac.serviceAccountTokenCreate=false",
    "log=debug",
    "adminPort=9090",
    "extraEnv[0].name=A",
    "resources.limits.memory=1Gi",
    "priorityClassName=high",
    "nodeSelector.a=b",
    "tolerations[0].key=a",
    "affinity.nodeAffinity.a=b",
    "podAnnotations.a=b",
    "podLabels.a=b",
];

/// The paths of a tree of values, down to what a user sets. An empty map or list is one value.
fn paths(prefix: &str, values: &Value, into: &mut BTreeSet<String>) {
    match values.as_object() {
        Some(map) if !map.is_empty() && prefix != "resources." => {
            map.iter().for_each(|(key, value)| paths(&format!("{prefix}{key}."), value, into));
        }
        _ => _ = into.insert(prefix.trim_end_matches('.').to_owned()),
    }
}

fn chart(file: &str) -> String {
    let path: PathBuf = repository().join("manifests/chart").join(file);
    std::fs::read_to_string(path).expect("a file of the chart")
}

#[test]
fn each_value_of_the_chart_is_used() {
    let mut all = BTreeSet::new();
    paths("", &documents(&chart("values.yaml"))[0], &mut all);
    let default = template("own", "a", &[]).good().out;
    for path in all {
        let set =
            OTHER_VALUES.iter().find(|set| set.starts_with(&path)).unwrap_or_else(|| panic!("{path} is new"));
        let other = template("own", "a", &["--set", set]).good().out;
        assert!(other != default, "{set} changes nothing");
    }
}

#[test]
fn the_schema_knows_each_value_and_nothing_else() {
    let (mut values, mut known) = (BTreeSet::new(), BTreeSet::new());
    paths("", &documents(&chart("values.yaml"))[0], &mut values);
    let schema: Value = serde_json::from_str(&chart("values.schema.json")).expect("JSON");
    properties("", &schema, &mut known);
    known.remove("global"); // Helm's own.
    assert_eq!(known, values);
}

fn properties(prefix: &str, schema: &Value, into: &mut BTreeSet<String>) {
    match schema["properties"].as_object() {
        Some(map) => map.iter().for_each(|(key, value)| properties(&format!("{prefix}{key}."), value, into)),
        None => _ = into.insert(prefix.trim_end_matches('.').to_owned()),
    }
}

#[test]
fn examples_are_objects_of_kinds_that_there_are() {
    for file in yaml_files(&repository().join("examples")) {
        for object in documents(&std::fs::read_to_string(&file).expect("read")) {
            let kind = object["kind"].to_string();
            let parsed = match kind.trim_matches('"') {
                "ExternalSecret" => serde_json::from_value::<latchkey_api::ExternalSecret>(object).map(drop),
                "SecretStore" => serde_json::from_value::<latchkey_api::SecretStore>(object).map(drop),
                "ClusterSecretStore" => {
                    serde_json::from_value::<latchkey_api::ClusterSecretStore>(object).map(drop)
                }
                "Pod" => Ok(()),
                other => panic!("there is a {other} in {}", file.display()),
            };
            parsed.unwrap_or_else(|error| panic!("{kind} of {}: {error}", file.display()));
        }
    }
}

/// All files below a folder that end in `.yaml`.
fn yaml_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files = entries.flat_map(|path| if path.is_dir() { yaml_files(&path) } else { vec![path] });
    files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}
