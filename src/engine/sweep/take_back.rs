//! Taking back what was written for an ExternalSecret that was not stored.
//!
//! Whoever may write a Secret may put a mark on it, and tools that copy or restore Secrets copy marks. So a mark counts
//! only if the API server knows the field manager of the ExternalSecret that it names as the one who wrote it, on the
//! version that is there now; any other is just removed.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::json;

use super::super::apply::{Attempt, Failure, Manner, SecretWriter};
use super::super::desired::ownership::{CREATED_BY, DATA_HASH, MANAGED};
use super::super::desired::{Sealed, Version};
use super::super::error::Error;
use super::super::hash;
use super::super::job::Effects;
use super::super::managed_fields;
use super::super::pending::{PENDING, Pending};

impl SecretWriter {
    /// Takes back what an admission wrote into a Secret, as far as it can be: a Secret that it made is deleted, keys that
    /// it merged are removed, and one that it changed in any other way keeps what it has and loses the mark. A Secret that
    /// has changed since it was judged is left for the next round.
    ///
    /// # Errors
    /// The API server refuses it or cannot be asked.
    pub async fn take_back(&self, namespace: &str, name: &str, mark: &Pending) -> Result<(), Error> {
        let place = Place { namespace, name };
        let read = self.secrets.metadata(namespace, name).await;
        let now = read.map_err(|failure| place.failed("get", failure))?;
        let Some(now) = now.filter(|now| Pending::of(now).as_ref() == Some(mark)) else { return Ok(()) };
        match (is_genuine(&now, mark), mark.created, mark.merged) {
            (true, true, _) => self.delete(place, &now).await,
            (true, false, true) => self.withdraw(place, mark).await,
            (true, false, false) | (false, _, _) => self.unmark(place, &now, mark).await,
        }
    }

    async fn delete(&self, place: Place<'_>, now: &ObjectMeta) -> Result<(), Error> {
        let Place { namespace, name } = place;
        let deleted = self.secrets.delete(namespace, name, Version::of(now), Effects::Apply).await;
        place.done("delete", deleted)
    }

    async fn unmark(&self, place: Place<'_>, now: &ObjectMeta, mark: &Pending) -> Result<(), Error> {
        let manager = hash::field_manager(&mark.external_secret);
        let manner = Manner { manager: &manager, effects: Effects::Apply };
        let Version { uid, resource_version } = Version::of(now);
        let patch = json!({
            "metadata": { "uid": uid, "resourceVersion": resource_version, "annotations": { PENDING: null } }
        });
        let patched = self.secrets.patch(place.namespace, place.name, &patch, manner).await;
        place.done("patch", patched.map(drop))
    }

    async fn withdraw(&self, place: Place<'_>, mark: &Pending) -> Result<(), Error> {
        let read = self.secrets.get(place.namespace, place.name).await;
        let now = read.map_err(|failure| place.failed("get", failure))?;
        let same = |now: &Sealed| Pending::of(&now.metadata).as_ref() == Some(mark);
        let Some(mut secret) = now.filter(same) else { return Ok(()) };
        withdraw(&mut secret, &mark.external_secret);
        let manager = hash::field_manager(&mark.external_secret);
        let manner = Manner { manager: &manager, effects: Effects::Apply };
        place.done("update", self.secrets.replace(&secret, manner).await.map(drop))
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

/// Whether the one who may write under the name of the ExternalSecret wrote the mark.
fn is_genuine(secret: &ObjectMeta, mark: &Pending) -> bool {
    managed_fields::own(secret, &mark.external_secret).annotations.contains(PENDING)
}

#[derive(Clone, Copy)]
struct Place<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl Place<'_> {
    fn failed(self, verb: &'static str, failure: Failure) -> Error {
        let Self { namespace, name } = self;
        Attempt { verb, namespace, name }.failed(failure)
    }

    /// Somebody who was faster leaves it for the next round.
    fn done(self, verb: &'static str, answer: Result<(), Failure>) -> Result<(), Error> {
        match answer {
            Err(failure) if !failure.is_not_found() && !failure.is_race() => Err(self.failed(verb, failure)),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
