//! What is found below a path, by name and by tags.

use latchkey_provider::{Entry, EntryRef, Error, ErrorKind, Listing};
use serde_json::{Value, json};

use super::{Bench, store, token_auth, vault, with};

/// What a path and tags lead to.
async fn names(bench: &Bench, path: Option<&str>, by_name: bool, tags: Value) -> Result<Vec<String>, Error> {
    let tags = serde_json::from_value(tags).expect("tags");
    let listing = Listing { path: path.map(str::to_owned), tags, by_name };
    match bench.entry(&EntryRef::listing(listing)).await? {
        Entry::List(found) => Ok(found.into_iter().map(|found| found.name).collect()),
        other @ (Entry::Value(_) | Entry::Map(_)) => panic!("no list: {other:?}"),
    }
}

fn tag(path: &str, tags: &Value) {
    vault().api("POST", &format!("secret/metadata/{path}"), &json!({ "custom_metadata": tags })).unwrap();
}

#[tokio::test]
async fn every_folder_below_the_path_is_looked_into() {
    for path in ["finding/a", "finding/in/b", "finding/in/deep/er/c", "finding-not/d"] {
        vault().put(&format!("secret/{path}"), &json!({ "v": path })).unwrap();
    }
    let bench = Bench::root(store(token_auth())).await;
    let all = ["finding/a", "finding/in/b", "finding/in/deep/er/c"];
    for path in ["finding", "finding/", "/finding", "secret/data/finding"] {
        let found = names(&bench, Some(path), true, json!({})).await.unwrap();
        let found: Vec<&str> = found.iter().map(|name| name.trim_start_matches("secret/data/")).collect();
        assert_eq!(found, all, "{path}");
    }
    assert_eq!(names(&bench, Some("finding/in/deep"), true, json!({})).await.unwrap(), all[2..]);
    assert!(names(&bench, Some("finding/nowhere"), true, json!({})).await.unwrap().is_empty());
    let everything = names(&bench, None, true, json!({})).await.unwrap();
    assert!(all.iter().all(|name| everything.iter().any(|found| found == name)), "{everything:?}");
    assert_eq!(bench.value("finding/in/deep/er/c", "v").await.as_deref(), Ok(all[2]));
}

#[tokio::test]
async fn tags_are_the_owners_metadata_and_count_where_no_name_is_given() {
    for (path, tags) in [
        ("tagged/a", json!({ "team": "shop", "env": "prod" })),
        ("tagged/b", json!({ "team": "shop", "env": "test" })),
        ("tagged/c", json!({})),
    ] {
        vault().put(&format!("secret/{path}"), &json!({ "v": 1 })).unwrap();
        tag(path, &tags);
    }
    let bench = Bench::root(store(token_auth())).await;
    let found = async |by_name, tags| names(&bench, Some("tagged"), by_name, tags).await.unwrap();
    assert_eq!(found(false, json!({ "team": "shop" })).await, ["tagged/a", "tagged/b"]);
    assert_eq!(found(false, json!({ "team": "shop", "env": "prod" })).await, ["tagged/a"]);
    assert!(found(false, json!({ "team": "other" })).await.is_empty());
    assert_eq!(found(true, json!({ "team": "other" })).await.len(), 3, "the name decides alone");
    assert_eq!(found(false, json!({})).await.len(), 3);
}

#[tokio::test]
async fn version_1_is_found_in_by_name_alone() {
    vault().put("kv1/finding/in/a", &json!({ "v": 1 })).unwrap();
    let bench = Bench::root(with(store(token_auth()), json!({ "path": "kv1", "version": "v1" }))).await;
    assert_eq!(names(&bench, Some("finding"), true, json!({})).await.unwrap(), ["finding/in/a"]);
    let error = names(&bench, None, false, json!({ "team": "shop" })).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest, "{error}");
}

#[tokio::test]
async fn without_a_mount_the_path_has_to_show_it() {
    vault().put("secret/mountless/in/a", &json!({ "v": "x" })).unwrap();
    let bench = Bench::root(json!({ "server": vault().addr(), "auth": token_auth() })).await;
    let found = names(&bench, Some("secret/data/mountless"), true, json!({})).await.unwrap();
    assert_eq!(found, ["secret/data/mountless/in/a"]);
    assert_eq!(bench.value(&found[0], "v").await.as_deref(), Ok("x"));
    let error = names(&bench, Some("mountless"), true, json!({})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::InvalidRequest, "{error}");
}

#[tokio::test]
async fn who_may_not_list_is_told_so() {
    let token = vault().token(&["reader"], "1h").unwrap();
    let bench = Bench::new(store(token_auth()), &[("token", &token)]).await;
    let error = names(&bench, Some("finding"), true, json!({})).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Forbidden, "{error}");
}
