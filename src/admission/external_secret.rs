//! Admission of ExternalSecrets: what is to be done (pure), and doing it.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use latchkey_api::external_secret::{ExternalSecret, ExternalSecretSpec};
use latchkey_api::validation::{ignored_fields, questionable};
use serde::Deserialize as _;
use serde_json::Value;

use super::Admission;
use super::request::{Operation, Request, Response, Unreadable};
use super::verdict::{self, Verdict};
use crate::engine::generators::Known;
use crate::engine::{Deadline, Effects, Job, Stage, Written};
use crate::engine::{due, windows};
use crate::lookup::Key;

/// What `kubectl apply` notes for itself; a change of it alone asks for nothing.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// How old a value may be for a new or changed ExternalSecret: a burst of applies that share a key is one read.
const YOUNG: Duration = Duration::from_secs(5);

/// How old a value may be for a dry run: GitOps tools send them in floods.
const DRY: Duration = Duration::from_mins(1);

/// What is to be done for a request.
#[derive(Debug)]
pub enum Decision {
    /// Nothing; the word says why.
    Skip(&'static str),
    /// A sync.
    Sync(Box<Job>),
}

/// Decides by the request alone.
///
/// # Errors
/// The object is no ExternalSecret.
pub fn decide(request: &Request) -> Result<Decision, Unreadable> {
    if request.name.is_empty() {
        return Ok(Decision::Skip("unnamed")); // F1: its name is made after us; the refresher's first lane has it
    }
    if request.is_being_deleted() {
        return Ok(Decision::Skip("deleting"));
    }
    if request.old.as_ref().is_some_and(|old| !has_changed(&request.object, old)) {
        return Ok(Decision::Skip("unchanged"));
    }
    let mut object: ExternalSecret = request.object("ExternalSecret")?;
    object.metadata.name = Some(request.name.clone());
    object.metadata.namespace = Some(request.namespace.clone());
    if request.operation == Operation::Update && due::is_frozen(&object) {
        return Ok(Decision::Skip("frozen"));
    }
    Ok(Decision::Sync(Box::new(job(request, object))))
}

fn job(request: &Request, object: ExternalSecret) -> Job {
    let stage = match request.operation {
        Operation::Create => Stage::Create,
        Operation::Update => Stage::Update,
    };
    let (effects, lane) = request.reach();
    let over = request.old.as_ref().and_then(metadata).and_then(|old| old.resource_version);
    Job {
        external_secret: Arc::new(object),
        stage,
        effects,
        max_age: max_age(request),
        since: None,
        lane,
        over,
        beside: None,
        renew: stage == Stage::Update,
        generators: Known::default(),
    }
}

fn metadata(object: &Value) -> Option<ObjectMeta> {
    ObjectMeta::deserialize(&object["metadata"]).ok()
}

/// Somebody who changes an annotation or a label asks for the value of now (`force-sync=…`, any other name).
fn max_age(request: &Request) -> Duration {
    match &request.old {
        _ if request.dry_run => DRY,
        Some(old) if asks(&request.object, old) => Duration::ZERO,
        _ => YOUNG,
    }
}

fn has_changed(object: &Value, old: &Value) -> bool {
    let differs = |part: &str| named(object, part) != named(old, part);
    object["spec"] != old["spec"] || differs("labels") || differs("annotations")
}

fn asks(object: &Value, old: &Value) -> bool {
    let asking = |object: &Value| {
        let mut annotations = named(object, "annotations");
        annotations.remove(LAST_APPLIED);
        (annotations, named(object, "labels"))
    };
    asking(object) != asking(old)
}

/// The object's labels or annotations; none is the same as empty.
fn named(object: &Value, part: &str) -> serde_json::Map<String, Value> {
    object["metadata"][part].as_object().cloned().unwrap_or_default()
}

impl Admission {
    /// Admits an ExternalSecret once its Secret is there, or says why it is not.
    pub async fn external_secret(&self, request: &Request, deadline: Deadline) -> Response {
        if !self.engine.sees_to(&request.namespace) {
            return Response::admitted("out_of_scope");
        }
        let mut job = match decide(request) {
            Ok(Decision::Skip(why)) => return Response::admitted(why),
            Ok(Decision::Sync(job)) => *job,
            Err(error) => return Response::admitted("unreadable").warned(error.to_string()),
        };
        let key = Key::new(&request.namespace, &request.name);
        if job.stage == Stage::Create && self.lookup.is_stored(&key).await {
            return Response::admitted("exists"); // the API server will refuse it; its Secret has an owner already
        }
        match self.engine.ours(&job.external_secret).await {
            Some(generators) => job.generators = generators,
            None => return Response::admitted("other_class"),
        }
        if self.repeats.is_repeat(request) {
            job.max_age = job.max_age.max(YOUNG);
        }
        job.since = self.lookup.wished_since(&job.external_secret);
        let object = Arc::clone(&job.external_secret);
        let _place = match self.place(request, &object, deadline).await {
            Ok(place) => place,
            Err(answer) => return answer,
        };
        if job.effects == Effects::Apply && self.is_overtaken(request, &key) {
            return Response::admitted("overtaken");
        }
        let name = format!("ExternalSecret {}/{}", request.namespace, request.name);
        let applied = job.effects == Effects::Apply;
        let sync = self.engine.sync(job, deadline);
        match self.with_mode_learned(request, deadline, sync).await {
            Ok(outcome) => {
                if let Some(state) = outcome.secret.as_ref().filter(|_| applied) {
                    self.lookup.note(&request.namespace, state);
                }
                if applied {
                    self.lookup.synced(&object);
                }
                self.failures.forget(&key);
                let response = verdict::synced(&name, &outcome, &ignored_fields(&object.spec));
                let odd = windows::odd(&object.spec, jiff::Timestamp::now()).map(str::to_owned);
                let questionable: Vec<_> = questionable(&object.spec).map(str::to_owned).collect();
                let waits = waits_for_its_target(&request.name, &object.spec, outcome.written);
                let doubts = outcome.doubts.iter().map(ToString::to_string);
                response.remarked(&name, doubts.chain(odd).chain(questionable).chain(waits))
            }
            Err(error) => {
                let mode = self.mode_in_time(request, deadline).await;
                tracing::info!(object = %name, kind = error.kind.as_str(), error = %error, "sync failed at admission");
                verdict::failed(&Verdict { object: &name, mode }, &error)
            }
        }
    }

    /// Whether a later version than the one that this update is to replace is known to be stored. The API server will not
    /// store it then; it asks again, if anybody still wants it. What is written for such a review, which may have been on its
    /// way for long, would stand against what is stored.
    fn is_overtaken(&self, request: &Request, key: &Key) -> bool {
        let number = |metadata: &ObjectMeta| metadata.resource_version.as_ref()?.parse::<u64>().ok();
        let Some(replaced) = request.old.as_ref().and_then(metadata) else { return false };
        let stored = self.lookup.external_secret(key);
        let stored = stored.as_ref().and_then(|stored| number(&stored.metadata));
        number(&replaced).zip(stored).is_some_and(|(replaced, stored)| replaced < stored)
    }
}

/// A word on a Secret that is to be written into and that there is not.
fn waits_for_its_target(name: &str, spec: &ExternalSecretSpec, written: Written) -> Option<String> {
    (written == Written::TargetMissing).then(|| {
        format!(
            "there is no Secret {:?} to merge into yet; it is written into once there is one (creationPolicy Merge makes none)",
            spec.target_name(name)
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::Lane;

    fn object() -> Value {
        json!({
            "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
            "metadata": {"name": "db", "namespace": "team-a", "annotations": {"a": "1"}},
            "spec": {
                "refreshInterval": "1h", "secretStoreRef": {"name": "store"},
                "data": [{"secretKey": "password", "remoteRef": {"key": "db"}}],
            },
        })
    }

    fn request(change: impl FnOnce(&mut Request)) -> Request {
        let mut request = Request {
            operation: Operation::Create,
            kind: "ExternalSecret".into(),
            namespace: "team-a".into(),
            name: "db".into(),
            dry_run: false,
            user: k8s_openapi::api::authentication::v1::UserInfo::default(),
            object: object(),
            old: None,
        };
        change(&mut request);
        request
    }

    fn update(change: impl FnOnce(&mut Value)) -> Request {
        request(|request| {
            request.operation = Operation::Update;
            request.old = Some(object());
            change(&mut request.object);
        })
    }

    fn synced(request: &Request) -> Job {
        match decide(request) {
            Ok(Decision::Sync(job)) => *job,
            other => panic!("no sync: {other:?}"),
        }
    }

    fn skipped(request: &Request) -> &'static str {
        match decide(request) {
            Ok(Decision::Skip(why)) => why,
            other => panic!("not skipped: {other:?}"),
        }
    }

    #[test]
    fn a_new_object_may_use_a_value_a_burst_has_just_read() {
        let job = synced(&request(|_| ()));
        assert_eq!((job.stage, job.effects, job.max_age), (Stage::Create, Effects::Apply, YOUNG));
    }

    #[test]
    fn a_generated_name_is_left_to_the_refresher() {
        assert_eq!(skipped(&request(|request| request.name.clear())), "unnamed");
    }

    #[test]
    fn an_object_on_its_way_out_is_let_go() {
        let request =
            update(|object| object["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z"));
        assert_eq!(skipped(&request), "deleting");
    }

    #[test]
    fn a_change_of_status_or_finalizers_alone_is_no_change() {
        let request = update(|object| {
            object["status"] = json!({"binding": {"name": "db"}});
            object["metadata"]["finalizers"] = json!(["x"]);
        });
        assert_eq!(skipped(&request), "unchanged");
    }

    #[test]
    fn any_annotation_or_label_asks_for_the_value_of_now() {
        for path in ["annotations", "labels"] {
            let job = synced(&update(|object| object["metadata"][path]["force-sync"] = json!("1")));
            assert_eq!((job.stage, job.max_age), (Stage::Update, Duration::ZERO), "{path}");
        }
    }

    #[test]
    fn a_changed_spec_with_kubectls_own_note_asks_for_nothing_special() {
        let request = update(|object| {
            object["spec"]["data"][0]["remoteRef"]["key"] = json!("other");
            object["metadata"]["annotations"][LAST_APPLIED] = json!("{}");
        });
        assert_eq!(synced(&request).max_age, YOUNG);
    }

    #[test]
    fn a_dry_run_writes_nothing_and_takes_what_is_remembered() {
        let job = synced(&request(|request| request.dry_run = true));
        assert_eq!((job.effects, job.lane, job.max_age), (Effects::DryRun, Lane::DryRun, DRY));
    }

    #[test]
    fn created_once_and_synced_is_not_read_again() {
        let request = update(|object| {
            object["spec"]["refreshPolicy"] = json!("CreatedOnce");
            object["status"] =
                json!({"refreshTime": "2026-01-01T00:00:00Z", "syncedResourceVersion": "1-abc"});
        });
        assert_eq!(skipped(&request), "frozen");
    }
}
