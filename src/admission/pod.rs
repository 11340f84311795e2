//! Admission of Pods: the managed Secrets they name are there and fresh before they are admitted.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, Patch, PatchOperation};
use k8s_openapi::api::core::v1::Pod;
use latchkey_api::external_secret::{CreationPolicy, ExternalSecret};
use serde_json::{Value, json};

use super::Admission;
use super::busy::SHED;
use super::joint::Missed;
use super::pod_secrets::{named, required};
use super::request::{Request, Response};
use crate::config::FailureMode;
use crate::engine::{Deadline, due};
use crate::lookup::Key;

/// The annotation that says which content of its Secrets a Pod starts with: a keyed digest of each.
pub const STARTED_WITH: &str = "latchkey.dev/started-with";

/// What became of one managed Secret.
struct Readied {
    secret: String,
    data_hash: Option<String>,
    trouble: Option<String>,
    how: How,
}

/// How it came to that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Nothing was done.
    Found,
    /// It was synced.
    Synced,
    /// There was no place for its sync.
    Shed,
}

/// A managed Secret that a Pod names.
struct Wanted<'a> {
    secret: &'a str,
    /// The ExternalSecret behind it.
    key: &'a Key,
    /// Whether the Pod does not start without it.
    required: bool,
}

impl Admission {
    /// Admits a Pod once the managed Secrets that it names are there and no older than their `refreshInterval`.
    pub async fn pod(&self, request: &Request, deadline: Deadline) -> Response {
        let pod: Pod = match request.object("Pod") {
            Ok(pod) => pod,
            Err(_) => return Response::admitted("unreadable"),
        };
        let secrets = pod.spec.as_ref().map(named).unwrap_or_default();
        let (just_written, managed) = self.managed(request, secrets);
        if managed.is_empty() && just_written.is_empty() {
            return Response::admitted("unmanaged");
        }
        let required = pod.spec.as_ref().map(required).unwrap_or_default();
        let ready = managed.iter().map(|(secret, key)| {
            self.ready(request, Wanted { secret, key, required: required.contains(secret) }, deadline)
        });
        let readied = just_written.into_iter().chain(join_all(ready).await).collect();
        self.answer(request, readied, &required, deadline).await
    }

    /// Of these Secrets, those that we have just written for an ExternalSecret that the watch does not have yet, and those
    /// that an ExternalSecret is behind.
    fn managed(&self, request: &Request, secrets: BTreeSet<String>) -> (Vec<Readied>, Vec<(String, Key)>) {
        let (mut just_written, mut managed) = (Vec::new(), Vec::new());
        for secret in secrets {
            let name = Key::new(&request.namespace, &secret);
            let keys = self.lookup.targeting(&name);
            match self.lookup.noted_state(&name) {
                Some(state) if keys.is_empty() => {
                    let data_hash = Some(state.data_hash);
                    just_written.push(Readied { secret, data_hash, trouble: None, how: How::Found });
                }
                _ => managed.extend(keys.into_iter().map(|key| (secret.clone(), key))),
            }
        }
        (just_written, managed)
    }

    /// Sees to one Secret: no call of any kind if it is there and fresh.
    async fn ready(&self, request: &Request, wanted: Wanted<'_>, deadline: Deadline) -> Readied {
        let Wanted { secret, key, required } = wanted;
        let name = Key::new(&request.namespace, secret);
        let noted = self.lookup.noted_state(&name).map(|state| state.data_hash);
        let known = self.lookup.secret(&name).map(|row| row.data_hash.clone()).or_else(|| noted.clone());
        let readied =
            |data_hash, trouble, how| Readied { secret: secret.to_owned(), data_hash, trouble, how };
        let Some(object) = self.lookup.external_secret(key) else {
            return readied(known, None, How::Found);
        };
        if object.spec.creation_policy() == CreationPolicy::None
            || (known.is_some() && due::is_fresh(&object, jiff::Timestamp::now()))
            || (noted.is_some() && object.status.is_none()) // admitted a moment ago: its status is on the way
            || !self.engine.is_ours(&object).await
        {
            return readied(known, None, How::Found);
        }
        if let Some(trouble) = self.failures.recent(key).or_else(|| self.known_down(&object, known.is_some()))
        {
            return readied(known, Some(trouble), How::Found);
        }
        let missing = required && known.is_none();
        let insists = async || missing && self.mode_in_time(request, deadline).await == FailureMode::Deny;
        let sync = self.sync_for_pod(request, &object, deadline, insists);
        match self.with_mode_learned(request, deadline, sync).await {
            Ok(outcome) => readied(outcome.secret.map(|state| state.data_hash).or(known), None, How::Synced),
            Err(Missed::Busy(text)) => readied(known, Some(text), How::Shed),
            Err(Missed::Failed(text)) => readied(known, Some(text), How::Found),
        }
    }

    /// A last good Secret is never waited for while its store is known to be down.
    fn known_down(&self, object: &ExternalSecret, there: bool) -> Option<String> {
        let stores = crate::lookup::stores_of(object);
        let down = there.then(|| stores.iter().find_map(|store| self.engine.store_down(store)))?;
        down.map(|(_, why)| why)
    }

    async fn answer(
        &self,
        request: &Request,
        readied: Vec<Readied>,
        required: &BTreeSet<String>,
        deadline: Deadline,
    ) -> Response {
        let is_missing = |one: &&Readied| one.data_hash.is_none() && one.trouble.is_some();
        let missing: Vec<&Readied> =
            readied.iter().filter(is_missing).filter(|one| required.contains(&one.secret)).collect();
        let mode = match missing.is_empty() {
            true => FailureMode::Warn, // neither a last good value nor an optional one keeps a Pod from starting
            false if request.dry_run && missing.iter().any(|one| one.how == How::Shed) => FailureMode::Warn,
            false => self.mode_in_time(request, deadline).await,
        };
        if mode == FailureMode::Deny {
            let texts: Vec<String> = missing.iter().filter_map(|one| said(one)).collect();
            return Response::denied(texts.join("; ")).audited("outcome", "denied");
        }
        let is_any = |how| readied.iter().any(|one| one.how == how);
        let outcome = match (is_any(How::Shed), is_any(How::Synced)) {
            (true, _) => SHED,
            (false, true) => "synced",
            (false, false) => "fresh",
        };
        let mut response = Response::admitted(outcome).audited("outcome", outcome);
        response.warnings = readied.iter().filter_map(said).collect();
        response.patch = self.annotates_pods.then(|| self.started_with(request, &readied)).flatten();
        response
    }

    /// One annotation: Secret names and keyed digests of their content.
    fn started_with(&self, request: &Request, readied: &[Readied]) -> Option<Patch> {
        let digests: BTreeMap<&str, String> = readied
            .iter()
            .filter_map(|one| {
                let content = format!("{}/{}/{}", request.namespace, one.secret, one.data_hash.as_ref()?);
                Some((one.secret.as_str(), self.digest_key.digest(content.as_bytes())))
            })
            .collect();
        let value = serde_json::to_string(&digests).ok().filter(|_| !digests.is_empty())?;
        annotate(&request.object, STARTED_WITH, &value)
    }
}

fn said(readied: &Readied) -> Option<String> {
    let trouble = readied.trouble.as_ref()?;
    Some(match readied.data_hash {
        Some(_) => format!("Secret {:?} stays as it was last good: {trouble}", readied.secret),
        None => format!("Secret {:?} is not there: {trouble}", readied.secret),
    })
}

/// The patch that sets one annotation; none if it is set so already.
fn annotate(object: &Value, name: &str, value: &str) -> Option<Patch> {
    let annotations = &object["metadata"]["annotations"];
    if annotations[name].as_str() == Some(value) {
        return None;
    }
    let add = |path: PointerBuf, value| PatchOperation::Add(AddOperation { path, value });
    let one = match annotations.is_object() {
        true => add(PointerBuf::from_tokens(["metadata", "annotations", name]), json!(value)),
        false => add(PointerBuf::from_tokens(["metadata", "annotations"]), json!({ name: value })),
    };
    Some(Patch(vec![one]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patched(mut object: Value) -> Value {
        let patch = annotate(&object, STARTED_WITH, "x").expect("a patch");
        json_patch::patch(&mut object, &patch).expect("applies");
        object["metadata"]["annotations"].clone()
    }

    #[test]
    fn the_annotation_is_added_beside_others_or_as_the_first() {
        assert_eq!(patched(json!({"metadata": {}})), json!({STARTED_WITH: "x"}));
        let before = json!({"metadata": {"annotations": {"a": "b", STARTED_WITH: "old"}}});
        assert_eq!(patched(before), json!({"a": "b", STARTED_WITH: "x"}));
    }

    #[test]
    fn a_reinvocation_patches_nothing_again() {
        let object = json!({"metadata": {"annotations": {STARTED_WITH: "x"}}});
        assert_eq!(annotate(&object, STARTED_WITH, "x"), None);
    }
}
