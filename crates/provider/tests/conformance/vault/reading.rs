//! What is read, and what is said where there is nothing to read.

use latchkey_provider::{EntryRef, ErrorKind, Validation};
use serde_json::{Value, json};

use super::{Bench, reference, store, token_auth, vault, with};

#[tokio::test]
async fn numbers_and_objects_come_as_eso_gives_them() {
    let data = json!({ "n": 1.5, "o": { "z": "<a>", "a": [1, 1e-7] }, "none": null });
    vault().put("secret/reading/numbers", &data).unwrap();
    let bench = Bench::root(store(token_auth())).await;
    let whole = bench.value("reading/numbers", "").await.unwrap();
    assert_eq!(whole, r#"{"n":1.5,"none":null,"o":{"a":[1,1e-7],"z":"\u003ca\u003e"}}"#);
    assert_eq!(bench.value("reading/numbers", "n").await.as_deref(), Ok("1.5"));
    assert_eq!(bench.value("reading/numbers", "none").await.as_deref(), Ok(""));
    let of = reference("reading/numbers");
    let map = bench.connection.provider.map(&of, &bench.entry(&of).await.unwrap(), None).unwrap();
    assert_eq!(map["o"].expose_str(), Some(r#"{"a":[1,1e-7],"z":"\u003ca\u003e"}"#));
}

#[tokio::test]
async fn a_deleted_version_is_missing_and_the_one_before_is_not() {
    for value in ["one", "two"] {
        vault().put("secret/reading/deleted", &json!({ "v": value })).unwrap();
    }
    vault().api("DELETE", "secret/data/reading/deleted", &Value::Null).unwrap();
    let bench = Bench::root(store(token_auth())).await;
    let version = |version: &str| EntryRef { version: version.to_owned(), ..reference("reading/deleted") };
    for gone in ["", "2", "7"] {
        let error = bench.entry(&version(gone)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "version {gone:?}: {error}");
    }
    assert_eq!(bench.value_of(&version("1"), "v").await.as_deref(), Ok("one"));
    vault().api("POST", "secret/destroy/reading/deleted", &json!({ "versions": [1] })).unwrap();
    assert_eq!(bench.entry(&version("1")).await.unwrap_err().kind, ErrorKind::NotFound);
}

#[tokio::test]
async fn metadata_is_vaults_and_the_owners() {
    vault().put("secret/reading/meta", &json!({ "v": 1 })).unwrap();
    let custom = json!({ "custom_metadata": { "owner": "team-a" } });
    vault().api("POST", "secret/metadata/reading/meta", &custom).unwrap();
    let bench = Bench::root(store(token_auth())).await;
    let of = |key: &str| EntryRef { metadata: true, ..reference(key) };
    assert_eq!(bench.value_of(&of("reading/meta"), "owner").await.as_deref(), Ok("team-a"));
    assert_eq!(bench.value_of(&of("secret/data/reading/meta"), "current_version").await.as_deref(), Ok("1"));
    let all: Value = serde_json::from_str(&bench.value_of(&of("reading/meta"), "").await.unwrap()).unwrap();
    assert_eq!(all["delete_version_after"], "0s");
    assert_eq!(bench.entry(&of("reading/nobody")).await.unwrap_err().kind, ErrorKind::NotFound);
    let v1 = Bench::root(with(store(token_auth()), json!({ "path": "kv1", "version": "v1" }))).await;
    assert_eq!(v1.entry(&of("reading/meta")).await.unwrap_err().kind, ErrorKind::InvalidRequest);
}

#[tokio::test]
async fn without_a_path_the_key_names_the_mount() {
    vault().put("secret/reading/full", &json!({ "v": "full" })).unwrap();
    let full = json!({ "server": vault().addr(), "auth": token_auth() });
    let bench = Bench::root(full).await;
    for key in ["secret/reading/full", "secret/data/reading/full"] {
        assert_eq!(bench.value(key, "v").await.as_deref(), Ok("full"), "{key}");
    }
    let bench = Bench::root(store(token_auth())).await;
    for key in ["reading/full", "secret/reading/full", "secret/data/reading/full", "/reading//full/"] {
        assert_eq!(bench.value(key, "v").await.as_deref(), Ok("full"), "{key}");
    }
}

#[tokio::test]
async fn keys_may_hold_what_urls_escape() {
    for key in ["reading/a b", "reading/50%", "reading/what?", "reading/n#1", "reading/ü+é"] {
        let escaped: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
        let path = escaped.replace("%2F", "/").replace('+', "%20");
        vault().api("POST", &format!("secret/data/{path}"), &json!({ "data": { "key": key } })).unwrap();
        let bench = Bench::root(store(token_auth())).await;
        assert_eq!(bench.value(key, "key").await.as_deref(), Ok(key), "{path}");
    }
}

#[tokio::test]
async fn a_key_cannot_leave_its_mount() {
    let bench = Bench::root(store(token_auth())).await;
    for key in ["../sys/mounts", "a/../../../sys/mounts", ".."] {
        assert_eq!(bench.entry(&reference(key)).await.unwrap_err().kind, ErrorKind::InvalidRequest, "{key}");
    }
}

#[tokio::test]
async fn a_mount_that_is_not_there_or_of_the_other_version_is_no_missing_secret() {
    let bench = Bench::root(with(store(token_auth()), json!({ "path": "nowhere" }))).await;
    let error = bench.entry(&reference("a")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidConfig, "{error}");
    assert!(error.message.contains("\"nowhere\""), "{error}");
    let bench = Bench::root(with(store(token_auth()), json!({ "version": "v1" }))).await;
    let error = bench.entry(&reference("a")).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidConfig, "{error}");
    assert!(error.message.contains("version 2"), "{error}");
    vault().put("kv1/data/reading", &json!({ "v": 1 })).unwrap();
    let bench = Bench::root(with(store(token_auth()), json!({ "path": "kv1" }))).await;
    assert_eq!(bench.entry(&reference("reading")).await.unwrap_err().kind, ErrorKind::InvalidValue);
}

#[tokio::test]
async fn validation_compares_the_mount_with_the_store() {
    let validate =
        async |more| Bench::root(with(store(token_auth()), more)).await.connection.provider.validate().await;
    assert_eq!(validate(json!({})).await, Ok(Validation::Ready));
    assert_eq!(validate(json!({ "path": "kv1", "version": "v1" })).await, Ok(Validation::Ready));
    for (more, says) in [
        (json!({ "version": "v1" }), "uses kv version v2 but store is configured for kv version v1"),
        (json!({ "path": "kv1" }), "uses kv version v1 but store is configured for kv version v2"),
        (json!({ "path": "sys" }), "is not a kv secret engine"),
    ] {
        let error = validate(more).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidConfig, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
}
