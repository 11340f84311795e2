//! Whose a Secret is: bookkeeping labels, owner references, and the conflicts between claims.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::Resource;
use latchkey_api::external_secret::{CreationPolicy, ExternalSecret};

use super::super::error::Error;
use super::super::hash;
use super::super::job::Stage;
use super::super::message;
use super::super::pending::Pending;

/// The label on every Secret that an ExternalSecret writes.
pub const MANAGED: &str = "reconcile.external-secrets.io/managed";
/// The label that says which ExternalSecret owns it, as a digest.
pub const CREATED_BY: &str = "reconcile.external-secrets.io/created-by";
/// The annotation with the digest of its whole data.
pub const DATA_HASH: &str = "reconcile.external-secrets.io/data-hash";

/// One ExternalSecret's claim on its target.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Namespace of both.
    pub namespace: &'a str,
    /// The ExternalSecret's name.
    pub external_secret: &'a str,
    /// Its uid, where it has one.
    pub uid: Option<&'a str>,
    /// By which policy.
    pub creation: CreationPolicy,
}

impl<'a> Claim<'a> {
    /// The claim of an ExternalSecret. Until it is stored its uid is not to be pointed at (fact F3), even if it has one.
    pub fn of(external_secret: &'a ExternalSecret, stage: Stage) -> Self {
        let metadata = &external_secret.metadata;
        let uid = metadata.uid.as_deref().filter(|uid| stage != Stage::Create && !uid.is_empty());
        Self {
            namespace: metadata.namespace.as_deref().unwrap_or_default(),
            external_secret: metadata.name.as_deref().unwrap_or_default(),
            uid,
            creation: external_secret.spec.creation_policy(),
        }
    }

    /// The value of the label `created-by`.
    pub fn created_by(&self) -> String {
        hash::created_by(self.namespace, self.external_secret)
    }

    /// Whether a reference points at this ExternalSecret. By group, kind and name, as External Secrets Operator and
    /// controller-runtime compare; the uid is that of an earlier one if it differs.
    pub fn is_named_by(&self, reference: &OwnerReference) -> bool {
        is_external_secret(reference) && reference.name == self.external_secret
    }

    /// Whether the Secret is this ExternalSecret's already, by owner, by label or by pending mark.
    pub fn holds(&self, secret: &ObjectMeta) -> bool {
        controller(secret).is_some_and(|owner| self.is_named_by(owner))
            || label(secret, CREATED_BY) == Some(self.created_by().as_str())
            || Pending::of(secret).is_some_and(|mark| mark.external_secret == self.external_secret)
    }

    /// Sets or removes the owner reference as the policy wants; others stay as they are.
    ///
    /// A reference to this name whose uid is not known to exist would have the garbage collector delete the Secret: at
    /// CREATE it is that of an ExternalSecret that is gone.
    pub fn set_owner(&self, secret: &mut ObjectMeta) {
        let mut references = secret.owner_references.take().unwrap_or_default();
        let place = references.iter().position(|reference| self.is_named_by(reference));
        match (self.creation, self.uid, place) {
            (CreationPolicy::Owner, Some(uid), Some(place)) => references[place] = self.reference(uid),
            (CreationPolicy::Owner, Some(uid), None) => references.push(self.reference(uid)),
            (_, _, Some(place)) => drop(references.remove(place)),
            (_, _, None) => {}
        }
        secret.owner_references = (!references.is_empty()).then_some(references);
    }

    fn reference(&self, uid: &str) -> OwnerReference {
        OwnerReference {
            api_version: ExternalSecret::api_version(&()).into_owned(),
            kind: ExternalSecret::kind(&()).into_owned(),
            name: self.external_secret.to_owned(),
            uid: uid.to_owned(),
            controller: Some(true),
            block_owner_deletion: Some(true),
        }
    }

    /// Refuses a Secret that somebody else owns.
    ///
    /// # Errors
    /// `OwnedByAnother` whatever the policy, `ForeignOwner` under `Owner`.
    pub fn check(&self, secret: &ObjectMeta) -> Result<(), Error> {
        let name = secret.name.as_deref().unwrap_or_default();
        match controller(secret) {
            Some(owner) if self.is_named_by(owner) => Ok(()),
            Some(owner) if is_external_secret(owner) => Err(message::owned_by_another(name, &owner.name)),
            Some(owner) if self.creation == CreationPolicy::Owner => {
                Err(message::foreign_owner(name, &owner.kind, &owner.name))
            }
            Some(_) => Ok(()),
            None => self.check_mark(name, secret),
        }
    }

    /// A Secret that another ExternalSecret is about to own bears its mark and label, but no owner reference yet.
    fn check_mark(&self, name: &str, secret: &ObjectMeta) -> Result<(), Error> {
        let Some(label) = label(secret, CREATED_BY) else { return Ok(()) };
        match Pending::of(secret) {
            Some(mark) if mark.external_secret != self.external_secret && label != self.created_by() => {
                Err(message::owned_by_another(name, &mark.external_secret))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The owner that controls an object.
pub fn controller(object: &ObjectMeta) -> Option<&OwnerReference> {
    object.owner_references.iter().flatten().find(|reference| reference.controller == Some(true))
}

/// Whether some ExternalSecret writes this Secret.
pub fn is_managed(secret: &ObjectMeta) -> bool {
    label(secret, MANAGED) == Some("true")
}

/// The value of a label.
pub fn label<'a>(object: &'a ObjectMeta, key: &str) -> Option<&'a str> {
    object.labels.as_ref()?.get(key).map(String::as_str)
}

fn is_external_secret(reference: &OwnerReference) -> bool {
    let group = reference.api_version.split_once('/').map_or("", |(group, _)| group);
    reference.kind == ExternalSecret::kind(&()) && group == ExternalSecret::group(&())
}
