//! `spec.target.manifest`: objects that are not Secrets.

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Kind, Namespace, Options, World, anything, manifests, world};

const CANARY: &str = "canary-generic-7f3a";
const LIMIT: Duration = Duration::from_secs(60);

/// A world whose latchkey may write ConfigMaps and a kind of the test's own, and nothing else beside Secrets.
fn allowing() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let flags = vec!["--unsafe-allow-generic-targets".to_owned()];
        let world = World::start(Options { flags, ..Options::default() });
        let (name, group) = ("AppConfig", "config.example.com");
        world.serve_for_latchkey(&Kind { name, group, schema: anything() });
        world
    })
}

fn shop<'a>(world: &'a World, prefix: &str) -> Namespace<'a> {
    let ns = Namespace::new(world, prefix);
    let value = json!({ "user": "app", "password": CANARY, "port": "5432" }).to_string();
    ns.apply(&manifests::store("values", manifests::fake(&[("db", &value)])).to_string()).good();
    ns
}

/// An ExternalSecret of all values of `db`, with this target.
fn of(name: &str, api_version: &str, kind: &str, target: Value) -> Value {
    let mut object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": name },
        "spec": {
            "refreshInterval": "1h", "secretStoreRef": { "name": "values" },
            "target": { "manifest": { "apiVersion": api_version, "kind": kind } },
            "dataFrom": [{ "extract": { "key": "db" } }],
        },
    });
    for (field, value) in target.as_object().into_iter().flatten() {
        object["spec"]["target"][field] = value.clone();
    }
    object
}

fn config_map(ns: &Namespace<'_>, name: &str) -> Option<Value> {
    ns.world.get(&format!("/api/v1/namespaces/{}/configmaps/{name}", ns.name))
}

fn app_config(ns: &Namespace<'_>, name: &str) -> Option<Value> {
    ns.world.get(&format!("/apis/config.example.com/v1/namespaces/{}/appconfigs/{name}", ns.name))
}

#[test]
fn generic_targets_are_off_by_default_and_that_is_said_in_esos_words() {
    let ns = shop(world(), "generic-off");
    let said = ns.apply(&of("app", "v1", "ConfigMap", json!({})).to_string());
    assert!(
        said.to_string()
            .contains("generic targets are disabled. Enable with --unsafe-allow-generic-targets flag")
    );
    ns.wait_ready("app", "False", "SecretSyncedError");
    assert_eq!(ns.ready("app").expect("a condition").2, "invalid generic target");
    assert!(config_map(&ns, "app").is_none() && ns.secret("app").is_none());
}

#[test]
fn a_generic_config_map_is_written_once_its_external_secret_is_stored_and_no_value_is_told() {
    let ns = shop(allowing(), "generic-map");
    let manifest = of("app", "v1", "ConfigMap", json!({})).to_string();
    assert!(ns.dry_run(&manifest).ok);
    assert!(config_map(&ns, "app").is_none(), "a dry run writes nothing");
    let said = ns.apply(&manifest).good();
    assert!(
        said.to_string().contains("ConfigMap \"app\" is written once this ExternalSecret is stored"),
        "{said}"
    );
    ns.wait_ready("app", "True", "ResourceSynced");
    assert_eq!(ns.ready("app").expect("a condition").2, "resource synced");
    let map = config_map(&ns, "app").expect("a ConfigMap");
    assert_eq!(map["data"], json!({ "user": "app", "password": CANARY, "port": "5432" }));
    assert_eq!(map["metadata"]["labels"]["reconcile.external-secrets.io/managed"], "true");
    assert_eq!(map["metadata"]["ownerReferences"][0]["kind"], "ExternalSecret");
    assert!(map["metadata"]["annotations"]["reconcile.external-secrets.io/data-hash"].is_string());
    assert!(ns.secret("app").is_none());
    ns.world.wait("the event", LIMIT, || {
        ns.kubectl(&["get", "events"]).to_string().contains("Created ConfigMap app").then_some(())
    });
    assert!(!ns.kubectl(&["get", "events,externalsecrets", "-o", "yaml"]).to_string().contains(CANARY));
    assert!(!ns.world.latchkey.log().contains(CANARY));
}

#[test]
fn a_generic_kind_of_ones_own_takes_values_at_paths() {
    let ns = shop(allowing(), "generic-paths");
    let template = json!({
        "metadata": { "labels": { "team": "{{ .user }}" } },
        "templateFrom": [
            { "target": "spec", "literal": "logging: { level: info }" },
            { "target": "spec.servers[0].database", "literal": "port: {{ .port }}\nuser: {{ .user }}" },
        ],
        "data": { "own": "{{ .user }}" },
    });
    ns.apply(&of("app", "config.example.com/v1", "AppConfig", json!({ "template": template })).to_string())
        .good();
    ns.apply(&of("plain", "config.example.com/v1", "AppConfig", json!({})).to_string()).good();
    ns.wait_ready("app", "True", "ResourceSynced");
    let object = app_config(&ns, "app").expect("an AppConfig");
    let server = json!({ "database": { "port": 5432, "user": "app" } });
    assert_eq!(object["spec"], json!({ "logging": { "level": "info" }, "servers": [server] }));
    assert_eq!(object["metadata"]["labels"]["team"], "app");
    assert!(object["spec"]["data"].is_null() && object["data"]["own"] == "app", "{object}");
    ns.wait_ready("plain", "True", "ResourceSynced");
    assert_eq!(app_config(&ns, "plain").expect("one")["spec"]["data"]["user"], "app");
}

#[test]
fn a_generic_target_that_was_changed_is_repaired_by_a_refresh_and_goes_with_its_external_secret() {
    let ns = shop(allowing(), "generic-drift");
    let mut manifest = of("app", "v1", "ConfigMap", json!({}));
    manifest["spec"]["refreshInterval"] = json!("2s");
    ns.apply(&manifest.to_string()).good();
    ns.wait_ready("app", "True", "ResourceSynced");
    ns.kubectl(&["patch", "configmap", "app", "--type=merge", "-p", r#"{"data":{"user":"x","more":"y"}}"#])
        .good();
    let data = || config_map(&ns, "app").map(|map| map["data"].clone());
    let wanted = json!({ "user": "app", "password": CANARY, "port": "5432" });
    ns.world.wait("the repair", LIMIT, || data().filter(|data| *data == wanted));
    ns.kubectl(&["delete", "configmap", "app"]).good();
    ns.world.wait("another", LIMIT, || data().filter(|data| *data == wanted));
    let object = config_map(&ns, "app").expect("a ConfigMap");
    let owner = &object["metadata"]["ownerReferences"][0];
    let uid = &ns.external_secret("app").expect("an ExternalSecret")["metadata"]["uid"];
    assert_eq!(
        (&owner["uid"], &owner["controller"]),
        (uid, &json!(true)),
        "the garbage collector deletes it"
    );
}

#[test]
fn a_generic_target_that_is_nobodys_is_merged_into_and_never_taken_over() {
    let ns = shop(allowing(), "generic-merge");
    ns.kubectl(&["create", "configmap", "app", "--from-literal=own=1"]).good();
    let said = ns.apply(&of("app", "v1", "ConfigMap", json!({})).to_string());
    assert!(said.to_string().contains("was not made by an ExternalSecret"), "{said}");
    ns.wait_ready("app", "False", "ResourceSyncedError");
    assert_eq!(config_map(&ns, "app").expect("it")["data"], json!({ "own": "1" }));
    ns.apply(&of("app", "v1", "ConfigMap", json!({ "creationPolicy": "Merge" })).to_string()).good();
    ns.wait_ready("app", "True", "ResourceSynced");
    let map = config_map(&ns, "app").expect("it");
    assert_eq!((&map["data"]["own"], &map["data"]["user"]), (&json!("1"), &json!("app")));
    assert!(map["metadata"]["ownerReferences"].is_null());
    ns.apply(&of("none", "v1", "ConfigMap", json!({ "creationPolicy": "Merge" })).to_string()).good();
    ns.wait_ready("none", "True", "ResourceMissing");
}

#[test]
fn a_generic_kind_that_latchkey_may_not_write_or_never_writes_is_said_at_the_prompt() {
    let ns = shop(allowing(), "generic-rights");
    for (api_version, kind, says) in [
        ("v1", "ServiceAccount", "no right to create serviceaccounts"),
        ("v1", "Namespace", "belongs to no namespace"),
        ("nowhere.example.com/v1", "Thing", "is not served by this cluster"),
        ("rbac.authorization.k8s.io/v1", "Role", "decide who may do what"),
    ] {
        let said = ns.dry_run(&of("app", api_version, kind, json!({})).to_string());
        assert!(said.to_string().contains(says), "{kind}: {said}");
    }
}

#[test]
fn a_generic_target_under_another_name_or_of_another_kind_leaves_no_former_one_of_its_own() {
    let ns = shop(allowing(), "generic-moved");
    let named = |name: &str| of("app", "v1", "ConfigMap", json!({ "name": name })).to_string();
    // It was a Secret first, and others have theirs.
    let mut secret = of("app", "v1", "ConfigMap", json!({}));
    secret["spec"]["target"] = json!({ "name": "one" });
    ns.apply(&secret.to_string()).good();
    ns.wait_ready("app", "True", "SecretSynced");
    ns.apply(&of("other", "v1", "ConfigMap", json!({})).to_string()).good();
    ns.wait_ready("other", "True", "ResourceSynced");
    // Whoever copies the label has what is his left alone.
    ns.apply(&named("one")).good();
    let first = ns.world.wait("the first", LIMIT, || config_map(&ns, "one"));
    ns.wait_gone("one", LIMIT);
    let label = "reconcile.external-secrets.io/created-by";
    let copied = format!("{label}={}", first["metadata"]["labels"][label].as_str().expect("a label"));
    ns.kubectl(&["create", "configmap", "copied", "--from-literal=own=1"]).good();
    ns.kubectl(&["label", "configmap", "copied", &copied]).good();

    ns.apply(&named("two")).good();
    ns.world.wait("the second", LIMIT, || config_map(&ns, "two"));
    ns.world.wait("the end of the first", LIMIT, || config_map(&ns, "one").is_none().then_some(()));
    ns.wait_ready("app", "True", "ResourceSynced");
    assert!(config_map(&ns, "copied").is_some() && config_map(&ns, "other").is_some());
    ns.world.wait("the event", LIMIT, || {
        let events = ns.kubectl(&["get", "events"]).to_string();
        events.contains("resource deleted because it was orphaned").then_some(())
    });

    // Under any other policy it is nobody's to delete.
    let keeping = |name: &str| json!({ "name": name, "creationPolicy": "CreateOrMerge" });
    ns.apply(&of("kept", "v1", "ConfigMap", keeping("three")).to_string()).good();
    ns.world.wait("the third", LIMIT, || config_map(&ns, "three"));
    ns.wait_ready("kept", "True", "ResourceSynced");
    ns.apply(&of("kept", "v1", "ConfigMap", keeping("four")).to_string()).good();
    ns.world.wait("the fourth", LIMIT, || config_map(&ns, "four"));
    assert!(config_map(&ns, "three").is_some());
}

#[test]
fn a_generic_kind_whose_crd_comes_later_is_found_without_an_apply() {
    let ns = shop(allowing(), "generic-late");
    let kind = json!({ "name": "app", "template": { "data": { "user": "{{ .user }}" } } });
    let manifest = of("app", "late.example.com/v1", "Late", kind).to_string();
    let said = ns.apply(&manifest).good();
    assert!(said.to_string().contains("is not served by this cluster"), "{said}");
    ns.wait_ready("app", "False", "ResourceSyncedError");
    let crd = Kind { name: "Late", group: "late.example.com", schema: anything() }.definition();
    let rule = json!({
        "apiGroups": ["late.example.com"], "resources": ["lates"], "verbs": ["get", "create", "update"],
    });
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "late" }, "rules": [rule],
    });
    ns.apply(&manifests::list(&[crd, role])).good();
    ns.kubectl(&[
        "create",
        "rolebinding",
        "late",
        "--role=late",
        "--serviceaccount=latchkey-system:latchkey",
    ])
    .good();
    ns.wait_ready("app", "True", "ResourceSynced");
    let path = format!("/apis/late.example.com/v1/namespaces/{}/lates/app", ns.name);
    assert_eq!(ns.world.get(&path).expect("it")["data"], json!({ "user": "app" }));
}
