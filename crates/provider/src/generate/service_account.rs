//! ServiceAccounts that stand for somebody in a cloud.

use std::collections::BTreeMap;

use latchkey_api::provider::ServiceAccountSelector;

use super::World;
use super::parts::{TOKEN_LIFE, at};
use crate::{Error, SecretBytes};

/// A ServiceAccount that a generator names.
pub struct Account<'a> {
    world: &'a World<'a>,
    selector: &'a ServiceAccountSelector,
    namespace: &'a str,
    annotations: BTreeMap<String, String>,
    field: String,
}

impl<'a> Account<'a> {
    /// Looks it up; `field` is where the selector is, below `spec`.
    ///
    /// # Errors
    /// It is not there, or the API server does not answer.
    pub async fn find(
        world: &'a World<'a>,
        field: &str,
        selector: &'a ServiceAccountSelector,
    ) -> Result<Self, Error> {
        let in_field = |error| at(field, error);
        let namespace = world.scope.credentials_namespace(selector.namespace.as_deref()).map_err(in_field)?;
        let found = world.cluster.service_account(namespace, &selector.name).await.map_err(in_field)?;
        let annotations = found.annotations;
        Ok(Self { world, selector, namespace, annotations, field: field.to_owned() })
    }

    /// An annotation, if it is there and says something.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A token for this audience, and for those that the selector adds.
    ///
    /// # Errors
    /// Those of [`crate::Cluster::service_account_token`].
    pub async fn token_for(&self, audience: &str) -> Result<SecretBytes, Error> {
        let mut audiences = vec![audience.to_owned()];
        audiences.extend(self.selector.audiences.iter().filter(|other| *other != audience).cloned());
        self.token(&audiences).await
    }

    /// A token for the audiences of the selector alone; where it has none, for this one.
    ///
    /// # Errors
    /// Those of [`crate::Cluster::service_account_token`].
    pub async fn own_token_or_for(&self, audience: &str) -> Result<SecretBytes, Error> {
        match self.selector.audiences.as_slice() {
            [] => self.token(&[audience.to_owned()]).await,
            own => self.token(own).await,
        }
    }

    async fn token(&self, audiences: &[String]) -> Result<SecretBytes, Error> {
        let Self { world, selector, namespace, annotations: _, field } = self;
        world.trial.may_send()?; // it was found, and a token would be made for nothing
        let made = world.cluster.service_account_token(namespace, &selector.name, audiences, TOKEN_LIFE);
        made.await.map_err(|error| at(field, error))
    }
}
