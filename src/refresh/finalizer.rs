//! External Secrets Operator puts a finalizer on every ExternalSecret. Where latchkey has taken over, nobody else would take
//! it off again, and an ExternalSecret that is deleted would stay for ever. latchkey puts none on anything.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use latchkey_api::external_secret::ExternalSecret;
use serde_json::json;

use super::Term;
use super::backoff::Retry;
use super::item::Item;
use super::queue::Priority;
use crate::lookup::Key;
use crate::telemetry::chain;

/// ESO's `externalSecretFinalizer`.
const FINALIZER: &str = "externalsecrets.external-secrets.io/externalsecret-cleanup";

/// It is tried again at least this often.
const LONGEST: Duration = Duration::from_mins(1);

impl Term<'_> {
    /// Lets an ExternalSecret go that is being deleted: its Secret goes by its ownerReference, which is all that the
    /// finalizer was for.
    pub(super) async fn release(&self, key: &Key, object: &ExternalSecret) {
        let Some(place) = object.finalizers().iter().position(|finalizer| finalizer == FINALIZER) else {
            return;
        };
        let path = format!("/metadata/finalizers/{place}");
        let patch: json_patch::Patch = match serde_json::from_value(json!([
            { "op": "test", "path": path, "value": FINALIZER },
            { "op": "remove", "path": path },
        ])) {
            Ok(patch) => patch,
            Err(_) => return, // the document above is a patch
        };
        let api: Api<ExternalSecret> = Api::namespaced(self.refresher.client.clone(), key.namespace());
        let patched = api.patch(key.name(), &PatchParams::default(), &Patch::<()>::Json(patch)).await;
        match patched {
            Ok(_) => {
                tracing::info!(object = %key, "took off the finalizer that External Secrets Operator had left")
            }
            Err(error) => {
                let wait = self.backoffs.failed(key, "", Retry::Later).min(LONGEST);
                let error = chain(&error);
                tracing::warn!(object = %key, error, retry_in = ?wait, "cannot take off External Secrets Operator's finalizer");
                self.queue.add(Item::ExternalSecret(key.clone()), wait, Priority::Routine);
            }
        }
    }
}
