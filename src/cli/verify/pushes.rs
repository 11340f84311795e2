//! What is wrong between PushSecrets and what else the files define.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Secret;
use latchkey_api::external_secret::StoreKind;
use latchkey_api::push_secret::{PushConversion, PushData, PushSecretSpec, PushStoreRef};
use latchkey_provider::Remote;
use serde::Deserialize as _;

use super::check::{KnownStore, NO_NAMESPACE};
use super::finding::{Finding, Kind, Severity};
use crate::cli::manifests::Object;
use crate::engine::message;
use crate::engine::plan::StoreKey;
use crate::engine::push::remote;

/// A PushSecret, or what makes one in many namespaces.
pub(super) struct Pushing {
    /// The field of its specification.
    pub at: &'static str,
    /// Its specification.
    pub spec: PushSecretSpec,
    /// Whether it makes PushSecrets.
    pub is_fan: bool,
}

/// Where something goes.
type Place = (StoreKey, Remote);

/// Everything that is wrong between them.
pub(super) fn findings(
    all: &[(&Object, &Pushing)],
    stores: &[&KnownStore],
    objects: &[Object],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut taken: BTreeMap<Place, &Object> = BTreeMap::new();
    for (object, pushing) in all {
        findings.extend(of_stores(object, pushing, stores));
        findings.extend(lacking(object, pushing, objects));
        for (place, field) in places(object, pushing) {
            let first = *taken.entry(place.clone()).or_insert(*object);
            if !std::ptr::eq(first, *object) {
                let (store, remote) = place;
                let said = format!(
                    "{field}: {remote} of {store} is pushed by {} too ({}:{}); give each its own",
                    first.title(),
                    first.file,
                    first.lines.of("")
                );
                findings.push(Finding::of(object, Severity::Warning, Kind::SharedTarget, said));
            }
        }
    }
    findings
}

/// The store that a reference names; none where it leaves that to labels.
fn named(of: &PushStoreRef, object: &Object) -> Option<StoreKey> {
    let name = of.name.clone().filter(|name| !name.is_empty() && of.label_selector.is_none())?;
    let namespace = match of.kind() {
        StoreKind::ClusterSecretStore => None,
        StoreKind::SecretStore => object.namespace().map(str::to_owned),
    };
    Some(StoreKey { kind: of.kind(), namespace, name })
}

/// Stores that are not in the set, and those that cannot be pushed to.
fn of_stores(object: &Object, pushing: &Pushing, stores: &[&KnownStore]) -> Vec<Finding> {
    let one = |(index, of): (usize, &PushStoreRef)| {
        let wanted = named(of, object)?;
        let field = format!("{}.secretStoreRefs[{index}]", pushing.at);
        let same = |store: &&&KnownStore| {
            (store.key.kind, &store.key.name) == (wanted.kind, &wanted.name)
                && (store.key.namespace.is_none()
                    || wanted.namespace.is_none()
                    || store.key.namespace == wanted.namespace)
        };
        match stores.iter().find(same) {
            None => {
                let said = format!("{field}: no manifest of these defines the {wanted}");
                Some(Finding::of(object, Severity::Note, Kind::StoreElsewhere, said))
            }
            Some(store) if !store.is_writable => {
                let error = message::store_read_only(&wanted, "this kind");
                Some(Finding::of(object, Severity::Error, Kind::InvalidSpec, format!("{field}: {error}")))
            }
            Some(_) => None,
        }
    };
    pushing.spec.secret_store_refs.iter().enumerate().filter_map(one).collect()
}

/// Keys that a Secret of the set does not have. Somebody may add them; a template makes others.
fn lacking(object: &Object, pushing: &Pushing, objects: &[Object]) -> Vec<Finding> {
    let spec = &pushing.spec;
    let name = spec.selector.secret.as_ref().and_then(|of| of.name.as_deref()).unwrap_or_default();
    let namespace = |object: &Object| object.namespace().unwrap_or(NO_NAMESPACE).to_owned();
    let is_source = |one: &&Object| {
        one.text("/apiVersion") == "v1"
            && one.kind() == "Secret"
            && one.name() == name
            && namespace(one) == namespace(object)
    };
    let Some(source) = objects.iter().find(is_source) else { return Vec::new() };
    let Ok(Secret { data, string_data, .. }) = Secret::deserialize(&source.value) else { return Vec::new() };
    if pushing.is_fan || spec.template.is_some() || (data.is_none() && string_data.is_none()) {
        return Vec::new();
    }
    let has = |key: &String| {
        data.iter().flatten().any(|(name, _)| name == key)
            || string_data.iter().flatten().any(|(name, _)| name == key)
    };
    let one = |(index, entry): (usize, &PushData)| {
        let key = entry.match_.secret_key.as_ref().filter(|key| !key.is_empty() && !has(key))?;
        if entry.conversion_strategy.unwrap_or_default() != PushConversion::None {
            return None;
        }
        let said = format!(
            "{}.data[{index}].match.secretKey: the Secret {name:?} ({}:{}) has no key {key:?}; add it, or correct the name",
            pushing.at,
            source.file,
            source.lines.of("")
        );
        Some(Finding::of(object, Severity::Warning, Kind::UnfetchedKey, said))
    };
    spec.data.iter().enumerate().filter_map(one).collect()
}

/// Where `data` goes, with the field that says so. What `dataTo` makes of names only the Secret knows.
fn places(object: &Object, pushing: &Pushing) -> Vec<(Place, String)> {
    let Pushing { at, spec, is_fan } = pushing;
    let stores = spec.secret_store_refs.iter().filter_map(|of| named(of, object));
    // Each namespace has a SecretStore of its own, so what a fan makes shares none with others.
    let stores = stores.filter(|store| !is_fan || store.kind == StoreKind::ClusterSecretStore);
    let of = |store: StoreKey| {
        spec.data.iter().enumerate().map(move |(index, data)| {
            ((store.clone(), remote(data)), format!("{at}.data[{index}].match.remoteRef"))
        })
    };
    stores.flat_map(of).collect()
}
