//! What an object makes latchkey do, as the actions that its author must be allowed himself: pure.

use latchkey_api::external_secret::{
    CreationPolicy, ExternalSecret, GeneratorRef, ManifestRef, StoreKind, Template,
};
use latchkey_api::generator::{self, GeneratorKind};
use latchkey_api::{ClusterExternalSecret, GROUP};

use crate::admission::request::Request;
use crate::engine::manifest::Resource;
use crate::engine::plan::{GeneratorKey, StoreKey};
use crate::engine::render::{self, ObjectKind};
use crate::lookup::{Action, Key, stores_of, target_of};

/// What the object makes latchkey do that its author must be allowed himself: make (or change) the Secret, read those whose
/// content its template takes, and use each store and each generator that it names.
pub(super) fn actions(object: &ExternalSecret, namespace: &str) -> Vec<Action> {
    let stores = stores_of(object).into_iter().map(using);
    let generators = object.spec.generators().filter_map(|(_, named)| having_made(named, Some(namespace)));
    let own = secret(object, namespace).into_iter().chain(templates(object, namespace));
    own.chain(stores).chain(generators).collect()
}

/// To use a generator, in a namespace or in any; none if it is of a kind that is not served, as nothing is made then, nor if each
/// namespace has its own.
pub(in crate::admission) fn having_made(named: &GeneratorRef, namespace: Option<&str>) -> Option<Action> {
    let of = GeneratorKey::of(named, namespace.unwrap_or_default())?;
    let GeneratorKey { kind, namespace, name } =
        Some(of).filter(|of| namespace.is_some() || of.kind.is_none())?;
    let resource = kind.map_or("clustergenerators", GeneratorKind::plural);
    let (group, resource) = (generator::GROUP.into(), resource.into());
    Some(Action { verb: "use", group, resource, namespace, name: Some(name) })
}

/// Secrets whose content the template puts into the target.
fn templates(object: &ExternalSecret, namespace: &str) -> Vec<Action> {
    let template = object.spec.target.as_ref().and_then(|target| target.template.as_ref());
    secrets_in(template).map(|name| reading(Some(namespace), name)).collect()
}

/// The Secrets that a template takes texts of.
pub(in crate::admission) fn secrets_in(template: Option<&Template>) -> impl Iterator<Item = String> {
    let of = render::objects(template).into_iter().filter(|object| object.kind == ObjectKind::Secret);
    of.map(|object| object.name)
}

/// To read a Secret, of a namespace or of any.
pub(in crate::admission) fn reading(namespace: Option<&str>, name: String) -> Action {
    let namespace = namespace.map(str::to_owned);
    Action { verb: "get", group: "".into(), resource: "secrets".into(), namespace, name: Some(name) }
}

/// What a ClusterExternalSecret makes latchkey do in every namespace.
pub(super) fn everywhere(request: &Request) -> Vec<Action> {
    let making = Action {
        verb: "create",
        group: GROUP.into(),
        resource: "externalsecrets".into(),
        namespace: None,
        name: None,
    };
    let fan = request.object::<ClusterExternalSecret>("ClusterExternalSecret").ok();
    let inner = fan.map(|fan| ExternalSecret::new(&request.name, fan.spec.external_secret_spec));
    let stores = inner.iter().flat_map(stores_of).filter(|store| store.kind == StoreKind::ClusterSecretStore);
    let generators = inner.iter().flat_map(|inner| inner.spec.generators());
    let generators = generators.filter_map(|(_, named)| having_made(named, None));
    std::iter::once(making).chain(stores.map(using)).chain(generators).collect()
}

/// A name is of no use to the first: the API server does not know it either when it asks whether somebody may create.
fn secret(object: &ExternalSecret, namespace: &str) -> Option<Action> {
    if manifest_of(object).is_some() {
        return None; // asked about by its own kind
    }
    match object.spec.creation_policy() {
        CreationPolicy::None => None,
        CreationPolicy::Merge => Some(updating(target_of(object))),
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => {
            let namespace = Some(namespace.to_owned());
            Some(Action {
                verb: "create",
                group: "".into(),
                resource: "secrets".into(),
                namespace,
                name: None,
            })
        }
    }
}

pub(super) fn manifest_of(object: &ExternalSecret) -> Option<&ManifestRef> {
    object.spec.target.as_ref()?.manifest.as_ref()
}

/// Making and changing an object that is no Secret; both, since it may be there.
pub(super) fn writing(object: &ExternalSecret, resource: Resource) -> Vec<Action> {
    let target = target_of(object);
    let updating =
        Action { group: resource.group.into(), resource: resource.plural.into(), ..updating(target) };
    let creating = Action { verb: "create", name: None, ..updating.clone() };
    match object.spec.creation_policy() {
        CreationPolicy::None => Vec::new(),
        CreationPolicy::Merge => vec![updating],
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => {
            vec![creating, updating]
        }
    }
}

pub(super) fn updating(secret: Key) -> Action {
    let (namespace, name) = (secret.namespace().to_owned(), secret.name().to_owned());
    Action {
        verb: "update",
        group: "".into(),
        resource: "secrets".into(),
        namespace: Some(namespace),
        name: Some(name),
    }
}

/// The Secret that would be taken over if it is there: one that the object did not write before.
pub(super) fn newly_targeted(object: &ExternalSecret, old: Option<&ExternalSecret>) -> Option<Key> {
    if manifest_of(object).is_some() {
        return None; // whoever asks for it must be allowed to change it anyway
    }
    let written = |object: &ExternalSecret| match object.spec.creation_policy() {
        CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge => {
            Some(target_of(object))
        }
        CreationPolicy::Merge | CreationPolicy::None => None, // asked about already; not written
    };
    written(object).filter(|target| old.and_then(written).as_ref() != Some(target))
}

fn using(store: StoreKey) -> Action {
    Action { name: Some(store.name), ..using_all(store.kind, store.namespace) }
}

/// To use every store of a kind.
pub(in crate::admission) fn using_all(kind: StoreKind, namespace: Option<String>) -> Action {
    let resource = match kind {
        StoreKind::SecretStore => "secretstores",
        StoreKind::ClusterSecretStore => "clustersecretstores",
    };
    Action { verb: "use", group: GROUP.into(), resource: resource.into(), namespace, name: None }
}

#[cfg(test)]
#[path = "actions_tests.rs"]
mod tests;
