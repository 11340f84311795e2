//! Secrets that an ExternalSecret with `creationPolicy: Owner` made under another name before.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::ExternalSecret;

use super::super::desired::ownership::{CREATED_BY, controller};
use super::super::desired::{Claim, Version};
use super::super::error::Error;
use super::super::job::Effects;
use super::super::pending::Pending;
use super::SecretWriter;
use super::refusal::Attempt;
use super::wire::Secrets;
use crate::failpoint::{self, Step};

/// What is known of Secrets without asking.
pub trait Known: Send + Sync {
    /// Whether an ExternalSecret, named by its label, may have made another Secret of this namespace than its target.
    fn may_have_others(&self, namespace: &str, created_by: &str, target: &str) -> bool;

    /// The metadata of a Secret that bears the mark of an admission. They may be old.
    fn marked(&self, namespace: &str, name: &str) -> Option<ObjectMeta>;
}

/// Nothing.
pub(super) struct Unknown;

impl Known for Unknown {
    fn may_have_others(&self, _: &str, _: &str, _: &str) -> bool {
        true
    }

    fn marked(&self, _: &str, _: &str) -> Option<ObjectMeta> {
        None
    }
}

/// Whether the target may be another one than the one before, of which the watch need not know yet: not if the specification
/// is the first one, or the one by which this very target was synced last.
fn may_be_another(stored: &ExternalSecret, target: &str) -> bool {
    let generation = stored.metadata.generation.unwrap_or_default();
    let status = stored.status.as_ref();
    let bound = status.and_then(|status| status.binding.as_ref()).is_some_and(|to| to.name == target);
    let synced = status.and_then(|status| status.synced_resource_version.as_deref()).unwrap_or_default();
    let is_of_this = synced.split_once('-').is_some_and(|(of, _)| of == generation.to_string());
    generation != 1 && !(bound && is_of_this)
}

impl SecretWriter {
    /// Deletes what the owner of `target` made under other names; their names. It is looked for only where it may be: a look
    /// costs the API server one at each Secret of the namespace.
    pub(in crate::engine) async fn delete_orphans_of(
        &self,
        stored: &ExternalSecret,
        claim: &Claim<'_>,
        target: &str,
    ) -> Result<Vec<String>, Error> {
        let others = || self.known.may_have_others(claim.namespace, &claim.created_by(), target);
        match may_be_another(stored, target) || others() {
            true => self.secrets.delete_orphans(stored, claim, target).await,
            false => Ok(Vec::new()),
        }
    }
}

impl Secrets {
    /// Deletes what the owner of `target` made under other names; their names. Only for an ExternalSecret that is stored:
    /// a version that is being admitted may be refused, and then the other name is the right one.
    /// What a later version has just written under another name is not its former one.
    async fn delete_orphans(
        &self,
        stored: &ExternalSecret,
        claim: &Claim<'_>,
        target: &str,
    ) -> Result<Vec<String>, Error> {
        let (namespace, now) = (claim.namespace, Timestamp::now());
        let listed = self.labelled(namespace, CREATED_BY, &claim.created_by()).await;
        let mut deleted = Vec::new();
        for orphan in
            listed.map_err(|failure| Attempt { verb: "list", namespace, name: target }.failed(failure))?
        {
            let name = orphan.name.as_deref().unwrap_or_default();
            // A label can be copied by anybody; an owner reference to somebody else outweighs it.
            let is_later = Pending::of(&orphan).is_some_and(|mark| mark.overtakes(stored, now));
            let is_others = controller(&orphan).is_some_and(|owner| !claim.is_named_by(owner));
            if name == target || is_others || is_later {
                continue;
            }
            let delete = self.delete(namespace, name, Version::of(&orphan), Effects::Apply);
            match failpoint::around(Step::OldTarget, namespace, claim.external_secret, delete).await {
                Ok(()) => deleted.push(name.to_owned()),
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return Err(Attempt { verb: "delete", namespace, name }.failed(failure)),
            }
        }
        Ok(deleted)
    }
}

#[cfg(test)]
mod tests {
    use latchkey_api::external_secret::{Binding, ExternalSecretStatus};

    use super::*;
    use crate::engine::desired::fixture::case;

    #[test]
    fn a_target_may_be_another_one_after_a_change_alone() {
        let at = |generation: i64, synced: &str, bound: &str| {
            let mut object = case().external_secret;
            object.metadata.generation = Some(generation);
            object.status = Some(ExternalSecretStatus {
                synced_resource_version: Some(synced.into()),
                binding: Some(Binding { name: bound.into() }),
                ..ExternalSecretStatus::default()
            });
            may_be_another(&object, "db")
        };
        assert!(!at(1, "", "") && !at(3, "3-abc", "db"));
        assert!(at(3, "2-abc", "db") && at(3, "3-abc", "old") && at(3, "", ""));
    }
}
