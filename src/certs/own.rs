//! latchkey as its own CA, with what it needs in the Secret `latchkey-tls` of its namespace.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Secret;
use kube::core::PartialObjectMeta;
use kube::{Api, Client};

use super::Error;
use super::issue::Names;
use super::keeper::Loaded;
use super::material::Material;
use super::plan::{Plan, plan};
use super::secrets::{OwnSecret, Write};
use crate::telemetry::chain;

/// The Secret that all replicas share.
const SECRET: &str = "latchkey-tls";

/// How often a write is tried again that another replica was faster with.
const ATTEMPTS: usize = 5;

/// CA and certificate in a Secret.
pub struct Own {
    secret: OwnSecret,
    names: Names,
}

impl Own {
    /// For a server that goes by these names.
    pub fn new(client: Client, namespace: &str, names: Names) -> Self {
        Self { secret: OwnSecret::new(client, namespace, SECRET), names }
    }

    /// Where the Secret is, to be watched.
    pub(super) fn watched(&self) -> (Api<PartialObjectMeta<Secret>>, &'static str) {
        (self.secret.metadata(), self.secret.name())
    }

    /// What is stored, after renewing what has to be.
    pub(super) async fn load(&self) -> Result<Loaded, Error> {
        for _ in 0..ATTEMPTS {
            let read = self.secret.read().await?;
            let now = Timestamp::now();
            let stored = read.as_ref().and_then(|secret| secret.data.as_ref());
            let stored = stored.map(Material::from_data).unwrap_or_default();
            match plan(now, &stored.inspect(now), &self.names) {
                Plan::Keep => return Ok(self.loaded(stored)),
                todo @ (Plan::RenewLeaf | Plan::RenewCa) => {
                    if let Some(renewed) = self.renew(read, &stored, todo, now).await? {
                        return Ok(self.loaded(renewed));
                    }
                }
            }
        }
        Err(self.secret.contended())
    }

    /// Does what is planned. None if another replica was faster; what can be served goes on being served though it
    /// cannot be renewed.
    async fn renew(
        &self,
        read: Option<Secret>,
        stored: &Material,
        todo: Plan,
        now: Timestamp,
    ) -> Result<Option<Material>, Error> {
        let found = match read.is_some() {
            true => stored.inspect(now).summary(now),
            false => "nothing".to_owned(),
        };
        let renewed = stored.renewed(todo, &self.names, now)?;
        let mut data = read.as_ref().and_then(|secret| secret.data.clone()).unwrap_or_default();
        data.remove("previous-ca.crt");
        data.extend(renewed.to_data());
        match self.secret.write(read, data).await {
            Ok(Write::Done) => {
                let secret = self.secret.path();
                tracing::info!(secret, found, renewed = ?todo, "renewed the webhook's certificate");
                Ok(Some(renewed))
            }
            Ok(Write::Lost) => Ok(None),
            Err(error) if stored.inspect(now).leaf.is_some() => {
                tracing::warn!(error = chain(&error), todo = ?todo, "cannot renew the webhook's certificate");
                Ok(Some(stored.clone()))
            }
            Err(error) => Err(error),
        }
    }

    fn loaded(&self, material: Material) -> Loaded {
        Loaded {
            origin: format!("Secret {}", self.secret.path()),
            bundle: Some(material.bundle()),
            chain: material.certificate.into_bytes(),
            key: material.key.into_bytes(),
        }
    }
}
