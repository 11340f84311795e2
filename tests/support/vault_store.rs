//! A ClusterSecretStore of a test's own, by a token in a Secret of the test's namespace.

use std::time::Duration;

use serde_json::{Value, json};

use super::namespace::condition;
use super::{Namespace, Said, manifests};

/// The Secret that the token of a test's own store is kept in.
const TOKEN: &str = "vault-token";

impl Namespace<'_> {
    /// Makes the ClusterSecretStore that has this namespace's name, at this Vault, and waits until it is valid. Its token
    /// is in this namespace's Secret `vault-token`.
    pub fn vault_store(&self, server: &str, token: &str) {
        self.token(token);
        let auth = json!({ "tokenSecretRef": { "name": TOKEN, "namespace": self.name, "key": "token" } });
        self.apply(&manifests::cluster_store(&self.name, manifests::vault(server, auth)).to_string())
            .silent();
        self.wait_store("True", "Valid");
    }

    /// Puts a token into the Secret `vault-token`.
    pub fn token(&self, token: &str) {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": { "name": TOKEN }, "stringData": { "token": token },
        });
        self.apply(&secret.to_string()).good();
    }

    /// The ClusterSecretStore that has this namespace's name.
    pub fn cluster_store(&self) -> Option<Value> {
        self.world.get(&format!("/apis/external-secrets.io/v1/clustersecretstores/{}", self.name))
    }

    /// Waits until that store's condition Ready has this status and reason.
    pub fn wait_store(&self, status: &str, reason: &str) {
        self.world.wait(&format!("the store's {status} {reason}"), Duration::from_secs(60), || {
            condition(&self.cluster_store()?).filter(|(is, why, _)| is == status && why == reason)
        });
    }

    /// Applies an ExternalSecret that reads that store, with these fields of `spec`.
    pub fn external(&self, name: &str, spec: Value) -> Said {
        self.apply(&manifests::external_secret(name, &self.name, spec).to_string())
    }

    /// `kubectl annotate externalsecret NAME force-sync=NOW --overwrite`
    pub fn force_sync(&self, name: &str) -> Said {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let now = format!("force-sync={}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.kubectl(&["annotate", "externalsecret", name, &now, "--overwrite"])
    }
}
