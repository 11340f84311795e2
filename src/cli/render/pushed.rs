//! What PushSecrets would push, and where to.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use latchkey_api::external_secret::{CreationPolicy, StoreKind};
use latchkey_api::push_secret::PushSecretSpec;
use latchkey_api::store::SecretStoreSpec;
use latchkey_api::{GROUP, PushSecret};
use latchkey_provider::{Content, SecretBytes, SourceMetadata, is_writable};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::super::manifests::Object;
use super::super::verify::NO_NAMESPACE;
use crate::engine::convert::Data;
use crate::engine::plan::StoreKey;
use crate::engine::push::{self, One, Place, Present, Source};
use crate::engine::selector::selects;
use crate::engine::{Deadline, Engine, Error, Rendered, message};

type Pairs = BTreeMap<String, String>;

/// The field of a value that is printed as it is.
const TEXT: &str = "text";

/// The Secrets that can be pushed, by namespace and name: those of the files, and those that were rendered.
pub(super) struct Sources(BTreeMap<(String, String), (Pairs, Source)>);

impl Sources {
    /// Those of the files.
    pub(super) fn of(objects: &[Object]) -> Self {
        let secrets =
            objects.iter().filter(|object| object.text("/apiVersion") == "v1" && object.kind() == "Secret");
        let read = secrets.filter_map(|object| {
            let namespace = object.namespace().unwrap_or(NO_NAMESPACE).to_owned();
            let secret = Secret::deserialize(&object.value).ok()?;
            let labels = secret.metadata.labels.clone().unwrap_or_default();
            Some(((namespace, object.name().to_owned()), (labels, source(secret))))
        });
        Self(read.collect())
    }

    /// One that an ExternalSecret makes.
    pub(super) fn add(&mut self, of: &Rendered) {
        if of.manifest.is_some() || of.creation == CreationPolicy::None {
            return;
        }
        let Rendered { type_, labels, annotations, .. } = of.clone();
        let source =
            Source { data: of.data.clone(), metadata: SourceMetadata { type_, labels, annotations } };
        self.0.insert((of.namespace.clone(), of.name.clone()), (of.labels.clone(), source));
    }

    /// Those that are meant, in the order of their names.
    fn meant(&self, namespace: &str, spec: &PushSecretSpec) -> Vec<Source> {
        let selector = spec.selector.secret.as_ref().and_then(|secret| secret.selector.as_ref());
        let is_meant = |of: &str, labels: &Pairs| match (push::named(spec), selector) {
            (Some(name), _) => of == name,
            (None, Some(selector)) => selects(selector, labels),
            (None, None) => false,
        };
        let here = self.0.iter().filter(|((of, _), _)| of == namespace);
        here.filter(|((_, name), (labels, _))| is_meant(name, labels))
            .map(|(_, (_, source))| source.clone())
            .collect()
    }
}

/// `stringData` is written over `data`.
fn source(secret: Secret) -> Source {
    let metadata = push::carried(&secret.metadata, secret.type_.or_else(|| Some("Opaque".to_owned())));
    let bytes = secret.data.unwrap_or_default().into_iter();
    let mut data: Data = bytes.map(|(key, value)| (key, SecretBytes::new(value.0))).collect();
    let texts = secret.string_data.unwrap_or_default().into_iter();
    data.extend(texts.map(|(key, text)| (key, SecretBytes::from(text))));
    Source { data, metadata }
}

/// The stores of the files, as a namespace sees them: one that names no namespace is in every one.
struct Stores(Vec<(Place, Option<SecretStoreSpec>)>);

impl Stores {
    fn of(objects: &[Object], namespace: &str) -> Self {
        let one = |object: &Object| {
            let kind = match object.kind() {
                "SecretStore" => StoreKind::SecretStore,
                "ClusterSecretStore" => StoreKind::ClusterSecretStore,
                _ => return None,
            };
            let is_here =
                kind == StoreKind::ClusterSecretStore || object.namespace().is_none_or(|of| of == namespace);
            let of = (kind == StoreKind::SecretStore).then(|| namespace.to_owned());
            let key = StoreKey { kind, namespace: of, name: object.name().to_owned() };
            let labels = Pairs::deserialize(&object.value["metadata"]["labels"]).unwrap_or_default();
            let spec = SecretStoreSpec::deserialize(&object.value["spec"]).ok();
            (is_here && object.text("/apiVersion").starts_with(GROUP))
                .then_some((Place { key, labels }, spec))
        };
        Self(objects.iter().filter_map(one).collect())
    }

    fn spec(&self, key: &StoreKey) -> Option<&SecretStoreSpec> {
        self.0.iter().find(|(place, _)| place.key == *key)?.1.as_ref()
    }

    /// The stores that it means, each once, that can be pushed to.
    fn meant(&self, spec: &PushSecretSpec, namespace: &str) -> Result<Vec<Place>, Error> {
        let places = push::all_meant(spec, namespace, self)?;
        match places.iter().find(|place| self.spec(&place.key).is_some_and(|spec| !is_writable(spec))) {
            Some(place) => Err(message::store_read_only(&place.key, "this kind")),
            None => Ok(places),
        }
    }
}

impl Present for Stores {
    fn labels(&self, key: &StoreKey) -> Option<Pairs> {
        let found = self.0.iter().find(|(place, _)| place.key == *key);
        found.map(|(place, _)| place.labels.clone())
    }

    fn all(&self) -> Vec<Place> {
        self.0.iter().map(|(place, _)| place.clone()).collect()
    }
}

/// Everything that one pushes, as it is printed.
pub(super) async fn pushed(
    engine: &Engine,
    of: &PushSecret,
    (objects, sources): (&[Object], &Sources),
    plain: bool,
    deadline: Deadline,
) -> Result<Value, Error> {
    let spec = &of.spec;
    let namespace = of.metadata.namespace.as_deref().unwrap_or(NO_NAMESPACE);
    let raw = match &spec.selector.generator_ref {
        Some(generator) => {
            vec![engine.generated_source((namespace, of), generator, deadline).await?.source]
        }
        None => sources.meant(namespace, spec),
    };
    if let (true, Some(name)) = (raw.is_empty(), push::named(spec)) {
        return Err(message::no_source(name));
    }
    let stores = Stores::of(objects, namespace);
    let places = stores.meant(spec, namespace)?;
    let mut entries = Vec::new();
    for source in raw {
        let source = engine.templated_source(namespace, spec.template.as_ref(), source, deadline).await?;
        for place in &places {
            let has_keys = stores.spec(&place.key).is_some_and(|spec| spec.provider.kubernetes.is_some());
            for one in push::wanted(spec, &source, place)? {
                entries.push(entry(place, &one, (has_keys, plain))?);
            }
        }
    }
    let mut metadata = json!({ "name": of.metadata.name });
    if let Some(namespace) = &of.metadata.namespace {
        metadata["namespace"] = json!(namespace);
    }
    Ok(json!({ "pushed": entries, "metadata": metadata }))
}

/// One thing: where it goes, and what it is.
fn entry(place: &Place, one: &One, (has_keys, plain): (bool, bool)) -> Result<Value, Error> {
    let remote = &one.push.remote;
    let mut entry = json!({ "store": place.in_status(), "remoteKey": remote.key });
    if let Some(property) = &remote.property {
        entry["property"] = json!(property);
    }
    match &one.push.content {
        Content::Whole(data) if has_keys && remote.property.is_none() => {
            for (key, value) in data {
                let (field, value) = printed(value, plain);
                let field = if field == TEXT { "stringData" } else { "data" };
                entry[field][key] = value;
            }
        }
        content @ (Content::One(_) | Content::Whole(_)) => {
            let value = content.value().map_err(|why| message::not_pushed(&place.key, remote, &why))?;
            let (field, value) = printed(&value, plain);
            entry[field] = value;
        }
    }
    Ok(entry)
}

/// A value as it is printed, and the field that says how.
fn printed(value: &SecretBytes, plain: bool) -> (&'static str, Value) {
    match value.expose_str().filter(|_| plain) {
        Some(text) => (TEXT, json!(text)),
        None => ("value", json!(ByteString(value.expose().to_vec()))),
    }
}
