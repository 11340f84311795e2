//! What is pushed, and what is left alone.

use latchkey_provider::{ErrorKind, Existing, Pushed};
use latchkey_testbed::{Proxy, Reply, Rule};
use serde_json::{Value, json};

use super::{Bench, store, token_auth, vault, with};
use crate::live::Log;
use crate::pushing::{CANARY, Pusher, one, remote, whole};

async fn pusher() -> Pusher {
    Pusher(Bench::root(store(token_auth())).await.connection.provider)
}

async fn version_1() -> Pusher {
    let store = with(store(token_auth()), json!({ "path": "kv1", "version": "v1" }));
    Pusher(Bench::root(store).await.connection.provider)
}

fn data(path: &str) -> Value {
    vault().api("GET", &format!("secret/data/{path}"), &Value::Null).unwrap()["data"]["data"].clone()
}

fn metadata(path: &str) -> Value {
    vault().api("GET", &format!("secret/metadata/{path}"), &Value::Null).unwrap()["data"].clone()
}

fn is_gone(path: &str) -> bool {
    vault().api("GET", &format!("secret/metadata/{path}"), &Value::Null).is_err()
}

#[tokio::test]
async fn a_whole_value_is_created_updated_and_left_alone() {
    let pusher = pusher().await;
    let value = r#"{"user":"app","n":1.50,"o":{"b":1,"a":"<"}}"#;
    assert_eq!(pusher.push("push/whole", None, value).await, Ok(Pushed::Created));
    assert_eq!(metadata("push/whole")["custom_metadata"], json!({ "managed-by": "external-secrets" }));
    let same = r#"{ "o": {"a":"\u003c","b":1}, "n":1.50, "user":"app" }"#;
    assert_eq!(pusher.push("push/whole", None, same).await, Ok(Pushed::Unchanged));
    let before = metadata("push/whole");
    assert_eq!(before["current_version"], 1);
    assert_eq!(pusher.push("push/whole", None, r#"{"user":"other"}"#).await, Ok(Pushed::Updated));
    assert_eq!(
        (data("push/whole"), metadata("push/whole")["current_version"].clone()),
        (json!({ "user": "other" }), json!(2))
    );
    let all = whole(&[("a", "1"), ("b", "<2>")]);
    assert_eq!(pusher.content("push/whole", None, all).await, Ok(Pushed::Updated));
    assert_eq!(data("push/whole"), json!({ "a": "1", "b": "<2>" }));
    let error = pusher.push("push/whole", None, CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidValue, "{error}");
}

#[tokio::test]
async fn a_property_keeps_the_others() {
    let pusher = pusher().await;
    assert_eq!(pusher.push("push/part", Some("a.b"), "1").await, Ok(Pushed::Created));
    assert_eq!(pusher.push("push/part", Some("big"), "2").await, Ok(Pushed::Updated));
    let own = json!({ "data": { "a.b": "1", "big": 1234567890123_u64, "n": 1.5 } });
    vault().api("POST", "secret/data/push/part", &own).unwrap();
    assert_eq!(pusher.push("push/part", Some("a.b"), "new").await, Ok(Pushed::Updated));
    assert_eq!(data("push/part"), json!({ "a.b": "new", "big": 1234567890123_u64, "n": 1.5 }));
    assert_eq!(pusher.push("push/part", Some("a.b"), "new").await, Ok(Pushed::Unchanged));
    assert_eq!(metadata("push/part")["current_version"], 4);
    for (property, there) in [(None, true), (Some("n"), true), (Some("a"), false), (Some(""), true)] {
        let there = if there { Existing::Managed } else { Existing::Missing };
        assert_eq!(pusher.existing("push/part", property).await, Ok(there), "{property:?}");
    }
    assert_eq!(pusher.existing("push/nobody", None).await, Ok(Existing::Missing));
}

#[tokio::test]
async fn what_somebody_else_has_put_there_is_left_alone_unless_known() {
    vault().put("secret/push/theirs", &json!({ "v": CANARY })).unwrap();
    let owner = json!({ "custom_metadata": { "owner": "team" } });
    vault().api("POST", "secret/metadata/push/theirs", &owner).unwrap();
    let pusher = pusher().await;
    for property in [None, Some("v")] {
        let error = pusher.push("push/theirs", property, r#"{"v":"mine"}"#).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotManaged);
        assert!(
            error.message.starts_with("secret not managed by external-secrets: \"push/theirs\""),
            "{error}"
        );
        assert_eq!(pusher.delete("push/theirs", property, false).await, Ok(()));
    }
    assert_eq!(metadata("push/theirs")["current_version"], 1);
    assert_eq!(pusher.existing("push/theirs", None).await, Ok(Existing::Foreign));
    assert_eq!(pusher.known("push/theirs", Some("v"), CANARY).await, Ok(Pushed::Unchanged));
    assert_eq!(metadata("push/theirs")["custom_metadata"], json!({ "owner": "team" }));
    assert_eq!(pusher.known("push/theirs", Some("v"), "mine").await, Ok(Pushed::Updated));
    let marked = json!({ "managed-by": "external-secrets", "owner": "team" });
    assert_eq!(metadata("push/theirs")["custom_metadata"], marked);
    assert_eq!(data("push/theirs"), json!({ "v": "mine" }));
}

#[tokio::test]
async fn a_property_is_deleted_and_the_secret_with_the_last() {
    let pusher = pusher().await;
    for property in ["a", "b"] {
        pusher.push("push/gone", Some(property), "1").await.unwrap();
    }
    assert_eq!(pusher.delete("push/gone", Some("c"), false).await, Ok(()));
    assert_eq!(pusher.delete("push/gone", Some("a"), false).await, Ok(()));
    assert_eq!(data("push/gone"), json!({ "b": "1" }));
    assert_eq!(pusher.delete("push/gone", Some("b"), false).await, Ok(()));
    assert!(is_gone("push/gone"));
    assert_eq!(pusher.delete("push/gone", None, true).await, Ok(()));
    pusher.push("push/gone", Some("a"), "1").await.unwrap();
    assert_eq!(pusher.delete("push/gone", None, false).await, Ok(()));
    assert!(is_gone("push/gone"));
    vault().put("secret/push/known", &json!({ "v": "1" })).unwrap();
    assert_eq!(pusher.delete("push/known", None, true).await, Ok(()));
    assert!(is_gone("push/known"));
}

#[tokio::test]
async fn a_deleted_version_is_replaced_by_the_next() {
    let pusher = pusher().await;
    pusher.push("push/again", Some("a"), "1").await.unwrap();
    vault().api("DELETE", "secret/data/push/again", &Value::Null).unwrap();
    assert_eq!(pusher.existing("push/again", None).await, Ok(Existing::Missing));
    assert_eq!(pusher.push("push/again", Some("b"), "2").await, Ok(Pushed::Created));
    assert_eq!(
        (data("push/again"), metadata("push/again")["current_version"].clone()),
        (json!({ "b": "2" }), json!(2))
    );
}

#[tokio::test]
async fn custom_metadata_is_pushed_along() {
    let pusher = pusher().await;
    let push = async |metadata| pusher.with("push/meta", Some("a"), "1", metadata).await;
    assert_eq!(push(json!({ "customMetadata": { "owner": "me" } })).await, Ok(Pushed::Created));
    assert_eq!(push(json!({ "customMetadata": { "owner": "me" } })).await, Ok(Pushed::Unchanged));
    assert_eq!(push(json!({ "customMetadata": { "team": "us" } })).await, Ok(Pushed::Updated));
    let joined = json!({ "managed-by": "external-secrets", "owner": "me", "team": "us" });
    assert_eq!(metadata("push/meta")["custom_metadata"], joined);
    let alone = json!({ "customMetadata": { "team": "us" }, "mergePolicy": "Replace" });
    assert_eq!(push(alone).await, Ok(Pushed::Updated));
    assert_eq!(
        metadata("push/meta")["custom_metadata"],
        json!({ "managed-by": "external-secrets", "team": "us" })
    );
    assert_eq!(metadata("push/meta")["current_version"], 1);
    let error = push(json!({ "tags": { "a": CANARY } })).await.unwrap_err();
    assert!(error.kind == ErrorKind::InvalidConfig && error.message.contains("spec.tags"), "{error}");
}

#[tokio::test]
async fn version_1_keeps_the_mark_among_the_data() {
    let pusher = version_1().await;
    let read = |path: &str| {
        vault().api("GET", &format!("kv1/{path}"), &Value::Null).map(|answer| answer["data"].clone())
    };
    let mark = json!({ "managed-by": "external-secrets" });
    assert_eq!(pusher.push("push/one", Some("a"), "1").await, Ok(Pushed::Created));
    assert_eq!(pusher.push("push/one", Some("a"), "1").await, Ok(Pushed::Unchanged));
    assert_eq!(pusher.push("push/one", Some("b"), "2").await, Ok(Pushed::Updated));
    assert_eq!(read("push/one").unwrap(), json!({ "a": "1", "b": "2", "custom_metadata": mark }));
    assert_eq!(pusher.push("push/one", None, r#"{"c":3}"#).await, Ok(Pushed::Updated));
    assert_eq!(read("push/one").unwrap(), json!({ "c": 3, "custom_metadata": mark }));
    assert_eq!(pusher.existing("push/one", Some("c")).await, Ok(Existing::Managed));
    let error = pusher.push("push/one", Some("custom_metadata"), CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest, "{error}");
    assert_eq!(pusher.delete("push/one", Some("c"), false).await, Ok(()));
    assert!(read("push/one").is_err());
    vault().put("kv1/push/theirs", &json!({ "v": CANARY })).unwrap();
    assert_eq!(pusher.push("push/theirs", Some("v"), "1").await.unwrap_err().kind, ErrorKind::NotManaged);
    assert_eq!(pusher.delete("push/theirs", None, false).await, Ok(()));
    assert_eq!(read("push/theirs").unwrap(), json!({ "v": CANARY }));
    assert_eq!(pusher.known("push/theirs", Some("v"), "1").await, Ok(Pushed::Updated));
    assert_eq!(read("push/theirs").unwrap(), json!({ "v": "1", "custom_metadata": mark }));
}

#[tokio::test]
async fn a_login_that_has_ended_is_renewed_before_the_write() {
    let policy = r#"path "secret/+/push/*" { capabilities = ["read", "create", "update", "delete"] }"#;
    vault().policy("push-writer", policy).unwrap();
    let role = vault().enable_approle("push-writer", &["push-writer"]).unwrap();
    let auth =
        json!({ "appRole": { "roleId": role.role_id, "secretRef": { "name": "creds", "key": "id" } } });
    let proxy = Proxy::start(([127, 0, 0, 1], vault().port()).into()).unwrap();
    let store = with(store(auth), json!({ "server": proxy.url() }));
    let bench = Bench::new(store, &[("id", &role.secret_id)]).await;
    let (calls, pusher) = (bench.calls, Pusher(bench.connection.provider));
    pusher.push("push/login", Some("a"), "1").await.unwrap();
    let is_data =
        |request: &latchkey_testbed::Received| request.method == "POST" && request.path.contains("/data/");
    let dead = Reply::new(403, r#"{"errors":["permission denied","invalid token"]}"#);
    proxy.add_rule(Rule::new(is_data, dead).times(1));
    assert_eq!(pusher.push("push/login", Some("a"), "2").await, Ok(Pushed::Updated));
    assert_eq!((data("push/login"), calls.succeeded("Login")), (json!({ "a": "2" }), 2));
    assert_eq!(calls.succeeded("WriteSecretData"), 3, "mark, value, value");
    assert_eq!(pusher.delete("push/login", None, false).await, Ok(()));
    assert_eq!(calls.succeeded("DeleteSecret"), 2, "data and metadata");
}

/// Between reading and writing somebody else is faster: the proxy answers the reads as if there were nothing yet.
#[tokio::test]
async fn a_concurrent_change_is_neither_lost_nor_marked() {
    vault().put("secret/push/race", &json!({ "v": "theirs" })).unwrap();
    let proxy = Proxy::start(([127, 0, 0, 1], vault().port()).into()).unwrap();
    let none = Reply::new(404, r#"{"errors":[]}"#);
    proxy.add_rule(Rule::new(|request| request.method == "GET", none));
    let store = with(store(token_auth()), json!({ "server": proxy.url() }));
    let pusher = Pusher(Bench::root(store).await.connection.provider);
    let error = pusher.push("push/race", Some("v"), CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unavailable);
    assert!(error.message.contains("changed by somebody else"), "{error}");
    assert_eq!(data("push/race"), json!({ "v": "theirs" }));
    assert_ne!(metadata("push/race")["custom_metadata"]["managed-by"], "external-secrets");
}

#[tokio::test]
async fn of_pushes_at_once_none_is_lost() {
    let pusher = pusher().await;
    pusher.push("push/many", Some("first"), "1").await.unwrap();
    for property in pusher.at_once("push/many").await {
        assert_eq!(data("push/many")[&property], "1", "{property}");
    }
}

#[tokio::test]
async fn a_write_that_is_not_answered_is_made_once() {
    let proxy = Proxy::start(([127, 0, 0, 1], vault().port()).into()).unwrap();
    let is_write = |request: &latchkey_testbed::Received| request.method == "POST";
    proxy.add_rule(Rule::new(is_write, Reply::new(502, "bad gateway")));
    let store = with(store(token_auth()), json!({ "server": proxy.url() }));
    let pusher = Pusher(Bench::root(store).await.connection.provider);
    let error = pusher.push("push/once", Some("v"), CANARY).await.unwrap_err();
    assert_eq!((error.kind, proxy.count(is_write)), (ErrorKind::Unavailable, 1), "{error}");
    proxy.behave();
    assert_eq!(pusher.push("push/once", Some("v"), "1").await, Ok(Pushed::Created));
}

#[tokio::test]
async fn who_may_not_write_is_told() {
    vault().put("secret/push/denied", &json!({ "v": "1" })).unwrap();
    vault().policy("push-reader", r#"path "secret/+/push/*" { capabilities = ["read"] }"#).unwrap();
    let reader = vault().token(&["push-reader"], "1h").unwrap();
    let pusher = Pusher(Bench::new(store(token_auth()), &[("token", &reader)]).await.connection.provider);
    let error = pusher.known("push/denied", Some("v"), CANARY).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden);
    assert!(error.message.contains("denies writing \"secret/metadata/push/denied\""), "{error}");
}

#[tokio::test]
async fn no_value_that_is_pushed_reaches_the_log() {
    let log = Log::start();
    let pusher = pusher().await;
    pusher.push("push/logged", Some("v"), CANARY).await.unwrap();
    pusher.push("push/logged", Some("w"), "2").await.unwrap();
    tracing::debug!(content = ?one(CANARY), remote = ?remote("a", None), "shown");
    log.end(&[CANARY]);
}
