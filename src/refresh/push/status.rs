//! What a PushSecret's status says, in ESO's words. Pure.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use latchkey_api::PushSecret;
use latchkey_api::duration::GoDuration;
use latchkey_api::generator::GeneratorKind;
use latchkey_api::push_secret::{
    PushSecretCondition, PushSecretSpec, PushSecretStatus, PushUpdatePolicy, SyncedPushSecrets,
};

use crate::engine::{Error, due};

/// ESO's schema default.
const DEFAULT_INTERVAL: Duration = Duration::from_hours(1);

/// `refreshTime` is kept in whole seconds.
const SHORTEST: Duration = Duration::from_secs(1);

const SOURCE_DELETED: &str = "SourceDeleted";

/// What has come of a push.
#[derive(Debug, Default)]
pub(in crate::refresh) struct Outcome {
    /// What is in the stores, as far as it was pushed from here.
    pub synced: SyncedPushSecrets,
    /// What failed; nothing if all went well.
    pub errors: Vec<Error>,
    /// Whether it was removal that failed.
    pub removal_failed: bool,
    /// Whether the source was not there, and what was pushed of it was removed.
    pub source_deleted: bool,
    /// Whether a store was written to.
    pub changed: bool,
}

impl Outcome {
    /// Nothing was pushed.
    pub fn failed(synced: SyncedPushSecrets, errors: Vec<Error>) -> Self {
        Self { synced, errors, ..Self::default() }
    }

    /// ESO's reason.
    pub fn reason(&self) -> &'static str {
        match (self.errors.is_empty(), self.source_deleted) {
            (false, _) => "Errored",
            (true, true) => SOURCE_DELETED,
            (true, false) => "Synced",
        }
    }

    /// Whether everything is as it should be.
    pub fn is_ready(&self) -> bool {
        self.errors.is_empty() && !self.source_deleted
    }

    /// ESO's message; behind it, why.
    pub fn message(&self, spec: &PushSecretSpec) -> String {
        let texts: Vec<&str> = self.errors.iter().map(|error| error.message.as_str()).collect();
        let why = texts.join("; ");
        match (self.errors.is_empty(), self.source_deleted) {
            (false, _) if why.starts_with("could not get source secret") => why,
            (false, _) if self.removal_failed => format!("Failed to Delete Secrets from Provider: {why}"),
            (false, _) => format!("set secret failed: {why}"),
            (true, true) => "source secret deleted; provider secrets cleaned up".to_owned(),
            (true, false) => synced(spec).to_owned(),
        }
    }
}

fn synced(spec: &PushSecretSpec) -> &'static str {
    match spec.update_policy.unwrap_or_default() {
        PushUpdatePolicy::Replace => "PushSecret synced successfully",
        PushUpdatePolicy::IfNotExists => {
            "PushSecret synced successfully. Existing secrets in providers unchanged."
        }
    }
}

/// What the status says was pushed.
pub(super) fn before(object: &PushSecret) -> SyncedPushSecrets {
    object.status.as_ref().map(|status| status.synced_push_secrets.clone()).unwrap_or_default()
}

/// Whether the source is known not to be there, and what was pushed of it has been removed.
pub(super) fn is_source_deleted(object: &PushSecret) -> bool {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions.into_iter().any(|it| it.type_ == "Ready" && it.reason.as_deref() == Some(SOURCE_DELETED))
}

/// What its condition says; none if it has none yet.
pub(super) fn is_ready(object: &PushSecret) -> Option<bool> {
    let conditions = object.status.iter().flat_map(|status| &status.conditions);
    conditions.into_iter().find(|it| it.type_ == "Ready").map(|it| it.status == "True")
}

/// Whether it has pushed, as it is now, what no service keeps: a Secret, or what another generator makes. What was kept for it
/// before is in use no more then, unless the stores leave what they have.
pub(in crate::refresh) fn keeps_nothing(object: &PushSecret) -> bool {
    let synced = object.status.as_ref().and_then(|status| status.synced_resource_version.as_ref());
    let generator = object.spec.selector.generator_ref.as_ref();
    is_ready(object) == Some(true)
        && synced == Some(&version(object))
        && object.spec.update_policy.unwrap_or_default() == PushUpdatePolicy::Replace
        && generator.is_none_or(|of| match GeneratorKind::named(&of.kind) {
            Some(GeneratorKind::Remote(kind)) => !kind.is_stateful(),
            Some(_) => true,
            None => false, // a ClusterGenerator may hold any
        })
}

/// Both; of the same entry the new one.
pub(super) fn merged(new: SyncedPushSecrets, old: SyncedPushSecrets) -> SyncedPushSecrets {
    let mut all = old;
    for (store, entries) in new {
        all.entry(store).or_default().extend(entries);
    }
    all
}

/// `status.syncedResourceVersion` as it is after a push of this version.
pub(super) fn version(object: &PushSecret) -> String {
    due::version_of(&object.metadata)
}

/// `spec.refreshInterval`; none if it is pushed on changes alone.
pub(super) fn interval(spec: &PushSecretSpec) -> Option<Duration> {
    let Some(text) = spec.refresh_interval.as_deref() else { return Some(DEFAULT_INTERVAL) };
    match GoDuration::parse(text) {
        Ok(parsed) => parsed.to_std().filter(|own| !own.is_zero()).map(|own| own.max(SHORTEST)),
        Err(_) => Some(DEFAULT_INTERVAL),
    }
}

/// How long until it is pushed again; zero if it is new, was changed, has failed or is due, none if it waits for changes alone. What
/// is known to have been pushed need not be in the status yet.
pub(super) fn left(object: &PushSecret, pushed: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    let status = object.status.clone().unwrap_or_default();
    let has_failed = status.conditions.iter().any(|it| it.type_ == "Ready" && it.status == "False");
    let is_this = !has_failed && status.synced_resource_version.as_deref() == Some(version(object).as_str());
    let told = status.refresh_time.filter(|_| is_this).map(|at| at.0);
    match pushed.max(told) {
        Some(at) => {
            let interval = interval(&object.spec)?;
            let since = Duration::try_from(now.duration_since(at)).unwrap_or_default();
            Some(interval.saturating_sub(since))
        }
        None => Some(Duration::ZERO),
    }
}

/// The status after a push at `at`. After a failure what was pushed last stays said.
pub(super) fn after(object: &PushSecret, outcome: &Outcome, at: Timestamp) -> PushSecretStatus {
    let before = object.status.clone().unwrap_or_default();
    let (refresh_time, synced_resource_version) = match outcome.is_ready() {
        true => (Some(Time(at)), Some(version(object))),
        false => (before.refresh_time, before.synced_resource_version),
    };
    let text = if outcome.is_ready() { "True" } else { "False" };
    let was = before.conditions.iter().find(|condition| condition.type_ == "Ready");
    let since = was.filter(|was| was.status == text).and_then(|was| was.last_transition_time.clone());
    let condition = PushSecretCondition {
        type_: "Ready".to_owned(),
        status: text.to_owned(),
        reason: Some(outcome.reason().to_owned()),
        message: Some(outcome.message(&object.spec)),
        last_transition_time: since.or(Some(Time(at))),
    };
    PushSecretStatus {
        refresh_time,
        synced_resource_version,
        synced_push_secrets: outcome.synced.clone(),
        conditions: vec![condition],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn nothing_is_kept_for_what_is_pushed_of_a_secret_once_it_is_pushed() {
        let object = |selector: Value, policy: &str, ready: &str| -> PushSecret {
            let object = json!({
                "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": { "name": "a", "generation": 2 },
                "spec": { "secretStoreRefs": [{ "name": "s" }], "selector": selector, "updatePolicy": policy },
                "status": { "conditions": [{ "type": "Ready", "status": ready }] },
            });
            let mut object: PushSecret = serde_json::from_value(object).expect("a PushSecret");
            let version = version(&object);
            object.status.get_or_insert_default().synced_resource_version = Some(version);
            object
        };
        let secret = || json!({ "secret": { "name": "a" } });
        let generator = |kind: &str| json!({ "generatorRef": { "kind": kind, "name": "a" } });
        for (selector, policy, ready, is) in [
            (secret(), "Replace", "True", true),
            (secret(), "Replace", "False", false),
            (secret(), "IfNotExists", "True", false),
            (generator("Password"), "Replace", "True", true),
            (generator("GithubAccessToken"), "Replace", "True", true),
            (generator("GitlabDeployToken"), "Replace", "True", false),
            (generator("ClusterGenerator"), "Replace", "True", false),
        ] {
            assert_eq!(
                keeps_nothing(&object(selector.clone(), policy, ready)),
                is,
                "{selector} {policy} {ready}"
            );
        }
        let mut changed = object(secret(), "Replace", "True");
        changed.metadata.generation = Some(3);
        assert!(!keeps_nothing(&changed), "the Secret is not pushed yet");
    }

    #[test]
    fn what_was_pushed_waits_for_its_interval_though_the_status_does_not_tell_yet() {
        let object: PushSecret = serde_json::from_value(json!({
            "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret", "metadata": { "name": "a" },
            "spec": {
                "refreshInterval": "1m", "secretStoreRefs": [{ "name": "s" }],
                "selector": { "secret": { "name": "a" } },
            },
            "status": { "conditions": [{ "type": "Ready", "status": "False" }] },
        }))
        .expect("a PushSecret");
        let at = |seconds| Timestamp::from_second(seconds).expect("a time");
        assert_eq!(left(&object, None, at(100)), Some(Duration::ZERO));
        assert_eq!(left(&object, Some(at(100)), at(110)), Some(Duration::from_secs(50)));
        assert_eq!(left(&object, Some(at(100)), at(160)), Some(Duration::ZERO));
    }
}
