//! The state that must be there in the end, whatever was broken off on the way.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use super::watch::Watch;
use crate::support::{Namespace, Version, condition, synced_resource_version};

/// How long it may take until all is well, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// An ExternalSecret, and what its Secret has to hold.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The ExternalSecret.
    pub name: &'a str,
    /// Its target.
    pub secret: &'a str,
    /// What the key `value` was before, if the Secret was there.
    pub before: Option<&'a str>,
    /// What it is now.
    pub value: &'a str,
}

impl Expected<'_> {
    /// Waits until the ExternalSecret is synced in the version that is stored, and its Secret is as it should be.
    pub fn wait(&self, ns: &Namespace<'_>) {
        let Self { name, secret, .. } = self;
        let mut missing = String::new();
        let limit = std::time::Instant::now() + PATIENCE;
        while let Some(what) = self.missing(ns) {
            missing = what;
            assert!(std::time::Instant::now() < limit, "{name} and its Secret {secret}: {missing}");
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(missing);
    }

    /// What is not yet as it should be.
    fn missing(&self, ns: &Namespace<'_>) -> Option<String> {
        let Some(object) = ns.external_secret(self.name) else { return Some("not stored".into()) };
        let Some(secret) = ns.secret(self.secret) else { return Some("no Secret".into()) };
        let version = synced_resource_version(&object);
        let ready =
            condition(&object).filter(|(status, reason, _)| status == "True" && reason == "SecretSynced");
        if ready.is_none() || object["status"]["syncedResourceVersion"] != version.as_str() {
            return Some(format!("its status is {}", object["status"]));
        }
        let owners = secret["metadata"]["ownerReferences"].as_array().cloned().unwrap_or_default();
        if owners.len() != 1 || owners[0]["uid"] != object["metadata"]["uid"] {
            return Some(format!("its owners are {owners:?}"));
        }
        let labels = &secret["metadata"]["labels"];
        let created_by = labels["reconcile.external-secrets.io/created-by"].as_str().unwrap_or_default();
        if labels["reconcile.external-secrets.io/managed"] != "true" || created_by.is_empty() {
            return Some(format!("its labels are {labels}"));
        }
        if !secret["metadata"]["annotations"]["latchkey.dev/pending"].is_null() {
            return Some("it bears a mark".into());
        }
        (value(&secret).as_deref() != Some(self.value)).then(|| format!("its value is {:?}", value(&secret)))
    }

    /// What has happened on the way: no version was lost, older than what was there, or of two owners.
    pub fn check(&self, ns: &Namespace<'_>, watch: &Watch) {
        let versions = watch.of(self.secret);
        let told = || told(&versions);
        assert!(!versions.is_empty(), "{}: nothing was seen", self.name);
        assert!(versions.iter().all(|version| version.change != "DELETED"), "{}: {}", self.name, told());
        let values: Vec<String> = versions.iter().filter_map(|version| value(&version.secret)).collect();
        let old = values.iter().take_while(|value| Some(value.as_str()) == self.before).count();
        assert!(values[old..].iter().all(|value| value == self.value), "{}: {}", self.name, told());
        let uid = &ns.external_secret(self.name).expect("it")["metadata"]["uid"];
        let owned = |version: &Version| version.owners().iter().all(|owner| owner["uid"] == *uid);
        assert!(versions.iter().all(|version| version.owners().len() <= 1 && owned(version)), "{}", told());
    }
}

/// The key `value` of a Secret, decoded.
pub fn value(secret: &Value) -> Option<String> {
    let bytes = BASE64_STANDARD.decode(secret["data"]["value"].as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

/// Versions of a Secret in a few words.
pub fn told(versions: &[Version]) -> String {
    let told = versions.iter().map(|version| {
        let value = value(&version.secret);
        let marked = if version.pending().is_some() { "marked" } else { "unmarked" };
        format!("{} {value:?} {marked}, {} owners", version.change, version.owners().len())
    });
    told.collect::<Vec<_>>().join("; ")
}
