//! What a pushed Secret becomes: its data, and labels and annotations by a PushSecret's metadata.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use serde::Deserialize;
use zeroize::Zeroize;

use super::secret_type;
use crate::{Content, Error, Push, push};

/// The annotation of Secrets that were created here. ESO has no mark in Kubernetes, and takes over whatever is there.
pub const MARK: &str = "latchkey.dev/pushed";
const MARKED: &str = "true";

type Strings = BTreeMap<String, String>;

/// ESO's `PushSecretMetadataSpec` of this provider.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    labels: Strings,
    annotations: Strings,
    /// How these join those of the pushed Secret.
    source_merge_policy: SourceMergePolicy,
    target_merge_policy: TargetMergePolicy,
    /// The namespace, for stores that leave it to the PushSecret.
    pub remote_namespace: String,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
enum SourceMergePolicy {
    #[default]
    Merge,
    Replace,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
enum TargetMergePolicy {
    #[default]
    Merge,
    Replace,
    Ignore,
}

impl Spec {
    /// # Errors
    /// [`crate::ErrorKind::InvalidConfig`].
    pub fn of(push: &Push) -> Result<Self, Error> {
        let known = "labels, annotations, sourceMergePolicy, targetMergePolicy, remoteNamespace";
        push::spec(push.metadata.as_ref(), known)
    }

    /// What is there, then what the pushed Secret has, then what is given here; the later one wins.
    fn join(&self, given: &Strings, source: &Strings, there: Option<Strings>) -> Option<Strings> {
        let mut joined = match self.target_merge_policy {
            TargetMergePolicy::Ignore => return there,
            TargetMergePolicy::Replace => Strings::new(),
            TargetMergePolicy::Merge => there.unwrap_or_default(),
        };
        match self.source_merge_policy {
            SourceMergePolicy::Merge => joined.extend(source.clone()),
            SourceMergePolicy::Replace => {}
        }
        joined.extend(given.clone());
        (!joined.is_empty()).then_some(joined)
    }
}

/// A Secret that holds values, which are overwritten when it goes.
#[derive(Clone, Default)]
pub struct Held(pub Secret);

impl Drop for Held {
    fn drop(&mut self) {
        for value in self.0.data.iter_mut().flat_map(BTreeMap::values_mut) {
            value.0.zeroize();
        }
    }
}

impl Held {
    /// Whether it was created here.
    pub fn is_marked(&self) -> bool {
        let annotations = self.0.metadata.annotations.as_ref();
        annotations.and_then(|all| all.get(MARK)).is_some_and(|mark| mark == MARKED)
    }

    /// Marks it, or takes the mark away.
    pub fn mark(&mut self, marked: bool) {
        let annotations = &mut self.0.metadata.annotations;
        if marked {
            annotations.get_or_insert_default().insert(MARK.to_owned(), MARKED.to_owned());
        } else if let Some(all) = annotations {
            all.remove(MARK);
        }
    }

    /// Whether it has this key.
    pub fn has(&self, key: &str) -> bool {
        self.0.data.as_ref().is_some_and(|data| data.contains_key(key))
    }

    /// Takes a key away; whether others are left.
    pub fn remove(&mut self, key: &str) -> bool {
        let data = self.0.data.get_or_insert_default();
        if let Some(mut value) = data.remove(key) {
            value.0.zeroize();
        }
        !data.is_empty()
    }

    /// The same with what is pushed. Its type is given once and for all: that of the Secret that is pushed, of which a property need
    /// not have all that the type asks for.
    ///
    /// # Errors
    /// [`crate::ErrorKind::InvalidValue`] for all keys as one JSON that are not all text.
    pub fn with(&self, push: &Push, spec: &Spec) -> Result<Self, Error> {
        let mut new = self.clone();
        match (push.remote.part(), &push.content) {
            (Some(property), content) => {
                let value = ByteString(content.value()?.expose().to_vec());
                let former = new.0.data.get_or_insert_default().insert(property.to_owned(), value);
                former.into_iter().for_each(|mut value| value.0.zeroize());
                let may_be = |type_: &String| secret_type::allows(type_, |key| new.has(key));
                let fitting = push.source.type_.clone().filter(may_be);
                new.0.type_ = new.0.type_.take().or(fitting);
            }
            (None, Content::Whole(data)) => {
                let all = data.iter().map(|(key, value)| (key.clone(), ByteString(value.expose().to_vec())));
                drop(Self(Secret { data: new.0.data.replace(all.collect()), ..Secret::default() }));
                new.0.type_ = new.0.type_.take().or_else(|| push.source.type_.clone());
            }
            (None, Content::One(_)) => {} // refused before
        }
        let metadata = &mut new.0.metadata;
        let source = &push.source;
        metadata.labels = spec.join(&spec.labels, &source.labels, metadata.labels.take());
        metadata.annotations = spec.join(&spec.annotations, &source.annotations, metadata.annotations.take());
        new.mark(self.is_marked());
        Ok(new)
    }

    /// Whether both have the same data, labels and annotations.
    pub fn same(&self, other: &Self) -> bool {
        let strings =
            |one: &Option<Strings>, other: &Option<Strings>| one.iter().flatten().eq(other.iter().flatten());
        let (one, two) = (&self.0.metadata, &other.0.metadata);
        self.0.data.iter().flatten().eq(other.0.data.iter().flatten())
            && strings(&one.labels, &two.labels)
            && strings(&one.annotations, &two.annotations)
    }
}

#[cfg(test)]
mod tests {
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
            let source = SourceMetadata {
                type_: Some("kubernetes.io/ssh-auth".to_owned()),
                ..SourceMetadata::default()
            };
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
        assert_eq!(
            joined("Merge", "Ignore"),
            (json!({ "a": "1", "b": "1" }), json!({ MARK: "true", "x": "y" }))
        );
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
}
