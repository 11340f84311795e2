//! The books as they are in the cluster: one GeneratorState for each thing that a service keeps.

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference, Time};
use kube::api::{ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client, ResourceExt};
use latchkey_api::generator::{GeneratorState, GeneratorStateSpec, STATE_FINALIZER, STATE_OWNER};
use serde_json::json;

use super::states::{Kept, States, Written};
use crate::engine::{Error, message};
use crate::telemetry::chain;

/// Writes GeneratorStates.
#[derive(Clone)]
pub struct Books(Client);

impl fmt::Debug for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Books").finish_non_exhaustive()
    }
}

impl Books {
    /// Those of the cluster.
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    fn of(&self, namespace: &str) -> Api<GeneratorState> {
        Api::namespaced(self.0.clone(), namespace)
    }

    async fn goes(&self, namespace: &str, name: &str, from: Timestamp) -> Result<(), Error> {
        let patch = json!({ "spec": { "garbageCollectionDeadline": Time(from) } });
        let patched = self.of(namespace).patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
        match patched {
            Ok(_) => Ok(()),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
            Err(error) => Err(failed("changed", &error)),
        }
    }
}

#[async_trait]
impl States for Books {
    async fn write(&self, kept: &Kept) -> Result<Written, Error> {
        let created = self.of(&kept.namespace).create(&PostParams::default(), &object(kept)).await;
        let created = created.map_err(|error| failed("written", &error))?;
        let (namespace, owner_key) = (kept.namespace.clone(), kept.owner_key.clone());
        Ok(Written { namespace, name: created.name_any(), owner_key })
    }

    async fn supersede(&self, others_than: &Written, from: Timestamp) -> Result<(), Error> {
        let Written { namespace, name, owner_key } = others_than;
        let own = ListParams::default().labels(&format!("{STATE_OWNER}={owner_key}"));
        let all = self.of(namespace).list(&own).await.map_err(|error| failed("listed", &error))?;
        for one in all {
            if one.name_any() != *name && one.spec.garbage_collection_deadline.is_none() {
                self.goes(namespace, &one.name_any(), from).await?;
            }
        }
        Ok(())
    }

    async fn discard(&self, unused: &Written, from: Timestamp) -> Result<(), Error> {
        self.goes(&unused.namespace, &unused.name, from).await
    }
}

/// As ESO writes it.
fn object(kept: &Kept) -> GeneratorState {
    let Kept { namespace, owner, owner_key, resource, state } = kept;
    let reference = OwnerReference {
        api_version: owner.api_version.clone(),
        kind: owner.kind.clone(),
        name: owner.name.clone(),
        uid: owner.uid.clone(),
        ..OwnerReference::default()
    };
    GeneratorState {
        metadata: ObjectMeta {
            generate_name: Some(format!("gen-{}-{}-", owner.kind.to_lowercase(), owner.name)),
            namespace: Some(namespace.clone()),
            labels: Some([(STATE_OWNER.to_owned(), owner_key.clone())].into()),
            finalizers: Some(vec![STATE_FINALIZER.to_owned()]),
            owner_references: Some(vec![reference]),
            ..ObjectMeta::default()
        },
        spec: GeneratorStateSpec {
            garbage_collection_deadline: None,
            resource: resource.clone(),
            state: state.clone(),
        },
    }
}

fn failed(what: &str, error: &kube::Error) -> Error {
    message::cluster(&format!("a GeneratorState could not be {what}"), &chain(error))
}
