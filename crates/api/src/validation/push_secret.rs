//! What is wrong with a PushSecret. Its regular expressions, templates and label selectors are for the caller to look at.

use std::collections::BTreeMap;

use serde_json::Value;

use super::push_problem::{InvalidPush, PushProblem};
use crate::duration::GoDuration;
use crate::external_secret::Rewrite;
use crate::push_secret::{
    DataTo, DataToStoreRef, METADATA_API_VERSION, METADATA_KIND, PushData, PushSecretSelector,
    PushSecretSpec, PushSelector, PushStoreRef,
};

/// The kind of a store that is meant where none is written.
const DEFAULT_KIND: &str = "SecretStore";

/// Everything that is wrong with the specification of a PushSecret that stands at this field (`spec`, or
/// `spec.pushSecretSpec` of a ClusterPushSecret), from its first field to its last.
pub fn validate_push_secret(at: &str, spec: &PushSecretSpec) -> Vec<InvalidPush> {
    let PushSecretSpec {
        refresh_interval,
        secret_store_refs,
        update_policy: _,
        deletion_policy: _,
        selector,
        data,
        data_to,
        template: _,
    } = spec;
    let mut found = Found(Vec::new());
    found.interval(&format!("{at}.refreshInterval"), refresh_interval.as_deref());
    found.stores(&format!("{at}.secretStoreRefs"), secret_store_refs);
    found.selector(&format!("{at}.selector"), selector);
    if data.is_empty() && data_to.is_empty() {
        found.add(at, PushProblem::NoData);
    }
    found.entries(&format!("{at}.data"), data);
    for (index, entry) in data_to.iter().enumerate() {
        found.data_to(&format!("{at}.dataTo[{index}]"), entry, secret_store_refs);
    }
    found.0
}

fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// What was found so far.
struct Found(Vec<InvalidPush>);

impl Found {
    fn add(&mut self, field: &str, problem: PushProblem) {
        self.0.push(InvalidPush { field: field.to_owned(), problem });
    }

    fn interval(&mut self, at: &str, text: Option<&str>) {
        if let Some(text) = text
            && let Err(source) = GoDuration::parse(text)
        {
            self.add(at, PushProblem::Interval { text: text.to_owned(), source });
        }
    }

    fn stores(&mut self, at: &str, stores: &[PushStoreRef]) {
        if stores.is_empty() {
            self.add(at, PushProblem::NoStores);
        }
        for (index, PushStoreRef { name, label_selector, kind: _ }) in stores.iter().enumerate() {
            if given(name.as_ref()).is_none() && label_selector.is_none() {
                self.add(&format!("{at}[{index}]"), PushProblem::UnnamedStore);
            }
        }
    }

    fn selector(&mut self, at: &str, PushSelector { secret, generator_ref }: &PushSelector) {
        match (secret, generator_ref) {
            (Some(secret), None) => self.secret(&format!("{at}.secret"), secret),
            (None, Some(_)) => {}
            (None, None) => self.add(at, PushProblem::NoSource),
            (Some(_), Some(_)) => self.add(at, PushProblem::TwoSources),
        }
    }

    fn secret(&mut self, at: &str, PushSecretSelector { name, selector }: &PushSecretSelector) {
        match (given(name.as_ref()), selector) {
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) => self.add(at, PushProblem::NoSecret),
            (Some(_), Some(_)) => self.add(at, PushProblem::TwoSecrets),
        }
    }

    /// Each entry goes to each store, so of two with the same place one can never stay.
    fn entries(&mut self, at: &str, data: &[PushData]) {
        let mut places = BTreeMap::new();
        for (index, PushData { match_, metadata, conversion_strategy: _ }) in data.iter().enumerate() {
            let remote = &match_.remote_ref;
            let field = format!("{at}[{index}].match.remoteRef");
            if remote.remote_key.is_empty() {
                self.add(&format!("{field}.remoteKey"), PushProblem::NoRemoteKey);
            }
            let property = given(remote.property.as_ref());
            let place = (remote.remote_key.as_str(), property);
            if let Some(first) = places.get(&place) {
                let (key, property) = (remote.remote_key.clone(), property.map(str::to_owned));
                let first = format!("{at}[{first}]");
                self.add(&field, PushProblem::SamePlace { first, key, property });
            } else {
                places.insert(place, index);
            }
            self.metadata(&format!("{at}[{index}].metadata"), metadata.as_ref());
        }
    }

    fn data_to(&mut self, at: &str, entry: &DataTo, stores: &[PushStoreRef]) {
        let DataTo { store_ref, remote_key, match_: _, rewrite, metadata, conversion_strategy: _ } = entry;
        self.store_ref(&format!("{at}.storeRef"), store_ref.as_ref(), stores);
        if given(remote_key.as_ref()).is_some() && !rewrite.is_empty() {
            self.add(at, PushProblem::RewrittenBundle);
        }
        for (step, Rewrite { merge, regexp, transform }) in rewrite.iter().enumerate() {
            if merge.is_some() || regexp.is_some() == transform.is_some() {
                self.add(&format!("{at}.rewrite[{step}]"), PushProblem::Rewrite);
            }
        }
        self.metadata(&format!("{at}.metadata"), metadata.as_ref());
    }

    /// A store with these labels may be that of this name; whether it is, is known when something is pushed.
    fn store_ref(&mut self, at: &str, of: Option<&DataToStoreRef>, stores: &[PushStoreRef]) {
        let name = of.and_then(|of| given(of.name.as_ref()));
        let Some(name) = name else {
            if of.is_none_or(|of| of.label_selector.is_none()) {
                self.add(at, PushProblem::UnnamedStore);
            }
            return;
        };
        let kind = of.and_then(|of| of.kind.as_deref()).unwrap_or(DEFAULT_KIND);
        let is_listed = stores.iter().any(|store| {
            store.kind.as_deref().unwrap_or(DEFAULT_KIND) == kind
                && (store.name.as_deref() == Some(name) || store.label_selector.is_some())
        });
        if !is_listed {
            self.add(at, PushProblem::UnlistedStore { kind: kind.to_owned(), name: name.to_owned() });
        }
    }

    /// The envelope; its `spec` is the provider's business.
    fn metadata(&mut self, at: &str, of: Option<&Value>) {
        let fields = match of {
            None | Some(Value::Null) => return,
            Some(Value::Object(fields)) => fields,
            Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                return self.add(at, PushProblem::NoMetadata);
            }
        };
        for (field, wanted) in [("apiVersion", METADATA_API_VERSION), ("kind", METADATA_KIND)] {
            if fields.get(field).and_then(Value::as_str) != Some(wanted) {
                self.add(&format!("{at}.{field}"), PushProblem::MetadataIs(wanted));
            }
        }
        if fields.get("spec").is_some_and(|spec| !spec.is_object() && !spec.is_null()) {
            self.add(&format!("{at}.spec"), PushProblem::MetadataSpec);
        }
        for field in fields.keys().filter(|field| !["apiVersion", "kind", "spec"].contains(&field.as_str())) {
            self.add(&format!("{at}.{field}"), PushProblem::MetadataField);
        }
    }
}

#[cfg(test)]
#[path = "push_secret_tests.rs"]
mod tests;
