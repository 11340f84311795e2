//! The watches, each with what becomes of what it sees.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::core::{NamespaceResourceScope, PartialObjectMeta};
use kube::runtime::watcher;
use kube::{Api, Client};
use latchkey_api::ClusterExternalSecret;
use latchkey_api::external_secret::{ExternalSecret, StoreKind};
use latchkey_api::store::{ClusterSecretStore, SecretStore};

use super::each::{Each, each};
use super::follow::{self, Sink as _, follow, trimmed};
use super::rows::{self, StoreRow};
use super::{Key, Lookup};
use crate::engine::desired::ownership::MANAGED;

/// How often memory is tidied up.
const TICK: Duration = Duration::from_secs(10);

impl Lookup {
    /// Keeps the watches, by a client of their own; does not return.
    pub async fn run(self: Arc<Self>, client: Client) {
        let all = follow::config;
        let external_secrets: Api<Each<ExternalSecret>> = self.in_scope(&client);
        let secret_stores: Api<Each<SecretStore>> = self.in_scope(&client);
        let cluster_stores: Api<Each<ClusterSecretStore>> = Api::all(client.clone());
        let secrets: Api<PartialObjectMeta<Secret>> = self.in_scope(&client); // by this type kube asks for metadata only
        let managed = all().labels(&format!("{MANAGED}=true"));
        let sinks = (
            rows::ExternalSecrets(Arc::clone(&self)),
            self.store_sink(StoreKind::SecretStore, rows::secret_store),
            self.store_sink(StoreKind::ClusterSecretStore, rows::cluster_secret_store),
            rows::Secrets(Arc::clone(&self)),
            rows::ClusterExternalSecrets(Arc::clone(&self)),
            rows::Namespaces(Arc::clone(&self)),
        );
        let fans: Api<Each<ClusterExternalSecret>> = Api::all(client.clone());
        let namespaces: Api<PartialObjectMeta<Namespace>> = Api::all(client.clone());
        let fan_out = async {
            match self.scope.fans_out() {
                true => follow(|| trimmed(each(watcher(fans.clone(), all()))), &sinks.4).await,
                false => sinks.4.filled(),
            }
        };
        let needs_namespaces = self.scope.fans_out() || self.scope.fans_pushes_out();
        let namespaces = async {
            match needs_namespaces {
                true => follow(|| trimmed(watcher(namespaces.clone(), all())), &sinks.5).await,
                false => sinks.5.filled(),
            }
        };
        tokio::join!(
            follow(|| trimmed(each(watcher(external_secrets.clone(), all()))), &sinks.0),
            follow(|| trimmed(each(watcher(secret_stores.clone(), all()))), &sinks.1),
            async {
                match self.scope.cluster_stores {
                    true => follow(|| trimmed(each(watcher(cluster_stores.clone(), all()))), &sinks.2).await,
                    false => sinks.2.filled(),
                }
            },
            follow(|| trimmed(watcher(secrets.clone(), managed.clone())), &sinks.3),
            fan_out,
            namespaces,
            self.follow_pushes(&client),
            self.tidy_up(),
        );
    }

    /// Lets go of what was remembered for a moment only: a cache that nobody asks any more would keep it.
    async fn tidy_up(&self) {
        loop {
            tokio::time::sleep(TICK).await;
            self.noted.run_pending_tasks();
            self.recent.tidy_up();
        }
    }

    /// The objects of the cluster, or of the one namespace that latchkey sees to.
    pub fn in_scope<K>(&self, client: &Client) -> Api<K>
    where
        K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match &self.scope.scoped_namespace {
            Some(namespace) => Api::namespaced(client.clone(), namespace),
            None => Api::all(client.clone()),
        }
    }

    fn store_sink<K>(
        self: &Arc<Self>,
        kind: StoreKind,
        row: fn(K) -> Option<(Key, StoreRow)>,
    ) -> rows::Stores<K> {
        rows::Stores { lookup: Arc::clone(self), kind, row }
    }
}
