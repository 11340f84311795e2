//! What is written into the status of ExternalSecrets and stores, in ESO's words.

use http::header::ACCEPT;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::{Patch, PatchParams};
use kube::core::{PartialObjectMeta, Request};
use kube::{Api, Client, Resource, ResourceExt};
use latchkey_api::cluster_external_secret::ClusterExternalSecretStatus;
use latchkey_api::external_secret::{Condition, ExternalSecret, ExternalSecretStatus, StoreKind};
use latchkey_api::push_secret::{ClusterPushSecretStatus, PushSecretStatus};
use latchkey_api::store::{ClusterSecretStore, SecretStore, SecretStoreCondition, SecretStoreStatus};
use latchkey_api::{ClusterExternalSecret, ClusterPushSecret, PushSecret};
use latchkey_provider as provider;
use serde_json::{Value, json};

use crate::api_server::METADATA_ALONE;
use crate::engine::plan::StoreKey;
use crate::engine::{Error, ErrorKind, Outcome, Written, due};
use crate::failpoint::{self, Step};

/// The field manager of everything that is written beside Secrets.
pub const FIELD_MANAGER: &str = "latchkey";

/// The condition `Ready`: status, reason and message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// Whether.
    pub ready: bool,
    /// ESO's reason.
    pub reason: &'static str,
    /// ESO's message; details are in the event.
    pub message: String,
}

impl Ready {
    fn text(&self) -> &'static str {
        if self.ready { "True" } else { "False" }
    }
}

/// The condition after a sync that worked.
pub fn synced(outcome: &Outcome) -> Ready {
    let (reason, message) = match outcome.written {
        Written::Created
        | Written::Updated
        | Written::Unchanged
        | Written::NotWanted
        | Written::Deferred
        | Written::Overtaken => ("SecretSynced", "secret synced"),
        Written::Retained => ("SecretSynced", "secret retained due to DeletionPolicy=Retain"),
        Written::Deleted => ("SecretDeleted", "secret deleted due to DeletionPolicy=Delete"),
        Written::TargetMissing => ("SecretMissing", "secret will not be created due to CreationPolicy=Merge"),
    };
    Ready { ready: true, reason, message: message.to_owned() }
}

/// The same words of an object that is no Secret.
fn of_resource(object: &ExternalSecret, ready: Ready) -> Ready {
    if !is_generic(object) {
        return ready;
    }
    let reason = match ready.reason {
        "SecretSynced" => "ResourceSynced",
        "SecretDeleted" => "ResourceDeleted",
        "SecretMissing" => "ResourceMissing",
        "SecretSyncedError" if ready.message != "invalid generic target" => "ResourceSyncedError",
        other => other,
    };
    let message = match ready.message.as_str() {
        "could not update secret" => "could not apply template to manifest".to_owned(),
        "could not delete secret" => "could not delete resource".to_owned(),
        other => match other.strip_prefix("secret ") {
            Some(rest) => format!("resource {rest}"),
            None => ready.message,
        },
    };
    Ready { reason, message, ..ready }
}

/// Whether it writes another kind of object than a Secret.
fn is_generic(object: &ExternalSecret) -> bool {
    object.spec.target.as_ref().is_some_and(|target| target.manifest.is_some())
}

/// The condition after a sync that failed: ESO's message; behind it, where a store does not answer, which and why, since
/// whoever sees many objects fail at once looks here first.
pub fn failed(error: &Error) -> Ready {
    let is_outage = error.kind == ErrorKind::Provider(provider::ErrorKind::Unavailable);
    let message =
        if is_outage { format!("{}: {error}", error.condition()) } else { error.condition().to_owned() };
    Ready { ready: false, reason: "SecretSyncedError", message }
}

/// The status after a sync at `at`.
pub fn after_sync(object: &ExternalSecret, outcome: &Outcome, at: Timestamp) -> ExternalSecretStatus {
    let before = object.status.clone().unwrap_or_default();
    let binding = match (&outcome.secret, outcome.written) {
        (Some(secret), Written::Created | Written::Updated | Written::Unchanged) => {
            Some(latchkey_api::external_secret::Binding { name: secret.name.clone() })
        }
        _ => before.binding.clone(),
    };
    ExternalSecretStatus {
        refresh_time: Some(Time(at)),
        synced_resource_version: Some(due::version(object)),
        conditions: with_ready(&before.conditions, &of_resource(object, synced(outcome))),
        binding,
    }
}

/// The status after a failure: what was synced last stays said.
pub fn after_failure(object: &ExternalSecret, error: &Error) -> ExternalSecretStatus {
    let before = object.status.clone().unwrap_or_default();
    ExternalSecretStatus {
        conditions: with_ready(&before.conditions, &of_resource(object, failed(error))),
        ..before
    }
}

/// The conditions with this `Ready`; its time moves only when its status flips, as in ESO.
fn with_ready(before: &[Condition], ready: &Ready) -> Vec<Condition> {
    let was = before.iter().find(|condition| condition.type_ == "Ready");
    let since = was.filter(|was| was.status == ready.text()).and_then(|was| was.last_transition_time.clone());
    let condition = Condition {
        type_: "Ready".into(),
        status: ready.text().into(),
        reason: Some(ready.reason.into()),
        message: Some(ready.message.clone()),
        last_transition_time: since.or_else(|| Some(Time(now()))),
    };
    let others = before.iter().filter(|condition| condition.type_ != "Ready").cloned();
    others.chain([condition]).collect()
}

/// A store's status with this `Ready`.
pub fn of_store(
    before: Option<&SecretStoreStatus>,
    ready: &Ready,
    capabilities: Option<&str>,
) -> SecretStoreStatus {
    let before = before.cloned().unwrap_or_default();
    let was = before.conditions.iter().find(|condition| condition.type_ == "Ready");
    let since = was.filter(|was| was.status == ready.text()).and_then(|was| was.last_transition_time.clone());
    let condition = SecretStoreCondition {
        type_: "Ready".into(),
        status: ready.text().into(),
        reason: Some(ready.reason.into()),
        message: Some(ready.message.clone()),
        last_transition_time: since.or_else(|| Some(Time(now()))),
    };
    let others = before.conditions.into_iter().filter(|condition| condition.type_ != "Ready");
    SecretStoreStatus {
        conditions: others.chain([condition]).collect(),
        capabilities: capabilities.map(str::to_owned).or(before.capabilities),
    }
}

/// Now, in the whole seconds that the API keeps.
pub fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

/// Writes statuses.
#[derive(Clone)]
pub struct StatusWriter {
    client: Client,
}

impl StatusWriter {
    /// With this client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Writes an ExternalSecret's status, if it differs from the one the object has. An object that was deleted, or made
    /// anew under the same name, is left alone.
    ///
    /// # Errors
    /// The API server does not take it.
    pub async fn external_secret(
        &self,
        object: &ExternalSecret,
        status: &ExternalSecretStatus,
    ) -> Result<(), kube::Error> {
        if object.status.as_ref() == Some(status) {
            return Ok(());
        }
        let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
        let patch = Patch::Merge(patch(object.uid().as_deref(), &json!(status)));
        let request = Request::new(ExternalSecret::url_path(&(), Some(&namespace)));
        let request = request.patch_subresource("status", &name, &params(), &patch);
        let mut request = request.map_err(kube::Error::BuildRequest)?;
        request.headers_mut().insert(ACCEPT, METADATA_ALONE);
        let write = self.client.request::<PartialObjectMeta<ExternalSecret>>(request);
        taken(failpoint::around(Step::Status, &namespace, &name, write).await)
    }

    /// Writes a ClusterExternalSecret's status, if it differs from the one the object has.
    ///
    /// # Errors
    /// The API server does not take it.
    pub async fn cluster_external_secret(
        &self,
        object: &ClusterExternalSecret,
        status: &ClusterExternalSecretStatus,
    ) -> Result<(), kube::Error> {
        if object.status.as_ref() == Some(status) {
            return Ok(());
        }
        let api: Api<ClusterExternalSecret> = Api::all(self.client.clone());
        let patch = Patch::Merge(patch(object.uid().as_deref(), &with_empty_lists(json!(status))));
        taken(api.patch_status(&object.name_any(), &params(), &patch).await)
    }

    /// Writes a ClusterPushSecret's status, if it differs from the one the object has.
    ///
    /// # Errors
    /// The API server does not take it.
    pub async fn cluster_push_secret(
        &self,
        object: &ClusterPushSecret,
        status: &ClusterPushSecretStatus,
    ) -> Result<(), kube::Error> {
        if object.status.as_ref() == Some(status) {
            return Ok(());
        }
        let api: Api<ClusterPushSecret> = Api::all(self.client.clone());
        let patch = Patch::Merge(patch(object.uid().as_deref(), &with_empty_lists(json!(status))));
        taken(api.patch_status(&object.name_any(), &params(), &patch).await)
    }

    /// Writes a PushSecret's status, if it differs from the one the object has.
    ///
    /// # Errors
    /// The API server does not take it.
    pub async fn push_secret(
        &self,
        object: &PushSecret,
        status: &PushSecretStatus,
    ) -> Result<(), kube::Error> {
        let before = object.status.clone().unwrap_or_default();
        if before == *status {
            return Ok(());
        }
        // A merge would leave what no longer is in a map.
        let mut value = json!(status);
        for (store, entries) in &before.synced_push_secrets {
            match status.synced_push_secrets.get(store) {
                None => value["syncedPushSecrets"][store] = Value::Null,
                Some(now) => {
                    for gone in entries.keys().filter(|entry| !now.contains_key(*entry)) {
                        value["syncedPushSecrets"][store][gone] = Value::Null;
                    }
                }
            }
        }
        let api: Api<PushSecret> =
            Api::namespaced(self.client.clone(), &object.namespace().unwrap_or_default());
        let patch = Patch::Merge(patch(object.uid().as_deref(), &value));
        taken(api.patch_status(&object.name_any(), &params(), &patch).await)
    }

    /// Writes a store's status.
    ///
    /// # Errors
    /// The API server does not take it.
    pub async fn store(
        &self,
        key: &StoreKey,
        uid: &str,
        status: &SecretStoreStatus,
    ) -> Result<(), kube::Error> {
        let patch = Patch::Merge(patch(Some(uid), &json!(status)));
        match key.kind {
            StoreKind::SecretStore => {
                let namespace = key.namespace.as_deref().unwrap_or_default();
                let api: Api<SecretStore> = Api::namespaced(self.client.clone(), namespace);
                taken(api.patch_status(&key.name, &params(), &patch).await)
            }
            StoreKind::ClusterSecretStore => {
                let api: Api<ClusterSecretStore> = Api::all(self.client.clone());
                taken(api.patch_status(&key.name, &params(), &patch).await)
            }
        }
    }
}

/// A list that is empty is not written, and a merge would leave the one that was.
fn with_empty_lists(mut status: Value) -> Value {
    for list in ["failedNamespaces", "provisionedNamespaces"] {
        if status.get(list).is_none() {
            status[list] = json!([]);
        }
    }
    status
}

fn params() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() }
}

/// The uid is a precondition: another object of the same name is refused with a conflict.
fn patch(uid: Option<&str>, status: &Value) -> Value {
    json!({ "metadata": { "uid": uid }, "status": status })
}

fn taken<K>(written: Result<K, kube::Error>) -> Result<(), kube::Error> {
    match written {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) if status.code == 404 || status.code == 409 => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use latchkey_api::external_secret::ExternalSecretSpec;

    use super::*;

    fn outcome(written: Written) -> Outcome {
        Outcome {
            written,
            secret: None,
            keys: 0,
            cached: None,
            missing: Vec::new(),
            orphans_deleted: Vec::new(),
            notes: Vec::new(),
            doubts: Vec::new(),
        }
    }

    #[test]
    fn the_time_of_transition_moves_only_when_the_status_flips() {
        let long_ago = Some(Time(Timestamp::UNIX_EPOCH));
        let mut object = ExternalSecret::new("db", ExternalSecretSpec::default());
        let ready = Ready { ready: true, reason: "SecretSynced", message: "secret synced".into() };
        let mut conditions = with_ready(&[], &ready);
        conditions[0].last_transition_time.clone_from(&long_ago);
        object.status = Some(ExternalSecretStatus { conditions, ..ExternalSecretStatus::default() });

        let deleted = after_sync(&object, &outcome(Written::Deleted), now());
        assert_eq!(deleted.conditions[0].reason.as_deref(), Some("SecretDeleted"));
        assert_eq!(deleted.conditions[0].last_transition_time, long_ago);

        let error = Error::new(ErrorKind::StoreNotFound, "no");
        let failed = after_failure(&object, &error);
        assert_ne!(failed.conditions[0].last_transition_time, long_ago);
        assert_eq!(failed.conditions[0].message.as_deref(), Some("could not get secret data from provider"));
    }
}
