//! Drift: a managed Secret that another hand has changed or deleted is made right again.

use std::sync::Arc;

use latchkey_api::external_secret::{CreationPolicy, ExternalSecret};

use super::Term;
use super::external_secret::Reason;
use crate::engine::due;
use crate::lookup::Key;

impl Term<'_> {
    pub(super) async fn secret(&self, secret: &Key) {
        let lookup = &self.refresher.lookup;
        if lookup.secret(secret).is_some_and(|row| lookup.is_noted(secret, &row.resource_version)) {
            return;
        }
        let targeting: Vec<(Key, Arc<ExternalSecret>)> = lookup
            .targeting(secret)
            .into_iter()
            .filter_map(|key| lookup.external_secret(&key).map(|object| (key, object)))
            .filter(|(_, object)| is_kept(object))
            .collect();
        if targeting.is_empty() {
            return;
        }
        match self.refresher.writer.verify(&secret.namespace, &secret.name).await {
            Ok(Some(state)) => lookup.note(&secret.namespace, &state),
            Ok(None) => {
                for (key, object) in targeting {
                    self.repair(&key, &object).await;
                }
            }
            Err(error) => tracing::warn!(%secret, %error, "cannot look at the Secret"),
        }
    }

    async fn repair(&self, key: &Key, object: &Arc<ExternalSecret>) {
        // One that has not been synced in this version has its own turn coming.
        let has_its_turn = due::has_changed(object) && !due::is_frozen(object);
        if !has_its_turn && self.refresher.engine.is_ours(object).await {
            self.sync(key, object, Reason::Repair).await;
        }
    }
}

/// Whether its Secret is kept as written: not under `None`, which never writes, nor under `Orphan`, which lets go.
fn is_kept(object: &ExternalSecret) -> bool {
    match object.spec.creation_policy() {
        CreationPolicy::Owner | CreationPolicy::CreateOrMerge | CreationPolicy::Merge => true,
        CreationPolicy::Orphan | CreationPolicy::None => false,
    }
}
