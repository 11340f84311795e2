//! Objects of a watch, each read by itself: one that cannot be read, such as one that is nested too deep, spoils none of
//! the others. The API server takes such objects where a schema leaves a field open.

use std::borrow::Cow;
use std::fmt;
use std::future::ready;

use futures::{Stream, StreamExt};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::Resource;
use kube::runtime::watcher::{self, Event};
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tracing::warn;

/// An object, as far as it can be read.
#[derive(Clone)]
pub struct Each<K> {
    meta: ObjectMeta,
    object: Option<K>,
}

/// What is read of an object that cannot be read.
#[derive(Deserialize)]
struct Hollow {
    metadata: Name,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Name {
    name: Option<String>,
    namespace: Option<String>,
    resource_version: Option<String>,
}

impl<'de, K: DeserializeOwned + Resource> Deserialize<'de> for Each<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<RawValue>::deserialize(deserializer)?;
        if let Ok(object) = serde_json::from_str::<K>(text.get()) {
            return Ok(Self { meta: object.meta().clone(), object: Some(object) });
        }
        let Hollow { metadata: Name { name, namespace, resource_version } } =
            serde_json::from_str(text.get()).map_err(serde::de::Error::custom)?;
        Ok(Self {
            meta: ObjectMeta { name, namespace, resource_version, ..ObjectMeta::default() },
            object: None,
        })
    }
}

impl<K> fmt::Debug for Each<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Each({:?})", self.meta.name)
    }
}

impl<K: Resource> Resource for Each<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(of: &K::DynamicType) -> Cow<'_, str> {
        K::kind(of)
    }

    fn group(of: &K::DynamicType) -> Cow<'_, str> {
        K::group(of)
    }

    fn version(of: &K::DynamicType) -> Cow<'_, str> {
        K::version(of)
    }

    fn plural(of: &K::DynamicType) -> Cow<'_, str> {
        K::plural(of)
    }

    fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.meta
    }
}

impl<K: DeserializeOwned> Each<K> {
    /// The object; of one that cannot be read nothing but its name.
    fn named(self) -> Option<K> {
        let Self { meta, object } = self;
        // No store is read without a provider.
        let name = || json!({ "metadata": { "name": meta.name, "namespace": meta.namespace }, "spec": { "provider": {} } });
        object.or_else(|| serde_json::from_value(name()).ok())
    }
}

/// The events of the objects that can be read. One that no longer can is gone, as far as this knows.
pub fn each<K>(
    stream: impl Stream<Item = watcher::Result<Event<Each<K>>>> + Send,
) -> impl Stream<Item = watcher::Result<Event<K>>> + Send
where
    K: DeserializeOwned + Resource<DynamicType = ()> + Send,
{
    stream.filter_map(|event| ready(event.map(readable).transpose()))
}

fn readable<K: DeserializeOwned + Resource<DynamicType = ()>>(event: Event<Each<K>>) -> Option<Event<K>> {
    match event {
        Event::Init => Some(Event::Init),
        Event::InitDone => Some(Event::InitDone),
        Event::InitApply(each) => told(each).object.map(Event::InitApply),
        Event::Apply(each) => match told(each) {
            Each { object: Some(object), .. } => Some(Event::Apply(object)),
            unreadable => unreadable.named().map(Event::Delete),
        },
        Event::Delete(each) => each.named().map(Event::Delete),
    }
}

fn told<K: Resource<DynamicType = ()>>(each: Each<K>) -> Each<K> {
    if each.object.is_none() {
        let (name, namespace) = (&each.meta.name, &each.meta.namespace);
        warn!(kind = %K::kind(&()), ?namespace, ?name, "an object that cannot be read is left alone: it does not fit its schema, or is nested too deep");
    }
    each
}

#[cfg(test)]
mod tests {
    use kube::core::{ObjectList, WatchEvent};
    use latchkey_api::external_secret::ExternalSecret;
    use latchkey_api::store::SecretStore;
    use serde_json::Value;

    use super::*;

    /// A store whose provider's block is nested so deep.
    fn store(name: &str, depth: usize) -> String {
        let inner = "{\"a\":".repeat(depth) + "1" + &"}".repeat(depth);
        let metadata = format!(r#"{{"name":"{name}","namespace":"n","resourceVersion":"7"}}"#);
        format!(r#"{{"metadata":{metadata},"spec":{{"provider":{{"gcpsm":{{"auth":{inner}}}}}}}}}"#)
    }

    #[test]
    fn one_that_cannot_be_read_spoils_no_list() {
        let items =
            [store("a", 1), store("deep", 5_000), r#"{"metadata":{"name":"odd"},"spec":[]}"#.to_owned()];
        let list =
            format!(r#"{{"apiVersion":"v1","kind":"List","metadata":{{}},"items":[{}]}}"#, items.join(","));
        let list: ObjectList<Each<SecretStore>> = serde_json::from_str(&list).expect("a list");
        let seen: Vec<_> =
            list.items.iter().map(|each| (each.meta.name.as_deref(), each.object.is_some())).collect();
        assert_eq!(seen, [(Some("a"), true), (Some("deep"), false), (Some("odd"), false)]);
        assert_eq!(list.items[1].meta.resource_version.as_deref(), Some("7"), "a watch goes on from there");
    }

    #[test]
    fn one_that_becomes_unreadable_is_gone() {
        let event = format!(r#"{{"type":"MODIFIED","object":{}}}"#, store("deep", 200));
        let event: WatchEvent<Each<SecretStore>> = serde_json::from_str(&event).expect("an event");
        let WatchEvent::Modified(deep) = event else { panic!("{event:?}") };
        match readable(Event::Apply(deep.clone())) {
            Some(Event::Delete(store)) => {
                let SecretStore { metadata, .. } = store;
                assert_eq!(
                    (metadata.name.as_deref(), metadata.namespace.as_deref()),
                    (Some("deep"), Some("n"))
                );
            }
            other => panic!("{}", other.is_some()),
        }
        assert!(readable(Event::InitApply(deep)).is_none());
    }

    #[test]
    fn every_kind_has_a_name_at_least() {
        let meta = || ObjectMeta { name: Some("a".to_owned()), ..ObjectMeta::default() };
        assert!(Each::<ExternalSecret> { meta: meta(), object: None }.named().is_some());
        let secret = Each::<kube::core::PartialObjectMeta<k8s_openapi::api::core::v1::Secret>> {
            meta: meta(),
            object: None,
        };
        assert_eq!(secret.named().and_then(|secret| secret.metadata.name).as_deref(), Some("a"));
        let odd: Result<Each<ExternalSecret>, _> =
            serde_json::from_str::<Each<ExternalSecret>>(&Value::Null.to_string());
        assert!(odd.is_err());
    }
}
