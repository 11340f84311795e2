use serde_json::{Value, json};

use super::*;
use crate::{ErrorKind, Remote, SecretBytes, SourceMetadata};

fn push(property: Option<&str>, content: Content, metadata: Value) -> Push {
    let remote = Remote { key: "app".to_owned(), property: property.map(str::to_owned) };
    Push { remote, content, metadata: Some(metadata), source: SourceMetadata::default(), known: false }
}

fn one(value: &str) -> Content {
    Content::One(SecretBytes::from(value))
}

fn held(secret: Value) -> Held {
    Held(serde_json::from_value(secret).unwrap())
}

fn there() -> Held {
    let metadata = json!({ "labels": { "a": "1", "b": "1" }, "annotations": { MARK: "true", "x": "y" } });
    held(json!({ "metadata": metadata, "data": { "p": "b2xk", "q": "cQ==" }, "type": "t" }))
}

#[test]
fn a_property_joins_the_other_keys() {
    let push = push(Some("p"), one("new"), json!({}));
    let new = there().with(&push, &Spec::of(&push).unwrap()).unwrap();
    let data = new.0.data.clone().unwrap();
    assert_eq!((data["p"].0.as_slice(), data["q"].0.as_slice()), (b"new".as_slice(), b"q".as_slice()));
    assert!(!new.same(&there()) && new.is_marked());
}

#[test]
fn all_keys_replace_what_is_there_but_for_the_type() {
    let data = [("p".to_owned(), SecretBytes::from("<1>"))].into();
    let whole = Content::Whole(data);
    let source = SourceMetadata { type_: Some("mine".to_owned()), ..SourceMetadata::default() };
    let by = Push { source, ..push(None, whole.clone(), json!({})) };
    let new = |there: Held, by: &Push| there.with(by, &Spec::of(by).unwrap()).unwrap();
    let replaced = new(there(), &by);
    assert_eq!(replaced.0.data.as_ref().map(BTreeMap::len), Some(1));
    assert_eq!(replaced.0.type_.as_deref(), Some("t"));
    assert_eq!(new(Held::default(), &by).0.type_.as_deref(), Some("mine"));
    let inside = new(Held::default(), &push(Some("all"), whole, json!({})));
    assert_eq!(inside.0.data.as_ref().unwrap()["all"].0, br#"{"p":"<1>"}"#);
}

#[test]
fn a_new_secret_of_a_property_has_the_sources_type_if_that_allows_it() {
    let type_ = |there: Held, property: &str| {
        let source =
            SourceMetadata { type_: Some("kubernetes.io/ssh-auth".to_owned()), ..SourceMetadata::default() };
        let push = Push { source, ..push(Some(property), one("new"), json!({})) };
        there.with(&push, &Spec::of(&push).unwrap()).unwrap().0.type_.clone()
    };
    assert_eq!(type_(Held::default(), "ssh-privatekey").as_deref(), Some("kubernetes.io/ssh-auth"));
    assert_eq!(type_(Held::default(), "other"), None);
    assert_eq!(type_(there(), "ssh-privatekey").as_deref(), Some("t"));
}

#[test]
fn labels_join_by_the_targets_policy_and_the_mark_stays() {
    let labels = |policy: &str| {
        let given =
            json!({ "labels": { "b": "2" }, "annotations": { MARK: "no" }, "targetMergePolicy": policy });
        let push = push(Some("p"), one("old"), given);
        let new = there().with(&push, &Spec::of(&push).unwrap()).unwrap();
        assert!(new.is_marked(), "{policy}");
        (json!(new.0.metadata.labels), new.same(&there()))
    };
    assert_eq!(labels("Merge"), (json!({ "a": "1", "b": "2" }), false));
    assert_eq!(labels("Replace"), (json!({ "b": "2" }), false));
    assert_eq!(labels("Ignore"), (json!({ "a": "1", "b": "1" }), true));
}

#[test]
fn what_the_source_carries_joins_by_the_sources_policy() {
    let strings = |all: &[(&str, &str)]| -> Strings {
        all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let source = SourceMetadata {
        type_: None,
        labels: strings(&[("b", "source"), ("c", "source")]),
        annotations: strings(&[("x", "source")]),
    };
    let joined = |source_policy: &str, target_policy: &str| {
        let given = json!({
            "labels": { "c": "given" },
            "sourceMergePolicy": source_policy, "targetMergePolicy": target_policy,
        });
        let push = Push { source: source.clone(), ..push(Some("p"), one("old"), given) };
        let new = there().with(&push, &Spec::of(&push).unwrap()).unwrap();
        (json!(new.0.metadata.labels), json!(new.0.metadata.annotations))
    };
    assert_eq!(
        joined("Merge", "Merge"),
        (json!({ "a": "1", "b": "source", "c": "given" }), json!({ MARK: "true", "x": "source" }))
    );
    assert_eq!(
        joined("Merge", "Replace"),
        (json!({ "b": "source", "c": "given" }), json!({ MARK: "true", "x": "source" }))
    );
    assert_eq!(joined("Replace", "Replace"), (json!({ "c": "given" }), json!({ MARK: "true" })));
    assert_eq!(joined("Merge", "Ignore"), (json!({ "a": "1", "b": "1" }), json!({ MARK: "true", "x": "y" })));
    let plain = Push { metadata: None, source: source.clone(), ..push(Some("p"), one("old"), json!({})) };
    let new = Held::default().with(&plain, &Spec::of(&plain).unwrap()).unwrap();
    assert_eq!(new.0.metadata.labels, Some(source.labels), "no metadata means Merge");
}

#[test]
fn wrong_metadata_is_named() {
    for (metadata, field) in [
        (json!({ "sourceMergePolicy": "Ignore" }), "sourceMergePolicy"),
        (json!({ "targetMergePolicy": "merge" }), "targetMergePolicy"),
        (json!({ "tags": {} }), "tags"),
    ] {
        let error = Spec::of(&push(None, one(""), metadata)).unwrap_err();
        assert!(error.kind == ErrorKind::InvalidConfig && error.message.contains(field), "{error}");
    }
}
