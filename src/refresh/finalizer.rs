//! External Secrets Operator puts finalizers on ExternalSecrets, ClusterExternalSecrets and stores. Where latchkey has taken over,
//! nobody else would take them off again, and what is deleted would stay for ever. latchkey puts none on any of these.

use std::fmt::Debug;
use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource, ResourceExt};
use latchkey_api::ClusterExternalSecret;
use latchkey_api::external_secret::{ExternalSecret, StoreKind};
use latchkey_api::store::{ClusterSecretStore, SecretStore};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::Term;
use super::backoff::Retry;
use super::item::Item;
use super::push;
use super::queue::Priority;
use crate::engine::plan::StoreKey;
use crate::lookup::{Key, STORE_FINALIZER};
use crate::telemetry::chain;

/// ESO's `externalSecretFinalizer`.
const OF_EXTERNAL_SECRETS: &str = "externalsecrets.external-secrets.io/externalsecret-cleanup";

/// ESO's finalizer of ClusterExternalSecrets.
const OF_FANS: &str = "externalsecrets.external-secrets.io/clusterexternalsecret-cleanup";

/// It is tried again at least this often.
const LONGEST: Duration = Duration::from_mins(1);

/// Soon after something stood in the way.
const SOON: Duration = Duration::from_secs(5);

impl Term<'_> {
    /// Lets an ExternalSecret go that is being deleted: its Secret goes by its ownerReference, which is all that the
    /// finalizer was for.
    pub(super) async fn release(&self, key: &Key, object: &ExternalSecret) {
        let api: Api<ExternalSecret> = Api::namespaced(self.refresher.client.clone(), key.namespace());
        if !self.take_off(&api, object.finalizers(), OF_EXTERNAL_SECRETS, key.name()).await {
            let wait = self.backoffs.failed(key, "", Retry::Later).min(LONGEST);
            self.queue.add(Item::ExternalSecret(key.clone()), wait, Priority::Routine);
        }
    }

    /// Lets a ClusterExternalSecret go that is being deleted: its ExternalSecrets go by their ownerReferences.
    pub(super) async fn release_fan(&self, fan: &ClusterExternalSecret) {
        let (api, name) = (Api::all(self.refresher.client.clone()), fan.name_any());
        if !self.take_off::<ClusterExternalSecret>(&api, fan.finalizers(), OF_FANS, &name).await {
            self.queue.add(Item::FanOut(name), SOON, Priority::Routine);
        }
    }

    /// Lets a store go that is being deleted and that ESO has put its finalizer on, for the sake of PushSecrets: once no PushSecret
    /// has anything there that is to go with it, as with ESO.
    pub(super) async fn release_store(&self, key: &StoreKey, finalizers: &[String]) {
        let client = self.refresher.client.clone();
        let pushes = self.refresher.lookup.push_secrets();
        let waits = pushes.iter().any(|(_, object)| push::needs(object, key));
        let released = !waits
            && match (key.kind, &key.namespace) {
                (StoreKind::SecretStore, namespace) => {
                    let api =
                        Api::<SecretStore>::namespaced(client, namespace.as_deref().unwrap_or_default());
                    self.take_off(&api, finalizers, STORE_FINALIZER, &key.name).await
                }
                (StoreKind::ClusterSecretStore, _) => {
                    let api = Api::<ClusterSecretStore>::all(client);
                    self.take_off(&api, finalizers, STORE_FINALIZER, &key.name).await
                }
            };
        if !released {
            self.queue.add(Item::Store(key.clone()), SOON, Priority::Routine);
        }
    }

    /// Takes one finalizer off, if it is among these; false if that has to be tried again.
    async fn take_off<K>(&self, api: &Api<K>, present: &[String], finalizer: &str, name: &str) -> bool
    where
        K: Resource<DynamicType = ()> + Clone + DeserializeOwned + Debug,
    {
        let Some(place) = present.iter().position(|it| it == finalizer) else { return true };
        let path = format!("/metadata/finalizers/{place}");
        let patch: json_patch::Patch = match serde_json::from_value(json!([
            { "op": "test", "path": path, "value": finalizer },
            { "op": "remove", "path": path },
        ])) {
            Ok(patch) => patch,
            Err(_) => return true, // the document above is a patch
        };
        let kind = K::kind(&());
        match api.patch(name, &PatchParams::default(), &Patch::<()>::Json(patch)).await {
            Ok(_) => {
                tracing::info!(%kind, name, "took off the finalizer that External Secrets Operator had left");
                true
            }
            Err(kube::Error::Api(status)) if status.code == 404 => true,
            Err(error) => {
                let error = chain(&error);
                tracing::warn!(%kind, name, error, "cannot take off External Secrets Operator's finalizer; it is tried again");
                false
            }
        }
    }
}
