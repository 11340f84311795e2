//! Which namespaces a store may name.

use super::store::{InvalidStore, SelectorError};
use crate::provider::{SecretKeySelector, ServiceAccountSelector};
use crate::store::StoreKind;

/// Where a store lives, which says what namespaces it may name.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) kind: StoreKind,
    pub(super) namespace: Option<&'a str>,
}

impl Scope<'_> {
    /// A reference that, in a store of the cluster, may leave the namespace to the ExternalSecret.
    pub(super) fn referent(self, field: &'static str, namespace: Option<&str>) -> Result<(), InvalidStore> {
        let foreign = namespace.is_some() && namespace != self.namespace;
        if self.kind == StoreKind::SecretStore && foreign {
            return Err(InvalidStore::Selector { field, reason: SelectorError::OtherNamespace });
        }
        Ok(())
    }

    /// A reference that, in a store of the cluster, must name a namespace.
    pub(super) fn absolute(self, field: &'static str, namespace: Option<&str>) -> Result<(), InvalidStore> {
        if self.kind == StoreKind::ClusterSecretStore && namespace.is_none() {
            return Err(InvalidStore::Selector { field, reason: SelectorError::NoNamespace });
        }
        self.referent(field, namespace)
    }

    /// The same for a reference to a Secret that may be absent.
    pub(super) fn secret(
        self,
        field: &'static str,
        selector: Option<&SecretKeySelector>,
    ) -> Result<(), InvalidStore> {
        self.referent(field, selector.and_then(|selector| selector.namespace.as_deref()))
    }

    /// The same for a reference to a ServiceAccount that may be absent.
    pub(super) fn service_account(
        self,
        field: &'static str,
        selector: Option<&ServiceAccountSelector>,
    ) -> Result<(), InvalidStore> {
        self.referent(field, selector.and_then(|selector| selector.namespace.as_deref()))
    }
}
