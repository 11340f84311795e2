//! Waiting for what a namespace's objects become.

use std::time::Duration;

use serde_json::Value;
use sha3::{Digest, Sha3_224};

use super::{Namespace, Said};

/// ESO's `ObjectHash` of what Go's `%+v` prints of an object, reckoned here from ESO's source.
pub fn object_hash(printed: &str) -> String {
    Sha3_224::digest(printed.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `status.syncedResourceVersion` as ESO gives it for an object.
pub fn synced_resource_version(object: &Value) -> String {
    let map = |field: &str| {
        let entries = object["metadata"][field].as_object().into_iter().flatten();
        // serde_json keeps keys in order, as Go prints them.
        let entries = entries.map(|(key, value)| format!("{key}:{}", value.as_str().unwrap_or_default()));
        entries.collect::<Vec<_>>().join(" ")
    };
    let printed = format!("{{annotations:map[{}] labels:map[{}]}}", map("annotations"), map("labels"));
    format!("{}-{}", object["metadata"]["generation"], object_hash(&printed))
}

impl Namespace<'_> {
    /// Runs kubectl in this namespace, with this on its standard input.
    pub fn kubectl_with(&self, args: &[&str], input: &str) -> Said {
        self.world.kubectl(&[&["--namespace", &self.name], args].concat(), input)
    }

    /// Waits until a Secret is there of which this is true.
    pub fn wait_secret(&self, name: &str, is: impl Fn(&Value) -> bool) -> Value {
        self.world.wait(&format!("the wanted {name}"), Duration::from_secs(20), || {
            self.secret(name).filter(|s| is(s))
        })
    }

    /// Waits until the status of an ExternalSecret says that the version stored now is synced; that object.
    pub fn wait_synced(&self, name: &str) -> Value {
        self.world.wait(&format!("{name} as it is now synced"), Duration::from_secs(60), || {
            let object = self.external_secret(name)?;
            let version = synced_resource_version(&object);
            (object["status"]["syncedResourceVersion"] == version.as_str()).then_some(object)
        })
    }

    /// The events on an ExternalSecret: type, reason, message.
    pub fn events(&self, name: &str) -> Vec<(String, String, String)> {
        let path =
            format!("/api/v1/namespaces/{}/events?fieldSelector=involvedObject.name%3D{name}", self.name);
        let list = self.world.get(&path).expect("events");
        let events = list["items"].as_array().into_iter().flatten();
        let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
        events.map(|event| (text(event, "type"), text(event, "reason"), text(event, "message"))).collect()
    }

    /// Waits until there is such an event on an ExternalSecret. Events come once it is calm, within 30 s.
    pub fn wait_event(&self, name: &str, reason: &str, message: &str) {
        self.world.wait(&format!("event {reason}: {message}"), Duration::from_secs(60), || {
            self.events(name).into_iter().find(|(_, is, text)| is == reason && text == message)
        });
    }
}
