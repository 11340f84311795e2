//! PushSecrets: what is in a Secret goes to a store, at once when it changes, and never over what is somebody else's.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Namespace, Said, condition, manifests, world};

pub const LIMIT: Duration = Duration::from_secs(60);
pub const API: &str = "external-secrets.io/v1alpha1";

/// A namespace with a Vault store of its name, and a Secret `source`.
pub fn scene(prefix: &str) -> Namespace<'static> {
    let ns = Namespace::new(world(), prefix);
    ns.vault_store(&world().vault.addr(), world().vault.root_token());
    source(&ns, "source", &[("user", "admin"), ("password", "hunter2")]);
    ns
}

pub fn source(ns: &Namespace<'_>, name: &str, values: &[(&str, &str)]) {
    let data: Value = values.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
    let secret =
        json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": data });
    ns.apply(&secret.to_string()).good();
}

/// A PushSecret of the Secret `source` to that store, with these fields of `spec`.
pub fn push(ns: &Namespace<'_>, name: &str, spec: Value) -> Value {
    let mut object = json!({
        "apiVersion": API, "kind": "PushSecret", "metadata": { "name": name },
        "spec": {
            "secretStoreRefs": [{ "kind": "ClusterSecretStore", "name": ns.name }],
            "selector": { "secret": { "name": "source" } },
        },
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    object
}

/// One entry of `spec.data`; an empty property is the whole.
pub fn entry(ns: &Namespace<'_>, key: &str, remote: &str, property: &str) -> Value {
    let mut remote_ref = json!({ "remoteKey": format!("{}/{remote}", ns.name) });
    if !property.is_empty() {
        remote_ref["property"] = json!(property);
    }
    let mut entry = json!({ "match": { "remoteRef": remote_ref } });
    if !key.is_empty() {
        entry["match"]["secretKey"] = json!(key);
    }
    entry
}

pub fn apply(ns: &Namespace<'_>, object: &Value) -> Said {
    ns.apply(&object.to_string())
}

/// What is in Vault, and which version of it.
pub fn remote(ns: &Namespace<'_>, name: &str) -> Option<(Value, u64)> {
    let answer = world().vault.api("GET", &format!("secret/data/{}/{name}", ns.name), &Value::Null).ok()?;
    let data = answer["data"]["data"].clone();
    (!data.is_null()).then(|| (data, answer["data"]["metadata"]["version"].as_u64().unwrap_or_default()))
}

pub fn wait_remote(ns: &Namespace<'_>, name: &str, is: &Value) -> u64 {
    world().wait(&format!("{name} in Vault"), LIMIT, || {
        remote(ns, name).filter(|(data, _)| data == is).map(|(_, version)| version)
    })
}

pub fn stored(ns: &Namespace<'_>, name: &str) -> Option<Value> {
    world().get(&format!("/apis/{API}/namespaces/{}/pushsecrets/{name}", ns.name))
}

/// Waits for the condition Ready; its message.
pub fn wait_ready(ns: &Namespace<'_>, name: &str, status: &str, reason: &str) -> String {
    let (.., message) = world().wait(&format!("{name} {status} {reason}"), LIMIT, || {
        condition(&stored(ns, name)?).filter(|(is, why, _)| is == status && why == reason)
    });
    message
}

#[test]
fn keys_go_to_a_store_and_go_again_as_soon_as_they_change() {
    let ns = scene("push");
    let data = json!([entry(&ns, "password", "app", "pass"), entry(&ns, "user", "app", "name")]);
    apply(&ns, &push(&ns, "app", json!({ "refreshInterval": "1h", "data": data }))).silent();
    wait_remote(&ns, "app", &json!({ "pass": "hunter2", "name": "admin" }));
    assert_eq!(wait_ready(&ns, "app", "True", "Synced"), "PushSecret synced successfully");
    let status = stored(&ns, "app").expect("it")["status"].clone();
    let synced = &status["syncedPushSecrets"][format!("ClusterSecretStore/{}", ns.name)];
    assert_eq!(synced[format!("{}/app/pass", ns.name)]["match"]["secretKey"], "password", "{status}");
    let columns = ns.kubectl(&["get", "ps", "app", "--no-headers"]).good();
    assert!(columns.out.contains("Synced"), "{columns}");

    source(&ns, "source", &[("user", "admin"), ("password", "changed")]);
    let version = wait_remote(&ns, "app", &json!({ "pass": "changed", "name": "admin" }));
    wait_ready(&ns, "app", "True", "Synced");

    // What is there already is not written again.
    ns.kubectl(&["annotate", "pushsecret", "app", "again=1"]).good();
    let synced = |object: &Value| object["status"]["syncedResourceVersion"].as_str().map(str::to_owned);
    let before = synced(&stored(&ns, "app").expect("it"));
    world().wait("another push", LIMIT, || {
        stored(&ns, "app")
            .filter(|object| synced(object) != before || before.is_none())
            .map(drop)
            .or_else(|| (remote(&ns, "app").map(|(_, now)| now) == Some(version)).then_some(()))
    });
    assert_eq!(remote(&ns, "app").map(|(_, now)| now), Some(version), "it was written again");
}

#[test]
fn what_is_somebody_elses_is_not_overwritten_and_it_says_so() {
    let ns = scene("push-foreign");
    world().vault.put(&format!("secret/{}/theirs", ns.name), &json!({ "pass": "theirs" })).expect("put");
    let data = json!([entry(&ns, "password", "theirs", "pass")]);
    apply(&ns, &push(&ns, "theirs", json!({ "data": data, "deletionPolicy": "Delete" }))).good();
    let message = wait_ready(&ns, "theirs", "False", "Errored");
    assert!(message.starts_with("set secret failed: could not write"), "{message}");
    assert!(message.contains("not managed by external-secrets"), "{message}");
    assert_eq!(remote(&ns, "theirs").map(|(data, _)| data), Some(json!({ "pass": "theirs" })));
    ns.kubectl(&["delete", "pushsecret", "theirs"]).good();
    assert_eq!(remote(&ns, "theirs").map(|(data, _)| data), Some(json!({ "pass": "theirs" })));
}

#[test]
fn what_was_pushed_goes_with_the_entry_and_with_the_push_secret_if_that_is_wanted() {
    let ns = scene("push-delete");
    let both = json!([entry(&ns, "password", "one", "pass"), entry(&ns, "user", "two", "name")]);
    apply(&ns, &push(&ns, "app", json!({ "data": both, "deletionPolicy": "Delete" }))).silent();
    wait_remote(&ns, "one", &json!({ "pass": "hunter2" }));
    wait_remote(&ns, "two", &json!({ "name": "admin" }));
    wait_ready(&ns, "app", "True", "Synced");
    let finalizers = stored(&ns, "app").expect("it")["metadata"]["finalizers"].clone();
    assert_eq!(finalizers, json!(["pushsecret.externalsecrets.io/finalizer"]));

    let one = json!([entry(&ns, "password", "one", "pass")]);
    apply(&ns, &push(&ns, "app", json!({ "data": one, "deletionPolicy": "Delete" }))).silent();
    world().wait("the end of two", LIMIT, || remote(&ns, "two").is_none().then_some(()));
    ns.kubectl(&["delete", "pushsecret", "app"]).good();
    world().wait("the end of one", LIMIT, || remote(&ns, "one").is_none().then_some(()));
    assert!(stored(&ns, "app").is_none());

    // And stays where it is not.
    apply(&ns, &push(&ns, "kept", json!({ "data": one }))).silent();
    wait_remote(&ns, "one", &json!({ "pass": "hunter2" }));
    ns.kubectl(&["delete", "pushsecret", "kept"]).good();
    assert!(remote(&ns, "one").is_some());
}

#[test]
fn a_source_that_goes_takes_along_what_was_pushed_and_one_that_comes_is_pushed_at_once() {
    let ns = scene("push-source");
    let data = json!([entry(&ns, "password", "app", "pass")]);
    let spec =
        json!({ "data": data, "deletionPolicy": "Delete", "selector": { "secret": { "name": "late" } } });
    apply(&ns, &push(&ns, "app", spec)).good();
    let message = wait_ready(&ns, "app", "False", "Errored");
    assert!(message.starts_with("could not get source secret"), "{message}");
    source(&ns, "late", &[("password", "1")]);
    wait_remote(&ns, "app", &json!({ "pass": "1" }));
    wait_ready(&ns, "app", "True", "Synced");
    ns.kubectl(&["delete", "secret", "late"]).good();
    world().wait("the end of app", LIMIT, || remote(&ns, "app").is_none().then_some(()));
    let message = wait_ready(&ns, "app", "False", "SourceDeleted");
    assert_eq!(message, "source secret deleted; provider secrets cleaned up");
}

#[test]
fn a_store_that_is_deleted_with_its_push_secrets_is_cleaned_up_and_one_that_never_was_holds_nothing_up() {
    let ns = scene("push-leave");
    let data = json!([entry(&ns, "password", "one", "pass")]);
    apply(&ns, &push(&ns, "app", json!({ "data": data, "deletionPolicy": "Delete" }))).silent();
    wait_remote(&ns, "one", &json!({ "pass": "hunter2" }));
    wait_ready(&ns, "app", "True", "Synced");
    let entry = json!({ "a": { "match": { "remoteRef": { "remoteKey": "a" } } } });
    let unknown = json!({ "status": { "syncedPushSecrets": { "SecretStore/never-was": entry } } });
    let unknown = unknown.to_string();
    ns.kubectl(&["patch", "pushsecret", "app", "--subresource=status", "--type=merge", "-p", &unknown])
        .good();
    world().kubectl(&["delete", "clustersecretstore", &ns.name], "").good();
    ns.kubectl(&["delete", "pushsecret", "app", "--wait=false"]).good();
    world().wait("the end of what was pushed", LIMIT, || remote(&ns, "one").is_none().then_some(()));
    world().wait("the end of the PushSecret", LIMIT * 2, || stored(&ns, "app").is_none().then_some(()));
    ns.wait_event(
        "app",
        "LeftBehind",
        "what was pushed to SecretStore/never-was stays there: the store is gone",
    );
}

#[test]
fn if_not_exists_leaves_what_is_there() {
    let ns = scene("push-keep");
    world().vault.put(&format!("secret/{}/there", ns.name), &json!({ "pass": "theirs" })).expect("put");
    let data = json!([entry(&ns, "password", "there", "pass"), entry(&ns, "password", "new", "pass")]);
    apply(&ns, &push(&ns, "app", json!({ "data": data, "updatePolicy": "IfNotExists" }))).silent();
    wait_remote(&ns, "new", &json!({ "pass": "hunter2" }));
    let message = wait_ready(&ns, "app", "True", "Synced");
    assert_eq!(message, "PushSecret synced successfully. Existing secrets in providers unchanged.");
    assert_eq!(remote(&ns, "there").map(|(data, _)| data), Some(json!({ "pass": "theirs" })));

    // Nor does it become this one's by that.
    ns.kubectl(&[
        "patch",
        "pushsecret",
        "app",
        "--type=merge",
        "-p",
        r#"{"spec":{"deletionPolicy":"Delete"}}"#,
    ])
    .good();
    world().wait("the finalizer", LIMIT, || {
        stored(&ns, "app").filter(|object| object["metadata"]["finalizers"].is_array())
    });
    ns.kubectl(&["delete", "pushsecret", "app"]).good();
    world().wait("the end of new", LIMIT, || remote(&ns, "new").is_none().then_some(()));
    assert_eq!(remote(&ns, "there").map(|(data, _)| data), Some(json!({ "pass": "theirs" })));
}

#[test]
fn templates_whole_secrets_and_many_keys_at_once() {
    let ns = scene("push-many");
    let to = |fields: Value| {
        let mut to = json!({ "storeRef": { "kind": "ClusterSecretStore", "name": ns.name } });
        fields.as_object().into_iter().flatten().for_each(|(field, value)| to[field] = value.clone());
        to
    };
    let data_to =
        json!([to(json!({ "remoteKey": format!("{}/bundle", ns.name), "match": { "regexp": "^pass" } }))]);
    let whole = json!([entry(&ns, "", "whole", "")]);
    apply(&ns, &push(&ns, "many", json!({ "data": whole, "dataTo": data_to }))).silent();
    wait_remote(&ns, "whole", &json!({ "user": "admin", "password": "hunter2" }));
    wait_remote(&ns, "bundle", &json!({ "password": "hunter2" }));

    let template = json!({ "data": { "dsn": "{{ .user }}:{{ .password | upper }}" } });
    let data = json!([entry(&ns, "dsn", "made", "dsn"), entry(&ns, "user", "made", "name")]);
    apply(&ns, &push(&ns, "templated", json!({ "data": data, "template": template }))).silent();
    wait_remote(&ns, "made", &json!({ "dsn": "admin:HUNTER2", "name": "admin" }));

    let data = json!([entry(&ns, "nothing", "made2", "x")]);
    apply(&ns, &push(&ns, "missing", json!({ "data": data }))).good();
    let message = wait_ready(&ns, "missing", "False", "Errored");
    assert!(message.contains("secret key nothing does not exist"), "{message}");
}

#[test]
fn aws_and_kubernetes_are_pushed_to_as_well() {
    let ns = scene("push-others");
    let aws = json!({ "aws": { "service": "SecretsManager", "region": "us-east-1" } });
    ns.apply(&manifests::store("aws", aws).to_string()).silent();
    let server = json!({ "url": world().cluster.url(), "caBundle": base64(world().cluster.ca_pem()) });
    let auth = json!({ "serviceAccount": { "name": "default" } });
    let own = json!({ "kubernetes": { "remoteNamespace": ns.name, "server": server, "auth": auth } });
    ns.apply(&manifests::store("own", own).to_string()).good();
    let binding = json!({
        "metadata": { "name": "writer" },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin" },
        "subjects": [{ "kind": "ServiceAccount", "name": "default", "namespace": ns.name }],
    });
    let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/rolebindings", ns.name);
    world().cluster.create(&path, &binding).expect("a binding");

    ns.kubectl(&["label", "secret", "source", "team=a"]).good();
    let stores = json!([{ "name": "aws" }, { "name": "own" }]);
    let data = json!([{ "match": { "secretKey": "password", "remoteRef": { "remoteKey": format!("copy-of-{}", ns.name), "property": "pass" } } }]);
    apply(&ns, &push(&ns, "app", json!({ "secretStoreRefs": stores, "data": data }))).silent();
    wait_ready(&ns, "app", "True", "Synced");
    let name = format!("copy-of-{}", ns.name);
    assert_eq!(ns.value(&name, "pass").as_deref(), Some("hunter2"));
    let copy = ns.secret(&name).expect("it")["metadata"].clone();
    let carried = (copy["labels"].clone(), copy["annotations"].clone());
    // kubectl has applied the source, so there the annotation with its data is.
    assert_eq!(carried, (json!({ "team": "a" }), json!({ "latchkey.dev/pushed": "true" })));
    let read = json!({ "SecretId": name });
    let value = world().moto.secrets_manager("GetSecretValue", &read).expect("it");
    let bytes = decoded(value["SecretBinary"].as_str().expect("binary"));
    assert_eq!(bytes, r#"{"pass":"hunter2"}"#);
}

#[test]
fn one_cluster_push_secret_pushes_from_each_namespace() {
    let ns = scene("push-fan");
    let name = &ns.name;
    world().kubectl(&["label", "namespace", name, &format!("push={name}")], "").good();
    let spec = push(&ns, "any", json!({ "data": [entry(&ns, "user", "fan", "name")] }))["spec"].clone();
    let fan = json!({
        "apiVersion": API, "kind": "ClusterPushSecret", "metadata": { "name": name },
        "spec": { "pushSecretName": "theirs", "pushSecretSpec": spec, "namespaceSelectors": [{ "matchLabels": { "push": name } }] },
    });
    world().apply(&fan.to_string()).good();
    wait_remote(&ns, "fan", &json!({ "name": "admin" }));
    wait_ready(&ns, "theirs", "True", "Synced");
    let path = format!("/apis/{API}/clusterpushsecrets/{name}");
    world().wait("its status", LIMIT, || {
        world().get(&path).filter(|object| object["status"]["provisionedNamespaces"] == json!([name]))
    });
    world().kubectl(&["delete", "clusterpushsecret", name], "").good();
    world().wait("the end of theirs", LIMIT, || stored(&ns, "theirs").is_none().then_some(()));
}

#[test]
fn what_can_never_work_is_refused_at_apply() {
    let ns = scene("push-bad");
    for (spec, says) in [
        (json!({ "data": [entry(&ns, "a", "x", ""), entry(&ns, "b", "x", "")] }), "remoteKey"),
        (json!({ "data": [entry(&ns, "a", "x", "")], "refreshInterval": "soon" }), "refreshInterval"),
        (json!({ "data": [entry(&ns, "a", "x", "")], "template": { "data": { "a": "{{ .a" } } }), "template"),
        (json!({ "dataTo": [{ "storeRef": { "name": "a" }, "match": { "regexp": "(" } }] }), "regexp"),
    ] {
        let refused = apply(&ns, &push(&ns, "bad", spec)).refused();
        assert!(refused.err.contains(says), "{refused}");
    }
}

#[test]
fn a_store_that_is_not_there_or_only_read_is_said_at_apply() {
    let ns = scene("push-stores");
    let fake = json!({ "fake": { "data": [{ "key": "a", "value": "b" }] } });
    ns.apply(&manifests::store("fake", fake).to_string()).good();
    let stores = json!([{ "name": "fake" }, { "name": "nowhere" }]);
    let data = json!([entry(&ns, "user", "nowhere", "user")]);
    let said = apply(&ns, &push(&ns, "p", json!({ "secretStoreRefs": stores, "data": data }))).good();
    let warnings = said.warnings().join("\n");
    let read_only = "spec.secretStoreRefs[0]: SecretStore \"fake\" cannot be pushed to: stores of this kind are only read";
    let missing = format!(
        "SecretStore \"nowhere\" not found in namespace \"{}\"; create it, or correct spec.secretStoreRefs[1].name",
        ns.name
    );
    assert!(warnings.contains(read_only) && warnings.contains(&missing), "{warnings}");
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(text)
}

fn decoded(text: &str) -> String {
    use base64::Engine as _;
    String::from_utf8(base64::prelude::BASE64_STANDARD.decode(text).expect("base64")).expect("text")
}
