//! What is pushed into Kubernetes, and what is left alone.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use latchkey_provider::{ErrorKind, Existing, Pushed};
use serde_json::{Value, json};

use crate::fixture::NAMESPACE;
use crate::kubernetes::{Bench, put, store, token_auth};
use crate::live::{Log, control_plane};
use crate::pushing::{CANARY, Pusher, one, whole};

async fn pusher() -> Pusher {
    Pusher(Bench::admin().await.connection.provider)
}

fn read(name: &str) -> Option<Value> {
    let path = format!("/api/v1/namespaces/{NAMESPACE}/secrets/{name}");
    control_plane().api("GET", &path, &Value::Null).ok()
}

fn version(name: &str) -> String {
    read(name).unwrap()["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

/// A Secret's values as text.
fn data(name: &str) -> Value {
    let secret = read(name).unwrap();
    let text = |value: &Value| String::from_utf8(STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap();
    let data = secret["data"].as_object().unwrap().iter().map(|(key, value)| (key.clone(), text(value)));
    json!(data.collect::<BTreeMap<_, _>>())
}

#[tokio::test]
async fn all_keys_are_created_updated_and_left_alone() {
    let pusher = pusher().await;
    let push =
        async |entries: &[(&str, &str)]| pusher.typed("push-whole", None, whole(entries), "team/type").await;
    assert_eq!(push(&[("a", "1"), ("b", "2")]).await, Ok(Pushed::Created));
    let created = read("push-whole").unwrap();
    assert_eq!(
        (&created["type"], &created["metadata"]["annotations"]),
        (&json!("team/type"), &json!({ "latchkey.dev/pushed": "true" }))
    );
    assert_eq!(push(&[("a", "1"), ("b", "2")]).await, Ok(Pushed::Unchanged));
    assert_eq!(version("push-whole"), created["metadata"]["resourceVersion"]);
    assert_eq!(push(&[("a", "1"), ("c", "3")]).await, Ok(Pushed::Updated));
    assert_eq!(data("push-whole"), json!({ "a": "1", "c": "3" }));
    let error = pusher.push("push-whole", None, CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert!(error.message.starts_with("requires property in RemoteRef"), "{error}");
}

#[tokio::test]
async fn a_property_keeps_the_others() {
    let pusher = pusher().await;
    assert_eq!(pusher.push("push-part", Some("a.txt"), "1").await, Ok(Pushed::Created));
    assert_eq!(pusher.push("push-part", Some("b"), "2").await, Ok(Pushed::Updated));
    assert_eq!(pusher.content("push-part", Some("all"), whole(&[("x", "<")])).await, Ok(Pushed::Updated));
    assert_eq!(data("push-part"), json!({ "a.txt": "1", "b": "2", "all": r#"{"x":"<"}"# }));
    let before = version("push-part");
    assert_eq!(pusher.push("push-part", Some("b"), "2").await, Ok(Pushed::Unchanged));
    assert_eq!(version("push-part"), before);
    for (property, there) in [(None, true), (Some("a.txt"), true), (Some("a"), false), (Some(""), true)] {
        let there = if there { Existing::Managed } else { Existing::Missing };
        assert_eq!(pusher.existing("push-part", property).await, Ok(there), "{property:?}");
    }
    assert_eq!(pusher.existing("push-nobody", None).await, Ok(Existing::Missing));
}

#[tokio::test]
async fn a_property_has_its_secret_made_with_the_sources_type_if_that_can_be() {
    let pusher = pusher().await;
    let made = async |name: &str, property, type_| {
        let pushed = pusher.typed(name, Some(property), one("{}"), type_).await;
        assert_eq!(pushed, Ok(Pushed::Created), "{name}");
        read(name).unwrap()["type"].clone()
    };
    let docker = "kubernetes.io/dockerconfigjson";
    assert_eq!(made("push-docker", ".dockerconfigjson", docker).await, docker);
    assert_eq!(made("push-part-of-docker", "config", docker).await, "Opaque");
    assert_eq!(made("push-part-of-tls", "tls.crt", "kubernetes.io/tls").await, "Opaque");
    assert_eq!(made("push-own", "a", "team/type").await, "team/type");
    let pushed = pusher.typed("push-own", Some("b"), one("2"), "team/other").await;
    assert_eq!(
        (pushed, read("push-own").unwrap()["type"].clone()),
        (Ok(Pushed::Updated), json!("team/type"))
    );
}

#[tokio::test]
async fn what_somebody_else_has_put_there_is_left_alone_unless_known() {
    put("push-theirs", json!({ "stringData": { "v": CANARY } }));
    let (pusher, before) = (pusher().await, version("push-theirs"));
    let error = pusher.push("push-theirs", Some("v"), "mine").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotManaged);
    assert!(error.message.contains(&format!("\"push-theirs\" in namespace {NAMESPACE:?}")), "{error}");
    for property in [None, Some("v")] {
        assert_eq!(pusher.delete("push-theirs", property, false).await, Ok(()));
    }
    assert_eq!(pusher.existing("push-theirs", None).await, Ok(Existing::Foreign));
    assert_eq!(pusher.known("push-theirs", Some("v"), CANARY).await, Ok(Pushed::Unchanged));
    assert_eq!(version("push-theirs"), before);
    assert_eq!(pusher.known("push-theirs", Some("v"), "mine").await, Ok(Pushed::Updated));
    assert_eq!(data("push-theirs"), json!({ "v": "mine" }));
    assert_eq!(pusher.delete("push-theirs", None, true).await, Ok(()));
    assert!(read("push-theirs").is_none());
}

#[tokio::test]
async fn a_property_is_deleted_and_the_secret_with_the_last() {
    let pusher = pusher().await;
    for property in ["a", "b"] {
        pusher.push("push-gone", Some(property), "1").await.unwrap();
    }
    assert_eq!(pusher.delete("push-gone", Some("c"), false).await, Ok(()));
    assert_eq!(pusher.delete("push-gone", Some("a"), false).await, Ok(()));
    assert_eq!(data("push-gone"), json!({ "b": "1" }));
    assert_eq!(pusher.delete("push-gone", Some("b"), false).await, Ok(()));
    assert!(read("push-gone").is_none());
    assert_eq!(pusher.delete("push-gone", None, false).await, Ok(()));
    pusher.push("push-gone", Some("a"), "1").await.unwrap();
    assert_eq!(pusher.delete("push-gone", None, false).await, Ok(()));
    assert!(read("push-gone").is_none());
}

#[tokio::test]
async fn labels_and_annotations_are_pushed_along() {
    let pusher = pusher().await;
    let push = async |metadata| pusher.with("push-meta", Some("a"), "1", metadata).await;
    let given =
        json!({ "labels": { "x": "1" }, "annotations": { "n": "1" }, "sourceMergePolicy": "Replace" });
    assert_eq!(push(given.clone()).await, Ok(Pushed::Created));
    assert_eq!(push(given).await, Ok(Pushed::Unchanged));
    assert_eq!(
        push(json!({ "labels": { "y": "2" }, "remoteNamespace": NAMESPACE })).await,
        Ok(Pushed::Updated)
    );
    let labels = || read("push-meta").unwrap()["metadata"]["labels"].clone();
    assert_eq!(labels(), json!({ "x": "1", "y": "2" }));
    assert_eq!(
        push(json!({ "labels": { "z": "3" }, "targetMergePolicy": "Ignore" })).await,
        Ok(Pushed::Unchanged)
    );
    assert_eq!(
        push(json!({ "labels": { "z": "3" }, "targetMergePolicy": "Replace" })).await,
        Ok(Pushed::Updated)
    );
    let metadata = read("push-meta").unwrap()["metadata"].clone();
    assert_eq!(
        (labels(), metadata["annotations"].clone()),
        (json!({ "z": "3" }), json!({ "latchkey.dev/pushed": "true" }))
    );
    for (metadata, kind, says) in [
        (json!({ "remoteNamespace": "other" }), ErrorKind::Unsupported, "remoteNamespace \"other\""),
        (json!({ "targetMergePolicy": CANARY }), ErrorKind::InvalidConfig, "spec.targetMergePolicy"),
        (json!({ "tags": {} }), ErrorKind::InvalidConfig, "spec.tags"),
    ] {
        let error = push(metadata).await.unwrap_err();
        assert!(error.kind == kind && error.message.contains(says), "{error}");
    }
}

#[tokio::test]
async fn what_the_server_does_not_take_is_told_without_its_value() {
    let pusher = pusher().await;
    let error = pusher.push("push-odd", Some("no key"), CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
    assert!(error.message.contains("as it would be written"), "{error}");
    let error = pusher.push("../configmaps/a", Some("a"), CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest, "{error}");
    let mut elsewhere = store(token_auth());
    elsewhere["remoteNamespace"] = json!("push-nowhere");
    let admin = control_plane().user_token("admin").unwrap();
    let nowhere = Pusher(Bench::new(elsewhere, &[("token", admin)]).await.connection.provider);
    let error = nowhere.push("push-odd", Some("a"), CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidConfig);
    assert!(error.message.contains("no namespace for secret \"push-odd\""), "{error}");
    let tls = whole(&[("tls.crt", CANARY)]);
    let error = pusher.typed("push-odd", None, tls, "kubernetes.io/tls").await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn of_pushes_at_once_none_is_lost() {
    let pusher = pusher().await;
    pusher.push("push-many", Some("first"), "1").await.unwrap();
    for property in pusher.at_once("push-many").await {
        assert_eq!(data("push-many")[&property], "1", "{property}");
    }
    let created = pusher.at_once("push-many-new").await;
    assert_eq!(data("push-many-new").as_object().unwrap().len(), created.len());
}

#[tokio::test]
async fn who_may_only_read_is_told() {
    crate::live::service_account("push-reader");
    let subject = json!({ "kind": "ServiceAccount", "namespace": NAMESPACE, "name": "push-reader" });
    crate::kubernetes::may_get_secrets("push-reader", subject);
    let bench = Bench::new(store(json!({ "serviceAccount": { "name": "push-reader" } })), &[]).await;
    let error = Pusher(bench.connection.provider).push("push-denied", Some("a"), CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.contains("write secret \"push-denied\""), "{error}");
}

#[tokio::test]
async fn no_value_that_is_pushed_reaches_the_log() {
    let log = Log::start();
    let admin = control_plane().user_token("admin").unwrap();
    let pusher = Pusher(Bench::new(store(token_auth()), &[("token", admin)]).await.connection.provider);
    pusher.push("push-logged", Some("v"), CANARY).await.unwrap();
    pusher.push("push-logged", Some("w"), "2").await.unwrap();
    log.end(&[CANARY, &STANDARD.encode(CANARY), admin]);
}
