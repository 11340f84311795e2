//! What a pushed Secret becomes: its data, and labels and annotations by a PushSecret's metadata.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use latchkey_api::secret_type::{self, SERVICE_ACCOUNT_TOKEN};
use serde::Deserialize;
use zeroize::Zeroize;

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
                // A ServiceAccount's token is no copy of another: the cluster makes it.
                let may_be = |type_: &String| {
                    type_ != SERVICE_ACCOUNT_TOKEN && secret_type::required(type_).are_met(|key| new.has(key))
                };
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
#[path = "joined_tests.rs"]
mod tests;
