//! A store at Vault behind a proxy of the test's own, which counts what is read and can break.

use std::net::SocketAddr;

use latchkey_testbed::{Proxy, Reply, Rule};
use serde_json::{Value, json};

use super::{Namespace, Said, manifests, world};

/// A namespace with a ClusterSecretStore of its name, and the way from there to Vault.
pub struct Remote {
    /// The namespace.
    pub ns: Namespace<'static>,
    /// The way.
    pub proxy: Proxy,
}

impl Remote {
    /// A store that works, in a namespace whose name begins with this.
    pub fn start(prefix: &str) -> Self {
        let world = world();
        let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], world.vault.port()))).expect("a proxy");
        let ns = Namespace::new(world, prefix);
        ns.vault_store(&proxy.url(), world.vault.root_token());
        Self { ns, proxy }
    }

    /// Writes the property `value` of a key of the namespace's own.
    pub fn put(&self, key: &str, value: &str) {
        let path = format!("secret/{}/{key}", self.ns.name);
        self.ns.world.vault.put(&path, &json!({ "value": value })).expect("put");
    }

    /// The fields of a spec that take the property `value` of such a key.
    pub fn spec(&self, key: &str) -> Value {
        manifests::one(&format!("{}/{key}", self.ns.name), "value")
    }

    /// Writes a value for a key, and applies an ExternalSecret of the key's name that reads it.
    pub fn synced(&self, key: &str, value: &str) {
        self.synced_every("1h", key, value);
    }

    /// The same with this `refreshInterval`.
    pub fn synced_every(&self, interval: &str, key: &str, value: &str) {
        self.put(key, value);
        let mut spec = self.spec(key);
        spec["refreshInterval"] = json!(interval);
        self.ns.external(key, spec).silent();
        assert_eq!(self.ns.value(key, "value").as_deref(), Some(value));
        self.ns.wait_ready(key, "True", "SecretSynced");
    }

    /// How often values were read so far.
    pub fn reads(&self) -> usize {
        self.proxy.count(|request| request.path.starts_with("/v1/secret/data/"))
    }

    /// From now on Vault says that it is sealed, until [`Proxy::behave`].
    pub fn seal(&self) {
        let reply = Reply::new(503, r#"{"errors":["Vault is sealed"]}"#);
        self.proxy.add_rule(Rule::new(|_| true, reply));
    }

    /// Applies a Pod of this name that reads these Secrets.
    pub fn pod(&self, name: &str, secrets: &[&str]) -> Said {
        self.ns.apply(&manifests::pod(name, secrets).to_string())
    }

    /// What a Pod started with: digests by Secret; none if nothing is noted.
    pub fn started_with(&self, pod: &str) -> Option<Value> {
        let pod =
            self.ns.world.get(&format!("/api/v1/namespaces/{}/pods/{pod}", self.ns.name)).expect("the Pod");
        let note = pod["metadata"]["annotations"]["latchkey.dev/started-with"].as_str()?;
        Some(serde_json::from_str(note).expect("JSON"))
    }
}
