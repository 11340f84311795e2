//! Logging in to AWS for whoever asks another of its services than a store does: the generators of tokens.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use latchkey_api::provider::Aws;
use latchkey_api::provider::aws::AwsAuth;

use super::config::{Retries, Settings, Shared};
use super::login::{self, Login};
use super::{region, sts};
use crate::observe::Observer;
use crate::{Cluster, Error, ErrorKind, Scope};

/// Somebody who is known to AWS, or will be at the first need.
pub struct Entered {
    settings: Settings,
    credentials: SharedCredentialsProvider,
}

impl Entered {
    /// Looks up the credentials that `auth` names, by the rules of stores, to assume `role` with.
    ///
    /// # Errors
    /// As those of a store.
    pub async fn new(
        (place, auth, role): (&str, Option<&AwsAuth>, Option<&String>),
        scope: &Scope,
        cluster: &Arc<dyn Cluster>,
        observer: &Arc<dyn Observer>,
        shared: &Arc<Shared>,
    ) -> Result<Self, Error> {
        let settings = Settings {
            region: region(place)?,
            retries: Retries::of(None)?,
            shared: shared.clone(),
            cluster: cluster.clone(),
            observer: observer.clone(),
        };
        let role = role.filter(|role| !role.is_empty()).cloned();
        let block = Aws { region: place.to_owned(), auth: auth.cloned(), role, ..Aws::default() };
        let credentials = Login::resolve(&block, scope, cluster.as_ref()).await?.provider(&settings).await;
        Ok(Self { settings, credentials })
    }

    /// The credentials themselves, to sign a request with.
    ///
    /// # Errors
    /// They cannot be had, or not in time.
    pub async fn credentials(&self) -> Result<Credentials, Error> {
        login::had(&self.credentials).await
    }

    /// A client of the Security Token Service, and how errors of it are told.
    pub async fn sts(&self) -> (aws_sdk_sts::Client, &Settings) {
        (sts::client(&self.settings, &self.settings.with(self.credentials.clone()).await), &self.settings)
    }

    /// The same error; after it credentials that AWS does not take are read anew, as they may have been replaced a moment ago.
    pub fn noted(&self, error: Error, scope: &Scope) -> Error {
        if let (ErrorKind::Unauthenticated, Some(namespace)) = (error.kind, &scope.namespace) {
            self.settings.cluster.forget(namespace);
        }
        error
    }
}
