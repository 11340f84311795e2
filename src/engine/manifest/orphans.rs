//! What an ExternalSecret with `creationPolicy: Owner` wrote under another name before.
//!
//! External Secrets Operator leaves it until the ExternalSecret is deleted; of Secrets it does not, and nor is it what anybody
//! who renames a target expects.

use kube::api::ListParams;
use kube::core::PartialObjectMeta;
use latchkey_api::external_secret::{CreationPolicy, ExternalSecret};

use super::write::{Target, deletion};
use crate::engine::apply::{Failure, SecretWriter, Write};
use crate::engine::desired::ownership::{CREATED_BY, controller};
use crate::engine::desired::{Claim, Version};
use crate::engine::error::Error;
use crate::engine::job::Effects;

/// Only the metadata of what is listed are of interest.
type Listed = kube::api::ObjectList<PartialObjectMeta<k8s_openapi::api::core::v1::ConfigMap>>;

/// Whether the target may be another one than the one before: not if the specification is the first one, or the one that was
/// synced last.
fn may_have_moved(stored: &ExternalSecret) -> bool {
    let generation = stored.metadata.generation.unwrap_or_default();
    let synced = stored.status.as_ref().and_then(|status| status.synced_resource_version.as_deref());
    let of = synced.and_then(|synced| synced.split_once('-')).map(|(of, _)| of);
    generation != 1 && of != Some(generation.to_string().as_str())
}

impl SecretWriter {
    /// Deletes what the same ExternalSecret owns of this kind under other names, and the Secret that it made before it was to
    /// write another kind; their names. Whoever gives latchkey no right to list the kind keeps them.
    pub(super) async fn delete_former(
        &self,
        write: &Write<'_>,
        target: Target<'_>,
    ) -> Result<Vec<String>, Error> {
        let stored = write.external_secret;
        let owner = write.rendered.creation == CreationPolicy::Owner;
        if !owner || write.stage.is_admission() || write.effects == Effects::DryRun || !may_have_moved(stored)
        {
            return Ok(Vec::new());
        }
        let claim = Claim::of(stored, write.stage);
        let mut deleted = self.delete_orphans_of(stored, &claim, "").await?; // no Secret is the target
        for (name, version) in self.former(&claim, target).await? {
            let delete = target.requests().delete(&name, &deletion(version, false));
            match self.secrets.send(delete).await {
                Ok(_) => deleted.push(name),
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return Err(Target { name: &name, ..target }.failed("delete", failure)),
            }
        }
        Ok(deleted)
    }

    /// A label can be copied by anybody: the owner reference decides, down to the uid.
    async fn former(&self, claim: &Claim<'_>, target: Target<'_>) -> Result<Vec<(String, Version)>, Error> {
        let own = ListParams::default().labels(&format!("{CREATED_BY}={}", claim.created_by()));
        let listed = match self.secrets.send(target.requests().list_metadata(&own)).await {
            Ok(answer) => serde_json::from_slice::<Listed>(answer.expose()).map(|list| list.items),
            Err(Failure::Refused(status)) if status.code == 403 => {
                tracing::warn!(
                    namespace = target.namespace,
                    kind = target.kind,
                    name = claim.external_secret,
                    "no right to list what it may have written under another name; that stays until the ExternalSecret goes"
                );
                return Ok(Vec::new());
            }
            Err(failure) => return Err(target.failed("list", failure)),
        };
        let former = listed.unwrap_or_default().into_iter().filter_map(|object| {
            let metadata = object.metadata;
            let owner = controller(&metadata)?;
            let is_own = claim.is_named_by(owner) && Some(owner.uid.as_str()) == claim.uid;
            let name = metadata.name.clone().filter(|name| is_own && name != target.name)?;
            Some((name, Version::of(&metadata)))
        });
        Ok(former.collect())
    }
}

#[cfg(test)]
mod tests {
    use latchkey_api::external_secret::ExternalSecretStatus;

    use super::*;
    use crate::engine::desired::fixture::case;

    #[test]
    fn a_target_may_have_moved_after_a_change_that_has_not_been_synced() {
        let at = |generation: i64, synced: Option<&str>| {
            let mut object = case().external_secret;
            object.metadata.generation = Some(generation);
            let synced_resource_version = synced.map(str::to_owned);
            object.status =
                Some(ExternalSecretStatus { synced_resource_version, ..ExternalSecretStatus::default() });
            may_have_moved(&object)
        };
        assert!(!at(1, None) && !at(3, Some("3-abc")));
        assert!(at(3, Some("2-abc")) && at(3, None));
    }
}
