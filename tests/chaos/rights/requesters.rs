//! Users who try to have more done than they may do: asked about by SubjectAccessReview.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::Row;
use crate::support::manifests::{external_secret, fake, one, store};
use crate::support::{Latchkey, Namespace, Options, Said, World};

/// A world whose latchkey asks, with the right to ask.
fn asking(mode: &str) -> World {
    let world = World::start(Options { flags: flags(mode), ..Options::default() });
    let chart = crate::support::repository().join("manifests/chart");
    let chart = chart.to_str().expect("UTF-8").to_owned();
    let set = "requesterChecks=enforce";
    let shown = "templates/rbac.yaml";
    let system = crate::support::SYSTEM;
    let template =
        ["template", "latchkey", &chart, "--namespace", system, "--set", set, "--show-only", shown];
    let rights = Said::run(world.cluster.helm(template).expect("Helm"), "").good().out;
    world.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &rights).good();
    world
}

fn flags(mode: &str) -> Vec<String> {
    vec![format!("--requester-checks={mode}"), "--unsafe-allow-generic-targets".to_owned()]
}

/// kubectl as this user in this namespace.
fn as_user(ns: &Namespace<'_>, user: &str, args: &[&str], input: &str) -> Said {
    let args = [&["--namespace", &ns.name], args].concat();
    let mut command = ns.world.cluster.kubectl(args).expect("kubectl");
    command.env("KUBECONFIG", ns.world.cluster.user_kubeconfig(user).expect("a user"));
    Said::run(command, input)
}

fn applies(ns: &Namespace<'_>, user: &str, object: &Value) -> Said {
    as_user(ns, user, &["apply", "-f", "-"], &object.to_string())
}

/// Grants a user these rights in the namespace: `verb,… resource[.group][/name]`. Not by `kubectl create role`, which does
/// not let a role have the verb `use`.
fn grant(ns: &Namespace<'_>, user: &str, role: &str, right: &str) {
    let (verbs, resource) = right.split_once(' ').expect("verbs and a resource");
    let (resource, name) = resource.split_once('/').unwrap_or((resource, ""));
    let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
    let verbs: Vec<&str> = verbs.split(',').collect();
    let names: Vec<&str> = [name].into_iter().filter(|name| !name.is_empty()).collect();
    let rule =
        json!({ "apiGroups": [group], "resources": [resource], "resourceNames": names, "verbs": verbs });
    let object = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": role }, "rules": [rule],
    });
    ns.apply(&object.to_string()).good();
    let (role_flag, user) = (format!("--role={role}"), format!("--user={user}"));
    ns.kubectl(&["create", "rolebinding", role, &role_flag, &user]).good();
}

/// An ExternalSecret that reads the namespace's own store.
fn reader(name: &str, spec: Value) -> Value {
    let mut object = external_secret(name, "", spec);
    object["spec"]["secretStoreRef"] = json!({ "name": "own" });
    object
}

#[track_caller]
fn lacks(said: Said, rights: &[&str]) {
    let said = said.refused();
    assert_eq!(said.err.matches("may not").count(), rights.len(), "{said}");
    for right in rights {
        assert!(said.err.contains(&format!("user \"alice\" may not {right}")), "{right}: {said}");
    }
}

fn namespace<'a>(world: &'a World, prefix: &str) -> Namespace<'a> {
    let ns = Namespace::new(world, prefix);
    ns.apply(&store("own", fake(&[("db", r#"{"password":"1"}"#)])).to_string()).good();
    grant(
        &ns,
        "alice",
        "writes-externalsecrets",
        "get,list,create,patch externalsecrets.external-secrets.io",
    );
    ns
}

fn create_secrets(ns: &Namespace<'_>) -> String {
    format!("create secrets in namespace {:?}", ns.name)
}

fn use_own(ns: &Namespace<'_>) -> String {
    format!("use secretstores.external-secrets.io \"own\" in namespace {:?}", ns.name)
}

#[test]
fn a_user_gets_nothing_done_that_he_may_not_do() {
    let mut world = asking("enforce");
    let began = Instant::now();
    a_secret_and_a_store_of_the_namespace(&world);
    a_store_of_the_cluster(&world);
    everywhere(&world);
    somebody_elses_secret(&world);
    a_secret_that_is_there(&world);
    an_object_that_is_no_secret(&world);
    a_right_that_is_taken_away(&world);
    who_cannot_be_asked_about(&world);
    past_a_webhook_that_is_down(&mut world);
    let row = Row {
        area: "rights",
        fault: "a user without the rights applies, changes and extends ExternalSecrets (requester checks enforced)",
        test: "rights::requesters::a_user_gets_nothing_done_that_he_may_not_do",
        tried: "27 ways".into(),
        seen: format!(
            "each refused by name of the right, nothing made; {} s in all",
            began.elapsed().as_secs()
        ),
        well_after: None,
    };
    row.write();
}

fn a_secret_and_a_store_of_the_namespace(world: &World) {
    let ns = namespace(world, "asking");
    let object = reader("app", one("db", "password"));
    lacks(applies(&ns, "alice", &object), &[&create_secrets(&ns), &use_own(&ns)]);
    let dry = as_user(&ns, "alice", &["apply", "--dry-run=server", "-f", "-"], &object.to_string());
    lacks(dry, &[&create_secrets(&ns), &use_own(&ns)]);
    let mut unnamed = object.clone();
    unnamed["metadata"] = json!({ "generateName": "app-" });
    let said = as_user(&ns, "alice", &["create", "-f", "-"], &unnamed.to_string());
    lacks(said, &[&create_secrets(&ns), &use_own(&ns)]);

    grant(&ns, "alice", "makes-secrets", "create secrets");
    lacks(applies(&ns, "alice", &object), &[&use_own(&ns)]);
    assert_eq!((ns.secret("app"), ns.external_secret("app")), (None, None));

    grant(&ns, "alice", "uses-own", "use secretstores.external-secrets.io/own");
    applies(&ns, "alice", &object).silent();
    assert_eq!(ns.value("app", "password").as_deref(), Some("1"));
}

/// An object of the kind that is asked for, by somebody who may do everything else.
fn an_object_that_is_no_secret(world: &World) {
    let ns = namespace(world, "asking-object");
    let rule =
        json!({ "apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "update"] });
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": "latchkey" }, "rules": [rule],
    });
    ns.apply(&role.to_string()).good();
    let account = format!("--serviceaccount={}:latchkey", crate::support::SYSTEM);
    ns.kubectl(&["create", "rolebinding", "latchkey", "--role=latchkey", &account]).good();
    grant(&ns, "alice", "uses-own", "use secretstores.external-secrets.io/own");
    grant(&ns, "alice", "makes-secrets", "create,update secrets"); // of no use here

    let target = |api_version: &str, kind: &str, policy: &str| {
        let mut spec = one("db", "password");
        let manifest = json!({ "apiVersion": api_version, "kind": kind });
        spec["target"] = json!({ "manifest": manifest, "creationPolicy": policy });
        reader("app", spec)
    };
    let (map, merged) = (target("v1", "ConfigMap", "Owner"), target("v1", "ConfigMap", "Merge"));
    let creating = format!("create configmaps in namespace {:?}", ns.name);
    let updating = format!("update configmaps \"app\" in namespace {:?}", ns.name);
    lacks(applies(&ns, "alice", &map), &[&creating, &updating]);
    lacks(applies(&ns, "alice", &merged), &[&updating]);
    for (api_version, kind, says) in [
        ("rbac.authorization.k8s.io/v1", "Role", "decide who may do what"),
        ("v1", "Namespace", "belongs to no namespace"),
        ("nowhere.example.com/v1", "Thing", "is not served by this cluster"),
    ] {
        let said = applies(&ns, "alice", &target(api_version, kind, "Owner")).refused();
        assert!(said.err.contains(says), "{kind}: {said}");
    }
    grant(&ns, "alice", "makes-maps", "create configmaps");
    lacks(applies(&ns, "alice", &map), &[&updating]);
    let path = format!("/api/v1/namespaces/{}/configmaps/app", ns.name);
    assert_eq!((world.get(&path), ns.external_secret("app")), (None, None));

    grant(&ns, "alice", "changes-maps", "update configmaps/app");
    applies(&ns, "alice", &map).good();
    world.wait("the ConfigMap", Duration::from_secs(30), || {
        world.get(&path).filter(|map| map["data"]["password"] == "1")
    });
}

/// A ClusterExternalSecret, by somebody who may write these and nothing else.
fn everywhere(world: &World) {
    let ns = namespace(world, "asking-everywhere");
    let rule = json!({
        "apiGroups": ["external-secrets.io"], "resources": ["clusterexternalsecrets"],
        "verbs": ["get", "create", "patch"],
    });
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": { "name": ns.name }, "rules": [rule],
    });
    ns.apply(&role.to_string()).good();
    let role = format!("--clusterrole={}", ns.name);
    ns.kubectl(&["create", "clusterrolebinding", &ns.name, &role, "--user=alice"]).good();
    let object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ClusterExternalSecret", "metadata": { "name": ns.name },
        "spec": {
            "namespaces": [ns.name],
            "externalSecretSpec": external_secret("any", &ns.name, one("db", "password"))["spec"],
        },
    });
    let making = "create externalsecrets.external-secrets.io";
    let using = format!("use clustersecretstores.external-secrets.io {:?}", ns.name);
    lacks(applies(&ns, "alice", &object), &[making, &using]);
}

fn a_store_of_the_cluster(world: &World) {
    let ns = namespace(world, "asking-cluster");
    let mut shared = store(&ns.name, fake(&[("db", r#"{"password":"2"}"#)]));
    shared["kind"] = json!("ClusterSecretStore");
    ns.apply(&shared.to_string()).good();
    grant(&ns, "alice", "makes-secrets", "create secrets");
    grant(&ns, "alice", "uses-own", "use secretstores.external-secrets.io/own");
    let using = format!("use clustersecretstores.external-secrets.io {:?}", ns.name);
    let object = external_secret("app", &ns.name, one("db", "password"));
    lacks(applies(&ns, "alice", &object), &[&using]);

    applies(&ns, "alice", &reader("app", one("db", "password"))).silent();
    lacks(applies(&ns, "alice", &object), &[&using]); // by a change
    let mut sneaked = reader("app", one("db", "password"));
    sneaked["spec"]["data"][0]["sourceRef"] = json!({ "storeRef": object["spec"]["secretStoreRef"] });
    lacks(applies(&ns, "alice", &sneaked), &[&using]); // by an entry's own store
    assert_eq!(ns.value("app", "password").as_deref(), Some("1"));

    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": ns.name },
        "rules": [{ "apiGroups": ["external-secrets.io"], "resources": ["clustersecretstores"],
                    "resourceNames": [ns.name], "verbs": ["use"] }],
    });
    ns.apply(&role.to_string()).good();
    ns.kubectl(&[
        "create",
        "clusterrolebinding",
        &ns.name,
        &format!("--clusterrole={}", ns.name),
        "--user=alice",
    ])
    .good();
    world.wait("the grant", Duration::from_secs(10), || applies(&ns, "alice", &object).ok.then_some(()));
    assert_eq!(ns.value("app", "password").as_deref(), Some("2"));
}

fn somebody_elses_secret(world: &World) {
    let ns = namespace(world, "asking-merge");
    grant(&ns, "alice", "makes-secrets", "create secrets");
    grant(&ns, "alice", "uses-own", "use secretstores.external-secrets.io/own");
    let there = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "theirs" }, "stringData": { "a": "b" } });
    ns.apply(&there.to_string()).good();
    let mut spec = one("db", "password");
    spec["target"] = json!({ "name": "theirs", "creationPolicy": "Merge" });
    let object = reader("app", spec);
    let updating = format!("update secrets \"theirs\" in namespace {:?}", ns.name);
    lacks(applies(&ns, "alice", &object), &[&updating]);
    assert_eq!(ns.values("theirs").expect("it").len(), 1);
    grant(&ns, "alice", "changes-theirs", "update secrets/theirs");
    applies(&ns, "alice", &object).good();
    ns.wait_value("theirs", "password", "1"); // written once the object is stored
}

/// Who may create Secrets may not have one overwritten that is there.
fn a_secret_that_is_there(world: &World) {
    let ns = namespace(world, "asking-taken");
    grant(&ns, "alice", "makes-secrets", "create secrets");
    grant(&ns, "alice", "uses-own", "use secretstores.external-secrets.io/own");
    ns.kubectl(&["create", "secret", "generic", "theirs", "--from-literal=a=b"]).good();
    let updating = format!("update secrets \"theirs\" in namespace {:?}", ns.name);
    for policy in ["Owner", "Orphan", "CreateOrMerge"] {
        let mut spec = one("db", "password");
        spec["target"] = json!({ "name": "theirs", "creationPolicy": policy });
        lacks(applies(&ns, "alice", &reader("app", spec.clone())), &[&updating]);
        applies(&ns, "alice", &reader("mine", one("db", "password"))).silent();
        lacks(applies(&ns, "alice", &reader("mine", spec)), &[&updating]); // by a change of the target
    }
    assert_eq!(ns.values("theirs").expect("it").len(), 1);
    let mine = reader("mine", all());
    applies(&ns, "alice", &mine).silent(); // what is his he may change
}

fn all() -> Value {
    json!({ "dataFrom": [{ "extract": { "key": "db" } }] })
}

fn a_right_that_is_taken_away(world: &World) {
    let ns = namespace(world, "asking-less");
    grant(&ns, "alice", "makes-secrets", "create secrets");
    grant(&ns, "alice", "uses-own", "use secretstores.external-secrets.io/own");
    applies(&ns, "alice", &reader("app", one("db", "password"))).silent();
    ns.kubectl(&["delete", "rolebinding", "uses-own"]).good();
    let mut number = 0;
    world.wait("the end of a yes", Duration::from_secs(30), || {
        number += 1;
        (!applies(&ns, "alice", &reader(&format!("app-{number}"), one("db", "password"))).ok).then_some(())
    });
    // What he had done stays, and asking for its value of now gives him nothing new.
    as_user(&ns, "alice", &["annotate", "externalsecret", "app", "force-sync=1"], "").silent();
    assert_eq!(ns.value("app", "password").as_deref(), Some("1"));
}

fn who_cannot_be_asked_about(world: &World) {
    let ns = namespace(world, "asking-nobody");
    let role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/latchkey";
    let with = world.get(role).expect("the role");
    let mut without = with.clone();
    let rules = without["rules"].as_array_mut().expect("rules");
    rules.retain(|rule| rule["apiGroups"][0] != "authorization.k8s.io");
    let replace = |object: &Value| {
        let mut object = object.clone();
        object["metadata"].as_object_mut().expect("metadata").remove("resourceVersion");
        world.cluster.api("PUT", role, &object).expect("replaced");
    };
    replace(&without);
    // The API server's authorizer learns of it a moment later.
    let text = "cannot ask whether the requester may do this";
    let mut number = 0;
    world.wait("a refusal for want of an answer", Duration::from_secs(20), || {
        number += 1;
        let said = ns.apply(&reader(&format!("app-{number}"), one("db", "password")).to_string());
        (!said.ok && said.err.contains(text)).then_some(())
    });
    replace(&with);
    world.wait("the answer", Duration::from_secs(20), || {
        ns.apply(&reader("app", one("db", "password")).to_string()).ok.then_some(())
    });
}

/// What must never be made is not made by the refresher either.
fn past_a_webhook_that_is_down(world: &mut World) {
    world.latchkey.kill();
    let ns = namespace(world, "asking-down");
    let mut spec = one("db", "password");
    spec["target"] = json!({ "template": { "type": "bootstrap.kubernetes.io/token" } });
    ns.apply(&reader("app", spec).to_string()).good();
    let options = Options { flags: flags("enforce"), ..Options::default() };
    let again = Latchkey::start(&world.cluster, &world.moto, options);
    again.wait_ready();
    ns.wait_ready("app", "False", "SecretSyncedError");
    assert_eq!(ns.secret("app"), None);
}

#[test]
fn where_it_only_warns_the_user_is_told_and_served() {
    let world = asking("warn");
    let ns = namespace(&world, "asking-warn");
    let said = world.wait("the right to ask", Duration::from_secs(20), || {
        let said = applies(&ns, "alice", &reader("app", one("db", "password"))).good();
        let asked = said.warnings().iter().all(|warning| warning.contains("may not"));
        if !asked {
            ns.kubectl(&["delete", "externalsecret", "app"]).good();
        }
        asked.then_some(said)
    });
    let warnings = said.warnings();
    assert_eq!(warnings.len(), 2, "{said}");
    assert!(warnings[0].contains(&create_secrets(&ns)) && warnings[1].contains(&use_own(&ns)), "{said}");
    assert_eq!(ns.value("app", "password").as_deref(), Some("1"));
    ns.apply(&reader("admins", one("db", "password")).to_string()).silent();
}
