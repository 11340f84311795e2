//! Secrets that an ExternalSecret with `creationPolicy: Owner` made under another name before.

use jiff::Timestamp;
use latchkey_api::external_secret::ExternalSecret;

use super::super::desired::ownership::{CREATED_BY, controller};
use super::super::desired::{Claim, Version};
use super::super::error::Error;
use super::super::job::Effects;
use super::super::pending::Pending;
use super::refusal::Attempt;
use super::wire::Secrets;
use crate::failpoint::{self, Step};

impl Secrets {
    /// Deletes what the owner of `target` made under other names; their names. Only for an ExternalSecret that is stored:
    /// a version that is being admitted may be refused, and then the other name is the right one.
    /// What a later version has just written under another name is not its former one.
    pub async fn delete_orphans(
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
