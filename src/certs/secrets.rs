//! Secrets of latchkey's own, in its namespace: made by whichever replica is first.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{ObjectMeta, PostParams};
use kube::core::PartialObjectMeta;
use kube::{Api, Client};

use super::Error;

/// One Secret by name.
#[derive(Clone)]
pub(super) struct OwnSecret {
    client: Client,
    namespace: String,
    name: &'static str,
}

/// What became of a write.
pub(super) enum Write {
    /// It is as it was written.
    Done,
    /// Somebody else was faster: read it again.
    Lost,
}

impl OwnSecret {
    pub(super) fn new(client: Client, namespace: &str, name: &'static str) -> Self {
        Self { client, namespace: namespace.to_owned(), name }
    }

    fn api(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// To watch without keeping keys in memory.
    pub(super) fn metadata(&self) -> Api<PartialObjectMeta<Secret>> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// `namespace/name`
    pub(super) fn path(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The Secret, if it is there.
    pub(super) async fn read(&self) -> Result<Option<Secret>, Error> {
        self.api().get_opt(self.name).await.map_err(|error| self.failed("read", error))
    }

    /// Puts this data in the place of what was read; an update that others made since is not overwritten.
    pub(super) async fn write(
        &self,
        read: Option<Secret>,
        data: BTreeMap<String, ByteString>,
    ) -> Result<Write, Error> {
        let written = match read {
            Some(secret) => self.replace(Secret { data: Some(data), ..secret }).await,
            None => self.create(data).await?,
        };
        match written {
            Ok(_) => Ok(Write::Done),
            Err(kube::Error::Api(status))
                if status.is_conflict() || status.is_already_exists() || status.is_not_found() =>
            {
                Ok(Write::Lost)
            }
            Err(error) => Err(self.failed("write", error)),
        }
    }

    async fn replace(&self, secret: Secret) -> Result<Secret, kube::Error> {
        self.api().replace(self.name, &PostParams::default(), &secret).await
    }

    /// Creates it, and the namespace too if that is what is missing.
    async fn create(&self, data: BTreeMap<String, ByteString>) -> Result<Result<Secret, kube::Error>, Error> {
        let labels = [("app.kubernetes.io/managed-by".to_owned(), "latchkey".to_owned())];
        let secret = Secret {
            metadata: ObjectMeta {
                name: Some(self.name.to_owned()),
                labels: Some(labels.into()),
                ..ObjectMeta::default()
            },
            data: Some(data),
            type_: Some("Opaque".to_owned()),
            ..Secret::default()
        };
        let created = self.api().create(&PostParams::default(), &secret).await;
        if !matches!(&created, Err(kube::Error::Api(status)) if status.is_not_found()) {
            return Ok(created);
        }
        self.create_namespace().await?;
        Ok(self.api().create(&PostParams::default(), &secret).await)
    }

    async fn create_namespace(&self) -> Result<(), Error> {
        let metadata = ObjectMeta { name: Some(self.namespace.clone()), ..ObjectMeta::default() };
        let namespace = Namespace { metadata, ..Namespace::default() };
        match Api::all(self.client.clone()).create(&PostParams::default(), &namespace).await {
            Ok(Namespace { .. }) => tracing::info!(namespace = self.namespace, "created the namespace"),
            Err(kube::Error::Api(status)) if status.is_already_exists() => {}
            Err(source) => {
                return Err(Error::Namespace { namespace: self.namespace.clone(), source: Box::new(source) });
            }
        }
        Ok(())
    }

    pub(super) fn failed(&self, verb: &'static str, source: kube::Error) -> Error {
        let (namespace, name) = (self.namespace.clone(), self.name.to_owned());
        Error::Secret { verb, namespace, name, source: Box::new(source) }
    }

    pub(super) fn contended(&self) -> Error {
        Error::Contended { namespace: self.namespace.clone(), name: self.name.to_owned() }
    }

    pub(super) fn malformed(&self, key: &'static str) -> Error {
        Error::Malformed { namespace: self.namespace.clone(), name: self.name.to_owned(), key }
    }
}
