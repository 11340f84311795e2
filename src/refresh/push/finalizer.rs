//! ESO's finalizer, which a PushSecret has only where what it pushed is to go with it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use latchkey_api::PushSecret;
use latchkey_api::push_secret::SyncedPushSecrets;
use serde_json::json;

use super::super::Term;
use super::super::backoff::Retry;
use super::super::status::FIELD_MANAGER;
use super::status::{self, Outcome};
use super::{Look, deletes};
use crate::engine::{Error, ErrorKind};
use crate::lookup::Key;
use crate::refresh::item::Item;
use crate::refresh::queue::Priority;
use crate::telemetry::chain;

/// For so long a PushSecret that is being deleted waits for a store that is not there: it may be made anew at this moment.
const WAIT_FOR_STORES: SignedDuration = SignedDuration::from_secs(30);

const FINALIZER: &str = "pushsecret.externalsecrets.io/finalizer";

impl Term<'_> {
    /// Puts the finalizer on or takes it off, as `deletionPolicy` has it; true if it is so already.
    pub(super) async fn keeps_finalizer(&self, key: &Key, object: &PushSecret) -> bool {
        let (has, wants) = (has(object), deletes(&object.spec));
        if has == wants {
            return true;
        }
        self.set_finalizer(key, object, wants).await;
        false
    }

    /// It is being deleted: what it pushed goes first, where that is wanted.
    pub(super) async fn let_go(&self, key: &Key, object: &PushSecret) {
        if !has(object) {
            return;
        }
        if deletes(&object.spec) {
            let version = status::version(object);
            if let Some(wait) = self.push_backoffs.wait(key, &version) {
                return self.look_again(key, wait);
            }
            let old = status::before(object);
            let (left, errors) = self.unpush(key.namespace(), &old, &SyncedPushSecrets::new()).await;
            if is_hopeless(object, &errors) {
                let stores: Vec<&str> = left.keys().map(String::as_str).collect();
                tracing::warn!(object = %key, ?stores, "the stores are gone: what was pushed to them stays there");
                self.refresher.events.left_behind(object, &stores);
            } else if !errors.is_empty() {
                let outcome = Outcome { removal_failed: true, ..Outcome::failed(left, errors) };
                return self.told(key, object, outcome).await;
            }
        }
        self.set_finalizer(key, object, false).await;
    }

    async fn set_finalizer(&self, key: &Key, object: &PushSecret, wanted: bool) {
        let mut finalizers = object.finalizers().to_vec();
        finalizers.retain(|finalizer| finalizer != FINALIZER);
        if wanted {
            finalizers.push(FINALIZER.to_owned());
        }
        let patch = json!({ "metadata": {
            "uid": object.uid(), "resourceVersion": object.resource_version(), "finalizers": finalizers,
        }});
        let api: Api<PushSecret> = Api::namespaced(self.refresher.client.clone(), key.namespace());
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        match api.patch_metadata(key.name(), &params, &Patch::Merge(patch)).await {
            Ok(_) => {}
            Err(kube::Error::Api(status)) if status.code == 404 => {}
            Err(error) => {
                let wait = self.push_backoffs.failed(key, "", Retry::Later).min(Duration::from_mins(1));
                let error = chain(&error);
                tracing::warn!(object = %key, error, retry_in = ?wait, "cannot set the PushSecret's finalizer");
                self.queue.add(Item::Push(key.clone(), Look::Whether), wait, Priority::Routine);
            }
        }
    }
}

/// Whether only stores that are not there stand in the way, and have for a while: nobody can remove anything there any more, and a
/// PushSecret that stayed for that would keep its namespace from going as well.
fn is_hopeless(object: &PushSecret, errors: &[Error]) -> bool {
    let leaves_since = object.metadata.deletion_timestamp.as_ref().map(|since| since.0);
    let waited = leaves_since.is_some_and(|since| Timestamp::now().duration_since(since) >= WAIT_FOR_STORES);
    waited && !errors.is_empty() && errors.iter().all(|error| error.kind == ErrorKind::StoreNotFound)
}

fn has(object: &PushSecret) -> bool {
    object.finalizers().iter().any(|finalizer| finalizer == FINALIZER)
}
