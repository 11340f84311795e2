//! Taking back what was written for an ExternalSecret that was not stored.
//!
//! Whoever may write a Secret may put a mark on it, and tools that copy Secrets copy marks. So a mark counts only if the
//! API server knows the field manager of the ExternalSecret that it names as the one who wrote it, on the version that is
//! there now.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use super::super::apply::{Attempt, Failure, Manner, SecretWriter};
use super::super::desired::Version;
use super::super::desired::ownership::{CREATED_BY, DATA_HASH, MANAGED};
use super::super::error::Error;
use super::super::hash;
use super::super::job::Effects;
use super::super::managed_fields;
use super::super::pending::{PENDING, Pending};

impl SecretWriter {
    /// Deletes a Secret that admission made; whether it did so. It is not if the Secret has changed since it was judged.
    ///
    /// # Errors
    /// The API server refuses it or cannot be asked.
    pub async fn delete_pending(&self, judged: &ObjectMeta) -> Result<bool, Error> {
        let (namespace, name) = place(judged);
        let now = self.secrets.metadata(namespace, name).await;
        let now = now.map_err(|failure| Attempt { verb: "get", namespace, name }.failed(failure))?;
        let Some(now) = now.filter(|now| is_still(judged, now)) else { return Ok(false) };
        let deleted = self.secrets.delete(namespace, name, Version::of(&now), Effects::Apply).await;
        done(deleted, Attempt { verb: "delete", namespace, name })
    }

    /// Removes the mark alone; whether it did so.
    ///
    /// # Errors
    /// The API server refuses it or cannot be asked.
    pub async fn unmark_pending(&self, judged: &ObjectMeta) -> Result<bool, Error> {
        let (namespace, name) = place(judged);
        let Some(mark) = Pending::of(judged) else { return Ok(false) };
        let manager = hash::field_manager(&mark.external_secret);
        let manner = Manner { manager: &manager, effects: Effects::Apply };
        let Version { uid, resource_version } = Version::of(judged);
        let patch = json!({
            "metadata": { "uid": uid, "resourceVersion": resource_version, "annotations": { PENDING: null } }
        });
        let patched = self.secrets.patch(namespace, name, &patch, manner).await;
        done(patched.map(drop), Attempt { verb: "patch", namespace, name })
    }

    /// Removes what the ExternalSecret has merged into a Secret that others share, and the mark; whether it did so.
    ///
    /// # Errors
    /// The API server refuses it or cannot be asked.
    pub async fn withdraw_pending(&self, judged: &ObjectMeta) -> Result<bool, Error> {
        let (namespace, name) = place(judged);
        let now = self.secrets.get(namespace, name).await;
        let now = now.map_err(|failure| Attempt { verb: "get", namespace, name }.failed(failure))?;
        let Some(mut secret) = now.filter(|now| is_still(judged, &now.metadata)) else { return Ok(false) };
        let Some(mark) = Pending::of(judged) else { return Ok(false) };
        withdraw(&mut secret, &mark.external_secret);
        let manager = hash::field_manager(&mark.external_secret);
        let manner = Manner { manager: &manager, effects: Effects::Apply };
        let replaced = self.secrets.replace(&secret, manner).await;
        done(replaced.map(drop), Attempt { verb: "update", namespace, name })
    }
}

/// Removes own keys, labels and annotations; the bookkeeping stays, for the others.
pub(super) fn withdraw(secret: &mut Secret, external_secret: &str) {
    let own = managed_fields::own(&secret.metadata, external_secret);
    let data = secret.data.get_or_insert_default();
    data.retain(|key, _| !own.data.contains(key));
    let digest = hash::data_hash(data);
    let bookkeeping = [MANAGED, CREATED_BY, DATA_HASH];
    let stays = |key: &str| bookkeeping.contains(&key);
    let labels = secret.metadata.labels.get_or_insert_default();
    labels.retain(|key, _| stays(key) || !own.labels.contains(key));
    let annotations = secret.metadata.annotations.get_or_insert_default();
    annotations.retain(|key, _| key != PENDING && (stays(key) || !own.annotations.contains(key)));
    annotations.insert(DATA_HASH.to_owned(), digest);
}

/// Whether it is still the Secret that was judged, with the same mark, and the mark is genuine.
pub(super) fn is_still(judged: &ObjectMeta, now: &ObjectMeta) -> bool {
    let genuine =
        |mark: Pending| managed_fields::own(now, &mark.external_secret).annotations.contains(PENDING);
    judged.uid == now.uid
        && Pending::text(judged) == Pending::text(now)
        && Pending::of(now).is_some_and(genuine)
}

fn place(metadata: &ObjectMeta) -> (&str, &str) {
    (metadata.namespace.as_deref().unwrap_or_default(), metadata.name.as_deref().unwrap_or_default())
}

/// Somebody who was faster leaves it for the next round.
fn done(answer: Result<(), Failure>, attempt: Attempt<'_>) -> Result<bool, Error> {
    match answer {
        Ok(()) => Ok(true),
        Err(failure) if failure.is_not_found() || failure.is_race() => Ok(false),
        Err(failure) => Err(attempt.failed(failure)),
    }
}
