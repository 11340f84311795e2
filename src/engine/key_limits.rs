//! Which remote keys a namespace may name, by the store's `spec.allowedKeys` and its annotation `latchkey.dev/allowed-keys`.
//!
//! A store without either allows every key. Where there are both, a key has to be allowed by each. Keys are compared as
//! the provider resolves them, before anything is read: a spelling that leads to the same entry is the same key.

use std::collections::BTreeMap;

use latchkey_api::store::AllowedKeys;

use super::fetch::Reader;
use super::message;
use super::plan::{Plan, Source};
use super::resolve::{Opened, admits_labels, admits_name, unknown};
use super::stores::Store;
use super::{Engine, Error};

/// What stands in a pattern for the namespace of the ExternalSecret.
const NAMESPACE: &str = "{namespace}";

/// Lists of patterns: a key has to be like one of each.
#[derive(Debug, Default)]
pub(super) struct Limits(Vec<Vec<String>>);

impl Limits {
    /// Whether everybody may name every key.
    pub(super) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key, as the provider resolves it, may be named.
    pub(super) fn allow(&self, key: &str) -> bool {
        self.0.iter().all(|patterns| patterns.iter().any(|pattern| matches(pattern, key)))
    }
}

impl Engine {
    /// Sees whether each key that the plan reads at this store is one that its namespace may name. What it finds there has to pass
    /// the limits that are given back.
    pub(super) async fn admit_keys(&self, plan: &Plan, opened: &Opened) -> Result<Limits, Error> {
        let Opened { store, reader, .. } = opened;
        let limits = self.limits(&plan.namespace, store).await?;
        for patterns in &limits.0 {
            all_match(plan, store, reader, patterns)?;
        }
        Ok(limits)
    }

    /// What a namespace may name at a store.
    pub(super) async fn limits(&self, namespace: &str, store: &Store) -> Result<Limits, Error> {
        let mut limits = Limits::default();
        if let Some(annotation) = &store.allowed_keys {
            limits.0.push(patterns(annotation, namespace));
        }
        if !store.spec.allowed_keys.is_empty() {
            let labels = self.labels(namespace, store).await?;
            limits.0.push(of_rules(&store.spec.allowed_keys, namespace, &labels));
        }
        Ok(limits)
    }

    /// The namespace's labels, if a rule looks at them.
    async fn labels(&self, namespace: &str, store: &Store) -> Result<BTreeMap<String, String>, Error> {
        if !store.spec.allowed_keys.iter().any(|rule| rule.of.namespace_selector.is_some()) {
            return Ok(BTreeMap::new());
        }
        let labels = self.inner.stores.namespace_labels(namespace).await;
        labels.map_err(|failed| unknown(&store.key, &failed))
    }
}

/// The annotation's patterns, for this namespace.
pub fn patterns(annotation: &str, namespace: &str) -> Vec<String> {
    let words = annotation.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty());
    words.map(|pattern| pattern.replace(NAMESPACE, namespace)).collect()
}

/// The patterns of all rules that are for this namespace.
fn of_rules(rules: &[AllowedKeys], namespace: &str, labels: &BTreeMap<String, String>) -> Vec<String> {
    let is_meant = |rule: &&AllowedKeys| {
        rule.is_for_all() || admits_name(&rule.of, namespace) || admits_labels(&rule.of, labels)
    };
    let keys = rules.iter().filter(is_meant).flat_map(|rule| &rule.keys);
    keys.map(|pattern| pattern.replace(NAMESPACE, namespace)).collect()
}

fn all_match(plan: &Plan, store: &Store, reader: &Reader, patterns: &[String]) -> Result<(), Error> {
    let named = |source: &&Source| source.store == store.key && source.entry.listing.is_none();
    for source in plan.sources.iter().filter(named) {
        let key = reader.provider.resolved_key(&source.entry);
        if !patterns.iter().any(|pattern| matches(pattern, &key)) {
            return Err(message::key_denied(source, &key, &plan.namespace, patterns));
        }
    }
    Ok(())
}

/// Whether the whole key is what the pattern describes. Linear in both, whatever they are: only the last `*` is ever
/// taken back.
fn matches(pattern: &str, key: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = key.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
#[path = "key_limits_tests.rs"]
mod tests;
