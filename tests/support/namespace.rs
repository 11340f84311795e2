//! A namespace of a test's own.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Said, World, manifests};

/// Far longer than anything that is waited for here takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// A namespace; it is deleted when this is dropped, and what it held is printed if the test failed.
pub struct Namespace<'a> {
    /// The world it is in.
    pub world: &'a World,
    /// Its name, unlike any other's.
    pub name: String,
}

impl<'a> Namespace<'a> {
    /// A namespace whose name begins with this.
    pub fn new(world: &'a World, prefix: &str) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        world
            .cluster
            .create("/api/v1/namespaces", &json!({ "metadata": { "name": name } }))
            .expect("a namespace");
        let account = format!("/api/v1/namespaces/{name}/serviceaccounts/default");
        world.wait("the default ServiceAccount", LIMIT, || world.get(&account));
        Self { world, name }
    }

    /// Runs kubectl in this namespace.
    pub fn kubectl(&self, args: &[&str]) -> Said {
        self.world.kubectl(&[&["--namespace", &self.name], args].concat(), "")
    }

    /// `kubectl apply` of this manifest in this namespace.
    pub fn apply(&self, manifest: &str) -> Said {
        self.world.kubectl(&["--namespace", &self.name, "apply", "-f", "-"], manifest)
    }

    /// `kubectl apply --dry-run=server`
    pub fn dry_run(&self, manifest: &str) -> Said {
        self.world.kubectl(&["--namespace", &self.name, "apply", "--dry-run=server", "-f", "-"], manifest)
    }

    /// A Secret, if it is there.
    pub fn secret(&self, name: &str) -> Option<Value> {
        self.world.get(&format!("/api/v1/namespaces/{}/secrets/{name}", self.name))
    }

    /// A Secret's values, decoded; none if it is not there.
    pub fn values(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let secret = self.secret(name)?;
        let Some(data) = secret["data"].as_object() else { return Some(BTreeMap::new()) };
        Some(data.iter().map(|(key, value)| (key.clone(), decoded(value))).collect())
    }

    /// One of a Secret's values.
    pub fn value(&self, secret: &str, key: &str) -> Option<String> {
        self.values(secret)?.remove(key)
    }

    /// An ExternalSecret.
    pub fn external_secret(&self, name: &str) -> Option<Value> {
        self.world
            .get(&format!("/apis/external-secrets.io/v1/namespaces/{}/externalsecrets/{name}", self.name))
    }

    /// The condition Ready of an ExternalSecret: status, reason, message.
    pub fn ready(&self, name: &str) -> Option<(String, String, String)> {
        condition(&self.external_secret(name)?)
    }

    /// Waits until an ExternalSecret's condition Ready has this status and reason.
    pub fn wait_ready(&self, name: &str, status: &str, reason: &str) {
        self.world.wait(&format!("{name} {status} {reason}"), LIMIT, || {
            self.ready(name).filter(|(is, why, _)| is == status && why == reason)
        });
    }

    /// Makes the ClusterSecretStore that has this namespace's name, whose key `key` holds the property `value`, and waits until
    /// the API server asks latchkey about what is applied: an ExternalSecret `probe` has its Secret at once.
    pub fn wait_registered(&self) {
        let values = manifests::fake(&[("key", r#"{"value":"one"}"#)]);
        self.apply(&manifests::cluster_store(&self.name, values).to_string()).good();
        self.world.wait("the API server's notice of the registration", LIMIT, || {
            self.kubectl(&["delete", "externalsecret", "probe", "--ignore-not-found"]).good();
            self.external("probe", manifests::one("key", "value")).good();
            self.secret("probe")
        });
    }

    /// Waits until a Secret's value is this.
    pub fn wait_value(&self, secret: &str, key: &str, value: &str) {
        self.world
            .wait(&format!("{secret}.{key}"), LIMIT, || self.value(secret, key).filter(|is| is == value));
    }

    /// Waits until a Secret is gone.
    pub fn wait_gone(&self, secret: &str, limit: Duration) {
        self.world
            .wait(&format!("the end of {secret}"), limit, || self.secret(secret).is_none().then_some(()));
    }
}

/// The condition Ready of an object: status, reason, message.
pub fn condition(object: &Value) -> Option<(String, String, String)> {
    let conditions = object["status"]["conditions"].as_array()?;
    let ready = conditions.iter().find(|condition| condition["type"] == "Ready")?;
    let text = |field: &str| ready[field].as_str().unwrap_or_default().to_owned();
    Some((text("status"), text("reason"), text("message")))
}

fn decoded(value: &Value) -> String {
    use base64::Engine as _;
    let bytes = base64::prelude::BASE64_STANDARD.decode(value.as_str().expect("base64")).expect("base64");
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Drop for Namespace<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let state = self.kubectl(&["get", "externalsecrets,secretstores,events,pods", "-o", "wide"]);
            eprintln!("--- namespace {}:\n{state}", self.name);
            let log = self.world.latchkey.log();
            let lines: Vec<&str> = log.lines().filter(|line| line.contains(&self.name)).collect();
            eprintln!("--- latchkey on it:\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
        let path = format!("/api/v1/namespaces/{}", self.name);
        let _ = self.world.cluster.api("DELETE", &path, &Value::Null); // it goes with the control plane anyway
        let store = format!("/apis/external-secrets.io/v1/clustersecretstores/{}", self.name);
        let _ = self.world.cluster.api("DELETE", &store, &Value::Null); // most have none
    }
}
