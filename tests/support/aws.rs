//! Objects that read AWS Secrets Manager, and how often it was asked.

use serde_json::{Value, json};

use super::{Namespace, World};

impl<'a> Namespace<'a> {
    /// A namespace with a SecretStore `aws`, which is read with the credentials of latchkey itself.
    pub fn with_aws(world: &'a World, prefix: &str) -> Self {
        let namespace = Self::new(world, prefix);
        let store = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "SecretStore", "metadata": { "name": "aws" },
            "spec": { "provider": { "aws": { "service": "SecretsManager", "region": "us-east-1" } } },
        });
        namespace.apply(&store.to_string()).silent();
        namespace
    }

    /// A remote key of this namespace's own.
    pub fn key(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }

    /// Puts a remote secret under [`Self::key`].
    pub fn put(&self, name: &str, value: &str) {
        self.world.moto.put_secret(&self.key(name), value).expect("moto takes a secret");
    }

    /// How often the remote secret under [`Self::key`] was asked for, in whatever way.
    pub fn reads(&self, name: &str) -> usize {
        let quoted = format!("{:?}", self.key(name));
        let names = |body: &[u8]| body.windows(quoted.len()).any(|window| window == quoted.as_bytes());
        self.world.moto.proxy().count(|request| names(&request.body))
    }

    /// An ExternalSecret of the store `aws` whose key `value` is the whole remote secret `remote`; `spec` has other fields,
    /// or others in their place.
    pub fn of(&self, name: &str, remote: &str, spec: Value) -> Value {
        let mut object = json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": { "name": name },
            "spec": {
                "refreshInterval": "1h",
                "secretStoreRef": { "name": "aws", "kind": "SecretStore" },
                "data": [{ "secretKey": "value", "remoteRef": { "key": self.key(remote) } }],
            },
        });
        for (field, value) in spec.as_object().into_iter().flatten() {
            object["spec"][field] = value.clone();
        }
        object
    }

    /// Entry of `spec.data`: the whole remote secret under this key.
    pub fn entry(&self, secret_key: &str, remote: &str) -> Value {
        json!({ "secretKey": secret_key, "remoteRef": { "key": self.key(remote) } })
    }
}
