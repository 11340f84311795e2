//! What ClusterExternalSecrets and ClusterPushSecrets have in common: one object that makes one of a kind in each namespace.

use std::collections::BTreeMap;
use std::fmt::Debug;

use kube::Resource;
use kube::core::NamespaceResourceScope;
use latchkey_api::external_secret::ExternalSecret;
use latchkey_api::{ClusterExternalSecret, ClusterPushSecret, PushSecret};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::selector::Selectors;

/// Labels or annotations.
type Pairs = BTreeMap<String, String>;

/// An object that makes others.
pub(crate) trait Fan: Resource<DynamicType = ()> + Send + Sync {
    /// What it makes.
    type Child: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
        + Send
        + Sync;

    /// ESO's reason where the name is taken.
    const TAKEN: &'static str;

    /// The name of what it makes, where it gives one.
    fn child_name(&self) -> Option<&str>;
    /// The namespaces that get one, by their labels.
    fn selectors(&self) -> Selectors<'_>;
    /// The namespaces that get one, by their names.
    fn namespaces(&self) -> &[String];
    /// How often all of them are looked at.
    fn refresh_time(&self) -> Option<&str>;
    /// The labels and the annotations of what it makes.
    fn given(&self) -> (Pairs, Pairs);
    /// One of this name, with nothing but its specification.
    fn child(&self, name: &str) -> Self::Child;
    /// Whether one has the specification that it should have.
    fn is_like(&self, child: &Self::Child) -> bool;
}

impl Fan for ClusterExternalSecret {
    type Child = ExternalSecret;
    const TAKEN: &'static str = "external secret already exists in namespace";

    fn child_name(&self) -> Option<&str> {
        self.spec.external_secret_name.as_deref()
    }

    fn selectors(&self) -> Selectors<'_> {
        (&self.spec).into()
    }

    fn namespaces(&self) -> &[String] {
        &self.spec.namespaces
    }

    fn refresh_time(&self) -> Option<&str> {
        self.spec.refresh_time.as_deref()
    }

    fn given(&self) -> (Pairs, Pairs) {
        let given = self.spec.external_secret_metadata.clone().unwrap_or_default();
        (given.labels, given.annotations)
    }

    fn child(&self, name: &str) -> ExternalSecret {
        ExternalSecret::new(name, self.spec.external_secret_spec.clone())
    }

    fn is_like(&self, child: &ExternalSecret) -> bool {
        child.spec == self.spec.external_secret_spec
    }
}

impl Fan for ClusterPushSecret {
    type Child = PushSecret;
    const TAKEN: &'static str = "push secret already exists in namespace";

    fn child_name(&self) -> Option<&str> {
        self.spec.push_secret_name.as_deref()
    }

    fn selectors(&self) -> Selectors<'_> {
        (&self.spec).into()
    }

    fn namespaces(&self) -> &[String] {
        &[]
    }

    fn refresh_time(&self) -> Option<&str> {
        self.spec.refresh_time.as_deref()
    }

    fn given(&self) -> (Pairs, Pairs) {
        let given = self.spec.push_secret_metadata.clone().unwrap_or_default();
        (given.labels, given.annotations)
    }

    fn child(&self, name: &str) -> PushSecret {
        PushSecret::new(name, self.spec.push_secret_spec.clone())
    }

    fn is_like(&self, child: &PushSecret) -> bool {
        child.spec == self.spec.push_secret_spec
    }
}
