//! What the guide shows is true: its manifests are applied, its commands are understood, its links lead somewhere.
//!
//! A YAML block says by its info string what it is. Without a word it holds whole objects. `fragment of KIND.path` holds what
//! stands at that path of an object that is otherwise a good one. `values` holds values of the chart. `elsewhere` holds objects
//! whose kinds are not ours and not in the test's cluster; they are only parsed.

mod console;
mod markdown;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use latchkey::engine::plan::StoreKey;
use latchkey::metrics::{Condition, Kind, Metrics, Review};
use latchkey_api::external_secret::StoreKind;
use latchkey_provider::observe::Observer as _;
use serde_json::{Value, json};

use crate::support::{Namespace, Said, World, repository, world};
use markdown::{Block, Page};

/// The guide, and the page that leads to it.
fn pages() -> Vec<Page> {
    let mut files = vec![repository().join("README.md")];
    for folder in ["docs", "docs/providers"] {
        let entries = std::fs::read_dir(repository().join(folder)).expect("a folder");
        files.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    files.sort();
    files.iter().map(|path| Page::read(path)).collect()
}

fn blocks(language: &str) -> Vec<Block> {
    pages().into_iter().flat_map(|page| page.blocks).filter(|block| block.language == language).collect()
}

fn documents(block: &Block) -> Vec<Value> {
    let parsed: Result<Vec<Value>, _> = serde_saphyr::from_multiple(&block.text);
    parsed.unwrap_or_else(|error| panic!("{}: {error}", block.place))
}

#[test]
fn every_manifest_would_be_taken() {
    let world = world();
    let ns = Namespace::new(world, "docs");
    let mut wrong = Vec::new();
    for block in blocks("yaml") {
        let said = match block.mark.split_once(" of ") {
            None if block.mark.is_empty() => dry_run(&ns, documents(&block)),
            Some(("fragment", path)) => dry_run(&ns, vec![whole(path, documents(&block).remove(0))]),
            None if block.mark == "values" => template(world, &["--values=-"], &block.text),
            None if block.mark == "elsewhere" => {
                drop(documents(&block));
                continue;
            }
            _ => panic!("{}: what is {:?}?", block.place, block.mark),
        };
        if !said.ok {
            wrong.push(format!("{}: {said}", block.place));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Objects in the test's namespace, whatever theirs is.
fn dry_run(ns: &Namespace<'_>, mut objects: Vec<Value>) -> Said {
    for object in &mut objects {
        if object["metadata"]["namespace"].is_string() {
            object["metadata"]["namespace"] = json!(ns.name);
        }
    }
    let list = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
    let args = ["--namespace", &ns.name, "apply", "--dry-run=server", "--validate=strict", "-f", "-"];
    ns.world.kubectl(&args, &list.to_string())
}

/// A good object with this fragment at its place: `SecretStore.spec.provider.vault`.
fn whole(path: &str, fragment: Value) -> Value {
    let mut steps = path.split('.');
    let kind = steps.next().expect("a kind");
    let wrapped = steps.rev().fold(fragment, |inner, step| json!({ step: inner }));
    let spec = match kind {
        "ExternalSecret" => json!({
            "secretStoreRef": { "name": "docs" },
            "data": [{ "secretKey": "a", "remoteRef": { "key": "a" } }],
        }),
        "SecretStore" | "ClusterSecretStore" => json!({ "provider": provider(&wrapped["spec"]["provider"]) }),
        other => panic!("no fragment of {other} is known"),
    };
    let mut object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": kind, "metadata": { "name": "docs" }, "spec": spec,
    });
    overlay(&mut object, wrapped);
    object
}

/// What the provider that a fragment speaks of needs besides.
fn provider(of: &Value) -> Value {
    match of.as_object().and_then(|blocks| blocks.keys().next()).map(String::as_str) {
        Some("aws") => json!({ "aws": { "service": "SecretsManager", "region": "eu-west-1" } }),
        Some("vault") => json!({ "vault": { "server": "https://vault.example.com:8200", "path": "secret" } }),
        Some("kubernetes") => json!({ "kubernetes": {} }),
        _ => json!({ "fake": { "data": [{ "key": "a", "value": "b" }] } }),
    }
}

fn overlay(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                overlay(under.entry(key).or_insert(Value::Null), value);
            }
        }
        (under, over) => *under = over,
    }
}

fn template(world: &World, more: &[&str], input: &str) -> Said {
    let chart = repository().join("manifests/chart");
    let chart = chart.to_str().expect("a path in UTF-8");
    let args = [&["template", "latchkey", chart, "--namespace", "latchkey-system"], more].concat();
    Said::run(world.cluster.helm(args).expect("Helm"), input)
}

#[test]
fn every_command_is_understood() {
    let world = world();
    let ns = Namespace::new(world, "docs-commands");
    let blocks = blocks("console").into_iter().filter(|block| block.mark != "elsewhere");
    let commands: Vec<_> = blocks.flat_map(|block| console::commands(&block)).collect();
    assert!(commands.iter().filter(|command| command.words[0] == "kubectl").count() > 20, "{commands:?}");
    let wrong: Vec<_> = commands.iter().filter_map(|command| command.misunderstood(&ns)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut wrong = Vec::new();
    for page in &pages {
        for link in page.links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = match file {
                "" => page.path.clone(),
                file => page.path.parent().expect("a folder").join(file),
            };
            let found = path.exists() && (heading.is_empty() || has_heading(&path, heading));
            if !found {
                wrong.push(format!("{}: {link}", page.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn has_heading(path: &Path, anchor: &str) -> bool {
    Page::read(path).headings.iter().any(|heading| markdown::anchor(heading) == anchor)
}

#[test]
fn every_metric_is_in_the_guide_and_no_other() {
    let page = Page::read(&repository().join("docs/operations.md"));
    let section = page.text.split("## Metrics").nth(1).expect("a section");
    let table = section.split("Alerts worth having").next().expect("a table");
    let told: BTreeSet<String> = markdown::code(table).filter(|word| is_metric(word)).collect();
    let metrics = measured();
    let types = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let is: BTreeSet<String> = types.filter(|name| is_metric(name)).map(str::to_owned).collect();
    assert_eq!(told, is);
}

/// All metrics: those of a label are not there before something was measured.
fn measured() -> String {
    let metrics = Arc::new(Metrics::new());
    for kind in Kind::ALL {
        metrics.condition(kind, "a", "b", Condition::Ready, true);
        metrics.reconcile_duration(kind, "a", "b", Duration::ZERO);
    }
    metrics.sync_call("a", "b", false);
    metrics.call("Fake", "Get", true, Duration::from_millis(2));
    let store = StoreKey { kind: StoreKind::ClusterSecretStore, namespace: None, name: "c".to_owned() };
    metrics.store_down(&store, true);
    drop(metrics.admission(Review { resource: "pods", operation: "CREATE", dry_run: false }));
    drop(metrics.connection("webhook"));
    metrics.api_request("get", "secrets", Some(200));
    metrics.render()
}

fn is_metric(name: &str) -> bool {
    let objects = ["externalsecret_", "secretstore_", "pushsecret_"];
    let name = name.strip_prefix("cluster").unwrap_or(name);
    ["latchkey_", "process_"].iter().chain(&objects).any(|prefix| name.starts_with(prefix))
}

/// Applies the manifests of the first page as they are.
fn started(ns: &Namespace<'_>) {
    for block in Page::read(&repository().join("docs/getting-started.md")).blocks {
        if block.language == "yaml" {
            ns.apply(&block.text).good();
        }
    }
}

#[test]
fn getting_started_goes_as_it_says() {
    let world = world();
    let ns = Namespace::new(world, "docs-start");
    started(&ns);
    assert_eq!(ns.value("myapp", "password").as_deref(), Some("correct horse"));
    let page = Page::read(&repository().join("docs/getting-started.md"));
    let wrong = page.blocks.iter().find(|block| block.text.contains("kind: ExternalSecret")).expect("it");
    let said = ns.apply(&wrong.text.replace("property: password", "property: pasword")).good();
    let shown = page.text.lines().filter_map(|line| line.strip_prefix("Warning: "));
    let shown = shown.map(|line| line.replace("default/", &format!("{}/", ns.name))).collect::<Vec<_>>();
    assert!(shown.iter().any(|line| said.warnings().contains(&line.as_str())), "{said}\n{shown:?}");
}

#[test]
fn pods_with_old_values_are_found_as_it_says() {
    let world = world();
    let ns = Namespace::new(world, "docs-pods");
    started(&ns);
    ns.wait_ready("myapp", "True", "SecretSynced");
    let pod = |name: &str| {
        let from = json!([{ "secretRef": { "name": "myapp" } }]);
        let container = json!({ "name": "app", "image": "none", "envFrom": from });
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": { "name": name },
            "spec": { "containers": [container] },
        });
        ns.apply(&pod.to_string()).silent();
    };
    pod("old");
    let store =
        r#"{"spec":{"provider":{"fake":{"data":[{"key":"prod/myapp","value":"{\"password\":\"new\"}"}]}}}}"#;
    ns.kubectl(&["patch", "secretstore", "try-out", "--type=merge", "-p", store]).good();
    ns.kubectl(&["annotate", "externalsecret", "myapp", "force-sync=1"]).silent();
    pod("new");

    let page = Page::read(&repository().join("docs/pods.md"));
    let shell = page.blocks.iter().filter(|block| block.language == "console").flat_map(console::commands);
    let lines: Vec<String> = shell.map(|command| command.line).filter(|line| line.contains("now")).collect();
    let said = console::bash(&ns, &lines.join("\n")).good();
    let names: Vec<&str> = said.out.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(names, ["old"], "{said}");
}
