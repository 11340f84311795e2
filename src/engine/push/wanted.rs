//! What goes where: from a PushSecret and its source to the things that one store takes. Pure.

use std::collections::BTreeMap;

use latchkey_api::external_secret::StoreKind;
use latchkey_api::push_secret::{
    DataTo, DataToStoreRef, METADATA_API_VERSION, METADATA_KIND, PushData, PushMatch, PushRemoteRef,
    PushSecretSpec,
};
use latchkey_provider::{Content, Push, Remote, SecretBytes};
use serde_json::Value;

use super::Source;
use super::reverse::reversed;
use crate::engine::convert::Data;
use crate::engine::plan::StoreKey;
use crate::engine::rewrite::Rewriting;
use crate::engine::selector::selects;
use crate::engine::{Error, message, regexp};

/// A store as a PushSecret chooses it.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its name.
    pub key: StoreKey,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

impl Place {
    /// The key of `status.syncedPushSecrets`.
    pub fn in_status(&self) -> String {
        in_status(&self.key)
    }
}

fn in_status(key: &StoreKey) -> String {
    let kind = match key.kind {
        StoreKind::SecretStore => "SecretStore",
        StoreKind::ClusterSecretStore => "ClusterSecretStore",
    };
    format!("{kind}/{}", key.name)
}

/// The store that a key of `status.syncedPushSecrets` means in this namespace.
pub fn place(in_status: &str, namespace: &str) -> Option<StoreKey> {
    let (kind, name) = in_status.split_once('/')?;
    let (kind, namespace) = match kind {
        "SecretStore" => (StoreKind::SecretStore, Some(namespace.to_owned())),
        "ClusterSecretStore" => (StoreKind::ClusterSecretStore, None),
        _ => return None,
    };
    Some(StoreKey { kind, namespace, name: name.to_owned() })
}

/// Where an entry goes.
pub fn remote(data: &PushData) -> Remote {
    let PushRemoteRef { remote_key, property } = &data.match_.remote_ref;
    Remote { key: remote_key.clone(), property: property.clone().filter(|property| !property.is_empty()) }
}

/// One thing that one store takes.
#[derive(Debug, Clone)]
pub struct One {
    /// As the status remembers it.
    pub data: PushData,
    /// As the store takes it.
    pub push: Push,
}

impl One {
    /// Its key in the status: `remoteKey`, or `remoteKey/property`.
    pub fn in_status(&self) -> String {
        match &self.push.remote.property {
            Some(property) => format!("{}/{property}", self.push.remote.key),
            None => self.push.remote.key.clone(),
        }
    }
}

/// Everything that one store takes: `data`, and what `dataTo` adds to it. Of the same key `data` decides, but for what takes many keys
/// as one: that is of no key.
///
/// # Errors
/// A key that is not there, two things that go to the same place, metadata that are none, a pattern that is none.
pub fn wanted(spec: &PushSecretSpec, source: &Source, store: &Place) -> Result<Vec<One>, Error> {
    let mut all = Vec::new();
    for (index, data) in spec.data.iter().enumerate() {
        all.push(explicit(&format!("spec.data[{index}]"), data, source)?);
    }
    let named: Vec<String> = all.iter().filter_map(|one| one.data.match_.secret_key.clone()).collect();
    for (index, entry) in spec.data_to.iter().enumerate() {
        if entry.store_ref.as_ref().is_none_or(|of| is_meant(of, store)) {
            let more = many(&format!("spec.dataTo[{index}]"), entry, source)?;
            let is_new =
                |one: &One| one.data.match_.secret_key.as_ref().is_none_or(|key| !named.contains(key));
            all.extend(more.into_iter().filter(is_new));
        }
    }
    let mut places = BTreeMap::new();
    for one in &all {
        if places.insert(one.in_status(), ()).is_some() {
            return Err(message::pushed_twice(&one.push.remote));
        }
    }
    Ok(all)
}

/// A name decides over labels, as with External Secrets Operator; in `secretStoreRefs` it is the other way round.
fn is_meant(of: &DataToStoreRef, store: &Place) -> bool {
    let kind = of.kind.as_deref().unwrap_or("SecretStore");
    let is_kind = match store.key.kind {
        StoreKind::SecretStore => kind == "SecretStore",
        StoreKind::ClusterSecretStore => kind == "ClusterSecretStore",
    };
    let name = of.name.as_ref().filter(|name| !name.is_empty());
    is_kind
        && match (name, &of.label_selector) {
            (Some(name), _) => *name == store.key.name,
            (None, Some(selector)) => selects(selector, &store.labels),
            (None, None) => false,
        }
}

fn explicit(at: &str, data: &PushData, source: &Source) -> Result<One, Error> {
    let named = converted(at, data.conversion_strategy.unwrap_or_default(), source)?;
    let content = match data.match_.secret_key.as_deref().filter(|key| !key.is_empty()) {
        None => Content::Whole(named),
        Some(key) => Content::One(named.get(key).cloned().ok_or_else(|| message::no_secret_key(at, key))?),
    };
    one(at, data.clone(), content, source)
}

/// The keys of one `dataTo`: as one JSON object, or each by itself. Of no key nothing is made, not even an empty object.
fn many(at: &str, entry: &DataTo, source: &Source) -> Result<Vec<One>, Error> {
    let mut named = converted(at, entry.conversion_strategy.unwrap_or_default(), source)?;
    if let Some(pattern) = entry.match_.as_ref().and_then(|of| of.regexp.as_deref()) {
        let field = format!("{at}.match.regexp");
        let pattern = regexp::compile(pattern).map_err(|why| message::invalid_pattern(&field, &why))?;
        named.retain(|key, _| pattern.is_match(key));
    }
    let data = |secret_key: Option<String>, remote_key: String| PushData {
        match_: PushMatch { secret_key, remote_ref: PushRemoteRef { remote_key, property: None } },
        metadata: entry.metadata.clone(),
        conversion_strategy: entry.conversion_strategy,
    };
    if let Some(remote_key) = entry.remote_key.clone().filter(|key| !key.is_empty()) {
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let content = Content::Whole(named);
        return Ok(vec![one(at, data(None, remote_key), content, source)?]);
    }
    let names = rewritten(at, entry, named.keys())?;
    let all = names.into_iter().filter_map(|(remote_key, key)| {
        let content = Content::One(named.get(&key)?.clone());
        Some(one(at, data(Some(key), remote_key), content, source))
    });
    all.collect()
}

/// The names of remote secrets, each with the key that it has come of.
fn rewritten<'a>(
    at: &str,
    entry: &DataTo,
    keys: impl Iterator<Item = &'a String>,
) -> Result<Vec<(String, String)>, Error> {
    // Rewriting is of keys with values; the key itself goes along as the value.
    let mut names: Data = keys.map(|key| (key.clone(), SecretBytes::from(key.as_str()))).collect();
    let field = format!("{at}.rewrite");
    for (step, rewriting) in Rewriting::parse_all(&field, &entry.rewrite)?.iter().enumerate() {
        let before = names.len();
        names = rewriting.apply(names).map_err(|_| message::not_rewritten(&field, step))?;
        if names.len() < before {
            return Err(message::rewritten_alike(&field, step));
        }
    }
    let text = |value: &SecretBytes| value.expose_str().unwrap_or_default().to_owned();
    Ok(names.iter().map(|(name, key)| (name.clone(), text(key))).collect())
}

fn converted(
    at: &str,
    strategy: latchkey_api::push_secret::PushConversion,
    source: &Source,
) -> Result<Data, Error> {
    reversed(strategy, &source.data).map_err(|name| message::reversed_alike(at, &name))
}

fn one(at: &str, data: PushData, content: Content, source: &Source) -> Result<One, Error> {
    let metadata = metadata(at, data.metadata.as_ref())?;
    let remote = remote(&data);
    let push = Push { remote, content, source: source.metadata.clone(), metadata, known: false };
    Ok(One { data, push })
}

/// The provider's part of the metadata.
fn metadata(at: &str, of: Option<&Value>) -> Result<Option<Value>, Error> {
    let Some(of) = of.filter(|of| !of.is_null()) else { return Ok(None) };
    let is = |field: &str, text: &str| of.get(field).and_then(Value::as_str) == Some(text);
    if !is("apiVersion", METADATA_API_VERSION) || !is("kind", METADATA_KIND) {
        return Err(message::push_metadata(at));
    }
    Ok(of.get("spec").cloned())
}
