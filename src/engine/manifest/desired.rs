//! What the object has to become, given what it is: pure.
//!
//! As with External Secrets Operator, what nobody mentions stays as it is. On the safe side of it: under `Owner` an object
//! that is there and nobody's is not taken over, and only what is the ExternalSecret's own is deleted.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::{CreationPolicy, DeletionPolicy};
use serde_json::{Value, json};

use super::Manifest;
use crate::engine::desired::ownership::{CREATED_BY, DATA_HASH, MANAGED, controller, is_managed};
use crate::engine::desired::{Claim, Version};
use crate::engine::error::{Error, ErrorKind};
use crate::engine::hash;
use crate::engine::outcome::Written;
use crate::engine::render::Rendered;

/// What `kubectl apply` notes for itself. On another object it would be false.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What has to be done.
pub(super) enum Desired {
    Nothing(Written),
    Create(Value),
    Update(Value),
    Delete(Version),
}

/// What has to be done so that the object is as wanted.
///
/// # Errors
/// It is somebody else's; it would have nothing to be digested; a path leads through what is no map.
pub(super) fn desired(
    existing: Option<&Value>,
    rendered: &Rendered,
    manifest: &Manifest,
    claim: &Claim<'_>,
) -> Result<Desired, Error> {
    let metadata = existing.map(metadata).transpose()?;
    if rendered.provider_empty {
        match rendered.deletion {
            DeletionPolicy::Delete => return delete(metadata.as_ref(), manifest, claim),
            DeletionPolicy::Retain => return Ok(Desired::Nothing(Written::Retained)),
            DeletionPolicy::Merge => {}
        }
    }
    match (rendered.creation, existing, &metadata) {
        (CreationPolicy::None, _, _) => Ok(Desired::Nothing(Written::NotWanted)),
        (CreationPolicy::Merge, None, _) => Ok(Desired::Nothing(Written::TargetMissing)),
        (_, Some(existing), Some(metadata)) => {
            may_write(metadata, manifest, claim)?;
            let wanted = made(existing.clone(), metadata.clone(), rendered, manifest, claim)?;
            Ok(if wanted == *existing {
                Desired::Nothing(Written::Unchanged)
            } else {
                Desired::Update(wanted)
            })
        }
        (_, _, _) => {
            let metadata = ObjectMeta {
                name: Some(rendered.name.clone()),
                namespace: Some(rendered.namespace.clone()),
                ..ObjectMeta::default()
            };
            Ok(Desired::Create(made(bare(manifest), metadata, rendered, manifest, claim)?))
        }
    }
}

/// The object as an ExternalSecret alone makes it, without bookkeeping: what is shown without a cluster.
///
/// # Errors
/// A path leads through what is no map.
pub fn object(rendered: &Rendered, manifest: &Manifest) -> Result<Value, Error> {
    let mut object = bare(manifest);
    object["metadata"]["name"] = json!(rendered.name);
    for (part, texts) in [("labels", &rendered.labels), ("annotations", &rendered.annotations)] {
        let texts = texts.iter().filter(|(key, _)| *key != LAST_APPLIED);
        for (key, text) in texts {
            object["metadata"][part][key] = json!(text);
        }
    }
    filled(object, manifest)
}

fn bare(manifest: &Manifest) -> Value {
    json!({ "apiVersion": manifest.of.api_version, "kind": manifest.of.kind, "metadata": {} })
}

fn filled(mut object: Value, manifest: &Manifest) -> Result<Value, Error> {
    for set in &manifest.sets {
        let put = set.path.put(&mut object, set.value.clone(), set.merges);
        put.map_err(|why| Error::new(ErrorKind::Template, format!("{}: {why}; correct its target", set.at)))?;
    }
    Ok(object)
}

fn made(
    object: Value,
    mut metadata: ObjectMeta,
    rendered: &Rendered,
    manifest: &Manifest,
    claim: &Claim<'_>,
) -> Result<Value, Error> {
    let mut object = filled(object, manifest)?;
    let content = object.get("spec").or_else(|| object.get("data")).ok_or_else(|| {
        let why = "generic target content does not have a spec or data field for content hashing";
        Error::new(ErrorKind::Template, why)
    })?;
    let digest = hash::content(content);
    let labels = metadata.labels.get_or_insert_default();
    labels.extend(rendered.labels.clone());
    labels.insert(MANAGED.into(), "true".into());
    match claim.creation {
        CreationPolicy::Owner => drop(labels.insert(CREATED_BY.into(), claim.created_by())),
        CreationPolicy::Orphan
        | CreationPolicy::CreateOrMerge
        | CreationPolicy::Merge
        | CreationPolicy::None => drop(labels.remove(CREATED_BY)),
    }
    let annotations = metadata.annotations.get_or_insert_default();
    let own = rendered.annotations.iter().filter(|(key, _)| *key != LAST_APPLIED);
    annotations.extend(own.map(|(key, text)| (key.clone(), text.clone())));
    annotations.insert(DATA_HASH.into(), digest);
    for finalizer in &rendered.finalizers {
        let finalizers = metadata.finalizers.get_or_insert_default();
        if !finalizers.contains(finalizer) {
            finalizers.push(finalizer.clone());
        }
    }
    claim.set_owner(&mut metadata);
    object["metadata"] = serde_json::to_value(&metadata).map_err(|_| unreadable())?;
    Ok(object)
}

/// An object's metadata.
///
/// # Errors
/// The API server answered with what is no object.
pub(super) fn metadata(object: &Value) -> Result<ObjectMeta, Error> {
    serde_json::from_value(object["metadata"].clone()).map_err(|_| unreadable())
}

fn unreadable() -> Error {
    Error::new(ErrorKind::Cluster, "the API server's answer about the target cannot be read")
}

fn named(metadata: &ObjectMeta, manifest: &Manifest) -> String {
    format!("{} {:?}", manifest.of.kind, metadata.name.as_deref().unwrap_or_default())
}

/// Refuses an object that another controls, and one that is nobody's and would be deleted with the ExternalSecret.
fn may_write(there: &ObjectMeta, manifest: &Manifest, claim: &Claim<'_>) -> Result<(), Error> {
    let named = named(there, manifest);
    match controller(there) {
        Some(owner) if claim.is_named_by(owner) => Ok(()),
        Some(owner) if owner.kind == "ExternalSecret" => Err(Error::new(
            ErrorKind::OwnedByAnother,
            format!(
                "{named} is owned by another ExternalSecret: {}; choose another spec.target.name",
                owner.name
            ),
        )),
        Some(owner) if claim.creation == CreationPolicy::Owner => Err(Error::new(
            ErrorKind::ForeignOwner,
            format!(
                "{named} is owned by {} {:?}; choose another spec.target.name, or creationPolicy Merge",
                owner.kind, owner.name
            ),
        )),
        None if claim.creation == CreationPolicy::Owner && !is_managed(there) => Err(Error::new(
            ErrorKind::ForeignOwner,
            format!(
                "{named} is there and was not made by an ExternalSecret; delete it, or set creationPolicy Merge or \
                 CreateOrMerge"
            ),
        )),
        Some(_) | None => Ok(()),
    }
}

fn delete(there: Option<&ObjectMeta>, manifest: &Manifest, claim: &Claim<'_>) -> Result<Desired, Error> {
    let Some(there) = there else { return Ok(Desired::Nothing(Written::Deleted)) };
    let own = controller(there)
        .is_some_and(|owner| claim.is_named_by(owner) && Some(owner.uid.as_str()) == claim.uid);
    if own && claim.creation == CreationPolicy::Owner {
        return Ok(Desired::Delete(Version::of(there)));
    }
    let why = format!(
        "{} would be deleted and is not this ExternalSecret's own; delete it by hand, or set deletionPolicy Retain",
        named(there, manifest)
    );
    Err(Error::new(ErrorKind::NotOwner, why))
}

#[cfg(test)]
#[path = "desired_tests.rs"]
mod tests;
