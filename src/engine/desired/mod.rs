//! What the target Secret has to become, given what it is: pure.
//!
//! The result is External Secrets Operator's to the byte (its `mutationFunc`, `ApplyTemplate` and `updateSecret`), with
//! these exceptions, each on the safe side: a Secret that nobody manages is not labelled under `creationPolicy: None` or
//! on a conflict; `deletionPolicy: Delete` deletes only a Secret that is the ExternalSecret's own; on an immutable Secret
//! whose data would change nothing is written at all, so that its data-hash stays true; and during admission nothing is
//! taken that could not be given back.

#[cfg(test)]
mod admission_tests;
mod content;
#[cfg(test)]
pub(in crate::engine) mod fixture;
mod once;
pub mod ownership;
mod sealed;
#[cfg(test)]
mod tests;
mod wait;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::{CreationPolicy, DeletionPolicy, ExternalSecret};

pub use ownership::Claim;
pub use sealed::Sealed;

use super::error::Error;
use super::job::Stage;
use super::message;
use super::outcome::Written;
use super::pending::{self, PENDING, Pending};
use super::render::Rendered;

/// A mark as young as this need not be renewed by a review that is sent again (fact F4).
const MARK_IS_FRESH: Duration = Duration::from_secs(10);

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// What the ExternalSecret gives the Secret.
    pub rendered: &'a Rendered,
    /// The ExternalSecret.
    pub external_secret: &'a ExternalSecret,
    /// Where in its life it is.
    pub stage: Stage,
    /// The `resourceVersion` of the stored object that it is to replace.
    pub over: Option<&'a str>,
    /// The time.
    pub now: Timestamp,
    /// The age of the oldest value used, where the cache gave it.
    pub cached: Option<Duration>,
}

/// What has to be done.
#[derive(Debug, PartialEq)]
pub enum Desired {
    /// Nothing, for this reason.
    Nothing(Written),
    /// Nothing until the ExternalSecret is stored; the sentence says why, for the prompt.
    Deferred(String),
    /// Make it.
    Create(Sealed),
    /// Replace it; the resourceVersion is that of what was read.
    Update(Sealed),
    /// Delete just this one.
    Delete(Version),
}

/// One version of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Which object.
    pub uid: Option<String>,
    /// Which version of it.
    pub resource_version: Option<String>,
}

impl Version {
    /// The version that was read.
    pub fn of(metadata: &ObjectMeta) -> Self {
        Self { uid: metadata.uid.clone(), resource_version: metadata.resource_version.clone() }
    }
}

/// What has to be done so that the target is as wanted.
///
/// # Errors
/// The Secret is somebody else's, is immutable, too large, or of a type that must not be written or cannot be changed.
pub fn desired(existing: Option<&Secret>, wanted: &Wanted<'_>) -> Result<Desired, Error> {
    let kept = existing.and_then(|existing| once::kept(existing, wanted));
    let wanted = &Wanted { rendered: kept.as_ref().unwrap_or(wanted.rendered), ..*wanted };
    let rendered = wanted.rendered;
    if rendered.provider_empty {
        match rendered.deletion {
            DeletionPolicy::Delete => return delete(existing, wanted),
            DeletionPolicy::Retain => return Ok(Desired::Nothing(Written::Retained)),
            DeletionPolicy::Merge => {}
        }
    }
    match (rendered.creation, existing) {
        (CreationPolicy::None, _) => Ok(Desired::Nothing(Written::NotWanted)),
        (CreationPolicy::Merge, None) => Ok(Desired::Nothing(Written::TargetMissing)),
        (CreationPolicy::Owner | CreationPolicy::Orphan | CreationPolicy::CreateOrMerge, None) => {
            create(wanted)
        }
        (_, Some(existing)) => update(existing, wanted),
    }
}

fn delete(existing: Option<&Secret>, wanted: &Wanted<'_>) -> Result<Desired, Error> {
    let Rendered { name, creation, .. } = wanted.rendered;
    if *creation != CreationPolicy::Owner {
        return Err(message::not_owner(name, *creation));
    }
    let Some(existing) = existing else { return Ok(Desired::Nothing(Written::Deleted)) };
    let claim = wanted.claim();
    claim.check(&existing.metadata)?;
    if !claim.holds(&existing.metadata) {
        return Err(message::not_its_own(name));
    }
    if wanted.is_overtaken(&existing.metadata) {
        return Ok(Desired::Nothing(Written::Overtaken));
    }
    if wanted.stage.is_admission() {
        return Ok(Desired::Deferred(wait::deletion(name)));
    }
    Ok(Desired::Delete(Version::of(&existing.metadata)))
}

fn create(wanted: &Wanted<'_>) -> Result<Desired, Error> {
    if let Some(why) = &wanted.rendered.failed {
        return Err(why.clone());
    }
    let mut secret = Sealed::default();
    secret.metadata.name = Some(wanted.rendered.name.clone());
    secret.metadata.namespace = Some(wanted.rendered.namespace.clone());
    content::refuse_privileged(&secret, wanted.rendered)?;
    content::set(&mut secret, wanted)?;
    if wanted.stage.is_admission() {
        wanted.mark(&mut secret.metadata, true);
    }
    Ok(Desired::Create(secret))
}

fn update(existing: &Secret, wanted: &Wanted<'_>) -> Result<Desired, Error> {
    wanted.claim().check(&existing.metadata)?;
    if wanted.is_overtaken(&existing.metadata) {
        return Ok(Desired::Nothing(Written::Overtaken));
    }
    content::refuse_privileged(existing, wanted.rendered)?;
    content::refuse_type_change(existing, wanted.rendered)?;
    let mut updated = Sealed::new(existing.clone());
    content::set(&mut updated, wanted)?;
    content::refuse_immutable(existing, &updated)?;
    let same = content::is_same(existing, &updated);
    if same && !wanted.needs_mark(&existing.metadata, &updated.metadata) {
        return Ok(Desired::Nothing(Written::Unchanged));
    }
    let waits = wait::takeover(existing, &updated, wanted);
    if let Some(why) = waits.or_else(|| once::deferred(existing, &updated, wanted)) {
        return Ok(Desired::Deferred(why));
    }
    if wanted.stage.is_admission() {
        wanted.mark(&mut updated.metadata, wanted.would_be_lost(&existing.metadata));
    }
    Ok(Desired::Update(updated))
}

impl<'a> Wanted<'a> {
    /// The claim on the target.
    fn claim(&self) -> Claim<'a> {
        let Rendered { namespace, external_secret, creation, .. } = self.rendered;
        let claim = Claim::of(self.external_secret, self.stage);
        Claim { namespace, external_secret, creation: *creation, ..claim }
    }

    /// Whether the mark alone makes a write necessary: at admission an own one that would mislead whoever finds it, later
    /// one that has to go.
    fn needs_mark(&self, existing: &ObjectMeta, updated: &ObjectMeta) -> bool {
        if !self.stage.is_admission() {
            return Pending::text(existing) != Pending::text(updated);
        }
        let fresh = |mark: &Pending| mark.is_of(self.external_secret) && mark.age(self.now) <= MARK_IS_FRESH;
        self.own_mark(existing).is_some_and(|mark| !fresh(&mark))
    }

    /// Whether a later version has just been written. Who holds the earlier one, since he took it up before, must not bring
    /// back its values.
    fn is_overtaken(&self, existing: &ObjectMeta) -> bool {
        let later = |mark: Pending| mark.overtakes(self.external_secret, self.now);
        self.stage == Stage::Stored && Pending::of(existing).is_some_and(later)
    }

    fn own_mark(&self, secret: &ObjectMeta) -> Option<Pending> {
        Pending::of(secret).filter(|mark| mark.external_secret == self.rendered.external_secret)
    }

    /// Whether nothing would be left of the Secret without this ExternalSecret: admission made it, for a version that was
    /// not stored, or its owner was an ExternalSecret of this name that is gone.
    fn would_be_lost(&self, secret: &ObjectMeta) -> bool {
        let claim = self.claim();
        let references = secret.owner_references.iter().flatten();
        let owner_gone = self.stage == Stage::Create && references.into_iter().any(|r| claim.is_named_by(r));
        owner_gone || self.own_mark(secret).is_some_and(|mark| mark.created)
    }

    fn mark(&self, secret: &mut ObjectMeta, created: bool) {
        let merges = self.rendered.creation == CreationPolicy::Merge
            || self.rendered.creation == CreationPolicy::CreateOrMerge;
        let mark = Pending {
            external_secret: self.rendered.external_secret.clone(),
            spec_hash: pending::spec_hash(self.external_secret),
            at: self.now,
            created,
            merged: merges && !created,
            cached: self.cached.map(|age| age.as_secs()),
            over: self.over.map(str::to_owned),
        };
        let annotations = secret.annotations.get_or_insert_default();
        annotations.insert(PENDING.to_owned(), mark.to_annotation());
    }
}
