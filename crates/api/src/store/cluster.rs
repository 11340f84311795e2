//! `ClusterSecretStore`: the root is written by hand, since a derived one would want a spec of its own.

use super::{SecretStoreSpec, SecretStoreStatus};
use crate::{GROUP, VERSION};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::object::{HasSpec, HasStatus};
use kube::core::{ClusterResourceScope, Resource};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use std::borrow::Cow;

/// A store that any namespace of the cluster may use, unless its conditions say otherwise.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct ClusterSecretStore {
    /// Standard metadata.
    pub metadata: ObjectMeta,
    /// What the store is.
    pub spec: SecretStoreSpec,
    /// What is known of it.
    pub status: Option<SecretStoreStatus>,
}

impl ClusterSecretStore {
    /// A store with this name and spec, and nothing else.
    pub fn new(name: &str, spec: SecretStoreSpec) -> Self {
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        Self { metadata, spec, status: None }
    }
}

impl Serialize for ClusterSecretStore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object =
            serializer.serialize_struct("ClusterSecretStore", 4 + usize::from(self.status.is_some()))?;
        object.serialize_field("apiVersion", &Self::api_version(&()))?;
        object.serialize_field("kind", &Self::kind(&()))?;
        object.serialize_field("metadata", &self.metadata)?;
        object.serialize_field("spec", &self.spec)?;
        if let Some(status) = &self.status {
            object.serialize_field("status", status)?;
        }
        object.end()
    }
}

impl Resource for ClusterSecretStore {
    type DynamicType = ();
    type Scope = ClusterResourceScope;

    fn kind(_: &()) -> Cow<'_, str> {
        "ClusterSecretStore".into()
    }

    fn group(_: &()) -> Cow<'_, str> {
        GROUP.into()
    }

    fn version(_: &()) -> Cow<'_, str> {
        VERSION.into()
    }

    fn plural(_: &()) -> Cow<'_, str> {
        "clustersecretstores".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl HasSpec for ClusterSecretStore {
    type Spec = SecretStoreSpec;

    fn spec(&self) -> &SecretStoreSpec {
        &self.spec
    }

    fn spec_mut(&mut self) -> &mut SecretStoreSpec {
        &mut self.spec
    }
}

impl HasStatus for ClusterSecretStore {
    type Status = SecretStoreStatus;

    fn status(&self) -> Option<&SecretStoreStatus> {
        self.status.as_ref()
    }

    fn status_mut(&mut self) -> &mut Option<SecretStoreStatus> {
        &mut self.status
    }
}
