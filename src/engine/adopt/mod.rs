//! Adoption: the ExternalSecret is stored, its Secret was written while it was being admitted. What is left to do is to
//! own it and to take the mark away; no store is asked and no value is written. No value is even read: both requests are
//! about metadata alone.

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::{CreationPolicy, ExternalSecret};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::apply::{ATTEMPTS, Attempt, Failure, Manner, SecretWriter, always_raced, pause, state};
use super::desired::Claim;
use super::error::Error;
use super::hash;
use super::job::{Effects, Stage};
use super::outcome::SecretState;
use super::pending::{PENDING, Pending};
use crate::failpoint::{self, Step};

/// What became of an adoption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adoption {
    /// The Secret is the ExternalSecret's now, with the values that admission wrote.
    Adopted(Adopted),
    /// There is no Secret, or it bears no mark of this ExternalSecret.
    NotPending,
    /// It was written for another version of the ExternalSecret, or is somebody else's by now.
    Mismatch,
}

/// What was adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adopted {
    /// Whether admission made the Secret; else it changed one that was there.
    pub created: bool,
    /// When the values were read.
    pub at: Timestamp,
    /// The age that the oldest value had then, where the cache gave it.
    pub cached: Option<Duration>,
    /// The Secret as it is now.
    pub secret: SecretState,
    /// Other Secrets that were deleted because the target's name had changed.
    pub orphans_deleted: Vec<String>,
}

impl SecretWriter {
    /// Adopts the target of a stored ExternalSecret, if it was written for just this version of it.
    ///
    /// # Errors
    /// The API server refuses the patch or cannot be asked.
    pub async fn adopt(&self, stored: &ExternalSecret) -> Result<Adoption, Error> {
        let target = Target::of(stored);
        for attempt in 0..ATTEMPTS {
            let known = if attempt == 0 { self.known_to_fit(&target) } else { None };
            let secret = match known {
                Some(known) => Some(known),
                None => {
                    let read = self.secrets.metadata(target.claim.namespace, target.name).await;
                    read.map_err(|failure| target.failed("get", failure))?
                }
            };
            let mark = match secret.as_ref().map_or(Fit::NotPending, |secret| target.fit(secret)) {
                Fit::Ours(mark) => mark,
                Fit::NotPending => return Ok(Adoption::NotPending),
                Fit::Mismatch => return Ok(Adoption::Mismatch),
            };
            let orphans_deleted = self.orphans_of(&target).await?;
            match self.patch(&target, &secret.unwrap_or_default()).await {
                Ok(now) => return Ok(Adoption::Adopted(Adopted::new(&mark, &now, orphans_deleted))),
                Err(failure) if failure.is_race() => sleep(pause(attempt)).await,
                Err(failure) if failure.is_not_found() => return Ok(Adoption::NotPending),
                Err(failure) => return Err(target.failed("patch", failure)),
            }
        }
        Err(always_raced(target.name))
    }

    /// The target as it is known without asking, if it is to be adopted like that. The patch finds out if it is old.
    fn known_to_fit(&self, target: &Target<'_>) -> Option<ObjectMeta> {
        let known = self.known.marked(target.claim.namespace, target.name)?;
        matches!(target.fit(&known), Fit::Ours(_)).then_some(known)
    }

    async fn patch(&self, target: &Target<'_>, secret: &ObjectMeta) -> Result<ObjectMeta, Failure> {
        let manager = hash::field_manager(target.claim.external_secret);
        let manner = Manner { manager: &manager, effects: Effects::Apply };
        let patch = target.patch(secret);
        let Claim { namespace, external_secret, .. } = target.claim;
        let adopt = self.secrets.patch(namespace, target.name, &patch, manner);
        failpoint::around(Step::Adoption, namespace, external_secret, adopt).await
    }

    async fn orphans_of(&self, target: &Target<'_>) -> Result<Vec<String>, Error> {
        match target.claim.creation {
            CreationPolicy::Owner => self.delete_orphans_of(target.stored, &target.claim, target.name).await,
            CreationPolicy::Orphan
            | CreationPolicy::Merge
            | CreationPolicy::CreateOrMerge
            | CreationPolicy::None => Ok(Vec::new()),
        }
    }
}

/// The target of a stored ExternalSecret.
pub(super) struct Target<'a> {
    pub(super) stored: &'a ExternalSecret,
    pub(super) claim: Claim<'a>,
    pub(super) name: &'a str,
}

/// How a Secret fits an ExternalSecret.
#[derive(Debug, PartialEq)]
pub(super) enum Fit {
    Ours(Pending),
    NotPending,
    Mismatch,
}

impl<'a> Target<'a> {
    pub(super) fn of(stored: &'a ExternalSecret) -> Self {
        let claim = Claim::of(stored, Stage::Stored);
        Self { stored, claim, name: stored.spec.target_name(claim.external_secret) }
    }

    pub(super) fn fit(&self, secret: &ObjectMeta) -> Fit {
        match Pending::of(secret) {
            Some(mark) if mark.external_secret != self.claim.external_secret => Fit::NotPending,
            Some(mark) if mark.is_of(self.stored) && self.claim.check(secret).is_ok() => Fit::Ours(mark),
            Some(_) => Fit::Mismatch,
            None => Fit::NotPending,
        }
    }

    /// The whole change. A merge patch replaces a list, so all owner references are in it; uid and resourceVersion make
    /// sure that it meets the very version that was read.
    pub(super) fn patch(&self, secret: &ObjectMeta) -> Value {
        let mut owned = secret.clone();
        self.claim.set_owner(&mut owned);
        let mut metadata = json!({
            "uid": secret.uid,
            "resourceVersion": secret.resource_version,
            "annotations": { PENDING: null },
        });
        if owned.owner_references != secret.owner_references {
            metadata["ownerReferences"] = json!(owned.owner_references);
        }
        json!({ "metadata": metadata })
    }

    fn failed(&self, verb: &'static str, failure: Failure) -> Error {
        Attempt { verb, namespace: self.claim.namespace, name: self.name }.failed(failure)
    }
}

impl Adopted {
    fn new(mark: &Pending, now: &ObjectMeta, orphans_deleted: Vec<String>) -> Self {
        let Pending { at, created, .. } = *mark;
        Self { created, at, cached: mark.cached(), secret: state(now), orphans_deleted }
    }
}
