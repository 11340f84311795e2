//! When services are asked, and what becomes of what they keep.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::super::states::States;
use super::*;
use crate::engine::testing::{World, engine, new};
use crate::engine::{Deadline, Outcome, Written as Wrote, lock};

/// Books on paper, and whether the API server takes them.
#[derive(Debug, Default)]
struct Paper {
    refuses: bool,
    lines: std::sync::Mutex<Vec<String>>,
}

impl Paper {
    fn lines(&self) -> Vec<String> {
        lock(&self.lines).clone()
    }
}

#[async_trait::async_trait]
impl States for Paper {
    async fn write(&self, kept: &Kept) -> Result<Written, Error> {
        if self.refuses {
            return Err(message::cluster("a GeneratorState could not be written", "no"));
        }
        lock(&self.lines).push(format!("{} {}", kept.resource["kind"], kept.state));
        Ok(Written {
            namespace: kept.namespace.clone(),
            name: "gen-1".into(),
            owner_key: kept.owner_key.clone(),
        })
    }

    async fn supersede(&self, others_than: &Written, _: Timestamp) -> Result<(), Error> {
        lock(&self.lines).push(format!("all but {} go", others_than.name));
        Ok(())
    }

    async fn discard(&self, unused: &Written, _: Timestamp) -> Result<(), Error> {
        lock(&self.lines).push(format!("{} goes", unused.name));
        Ok(())
    }
}

fn core(paper: &Arc<Paper>) -> (Engine, Arc<World>) {
    let (engine, world) = engine();
    let gitlab = json!({
        "projectID": "1", "name": "n", "scopes": ["read_repository"], "auth": { "token": { "secretRef": {} } },
    });
    let quay = json!({ "robotAccount": "a+b", "serviceAccountRef": { "name": "sa" } });
    lock(&world.generators).insert("GitlabDeployToken \"it\"".into(), gitlab);
    lock(&world.generators).insert("QuayAccessToken \"it\"".into(), quay);
    (engine.keeping(paper.clone()), world)
}

fn job(kind: &str, stage: Stage, effects: Effects) -> Job {
    let entry = json!({ "sourceRef": { "generatorRef": { "kind": kind, "name": "it" } } });
    let object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": { "name": "app", "namespace": "team", "uid": "u" },
        "spec": { "dataFrom": [entry], "target": { "creationPolicy": "None" } },
    });
    Job { stage, effects, ..new(serde_json::from_value(object).expect("an ExternalSecret")) }
}

async fn sync(engine: &Engine, job: Job) -> Result<Outcome, Error> {
    engine.sync(job, Deadline::after(Duration::from_secs(8))).await
}

#[tokio::test]
async fn a_dry_run_asks_no_service_and_what_a_service_keeps_waits_until_its_owner_is_stored() {
    let (engine, world) = core(&Arc::default());
    for (kind, stage, effects, says) in [
        ("QuayAccessToken", Stage::Create, Effects::DryRun, "a dry run does not do"),
        ("GitlabDeployToken", Stage::Create, Effects::Apply, "once this ExternalSecret is stored"),
        ("GitlabDeployToken", Stage::Update, Effects::Apply, "once this ExternalSecret is stored"),
    ] {
        let outcome = sync(&engine, job(kind, stage, effects)).await.expect("put off");
        assert_eq!(outcome.written, Wrote::Deferred);
        assert!(outcome.notes[0].contains(says), "{:?}", outcome.notes);
    }
    assert_eq!(world.made.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_has_no_effect_is_said_beside_what_is_done() {
    let (engine, world) = core(&Arc::default());
    lock(&world.generators).insert(
        "QuayAccessToken \"it\"".into(),
        json!({ "robotAccount": "a+b", "serviceAccountRef": { "name": "sa", "namespace": "other" } }),
    );
    for (effects, at) in [(Effects::Apply, 0), (Effects::DryRun, 1)] {
        let outcome = sync(&engine, job("QuayAccessToken", Stage::Create, effects)).await.expect("done");
        let note = outcome.notes.get(at).map(String::as_str).unwrap_or_default();
        assert!(note.contains("spec.serviceAccountRef.namespace has no effect"), "{:?}", outcome.notes);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_generator_that_is_not_asked_yet_is_said_at_once() {
    let (engine, world) = core(&Arc::default());
    *lock(&world.generators_fail) = Some(latchkey_provider::ErrorKind::Credentials);
    for (kind, effects) in [
        ("QuayAccessToken", Effects::DryRun),
        ("GitlabDeployToken", Effects::DryRun),
        ("GitlabDeployToken", Effects::Apply),
    ] {
        let error = sync(&engine, job(kind, Stage::Create, effects)).await.expect_err("wrong");
        assert!(error.message.contains(&format!("{kind} \"it\": ")), "{error}");
    }
    assert_eq!(world.made.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_review_that_is_sent_again_has_nothing_made_again() {
    let (engine, world) = core(&Arc::default());
    let again = |max_age| {
        let job = Job { max_age, ..job("QuayAccessToken", Stage::Create, Effects::Apply) };
        sync(&engine, job)
    };
    again(Duration::from_secs(5)).await.expect("made");
    again(Duration::from_secs(5)).await.expect("remembered");
    assert_eq!(world.made.load(Ordering::SeqCst), 1);
    again(Duration::ZERO).await.expect("asked for");
    assert_eq!(world.made.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn what_a_service_keeps_is_written_down_first_and_goes_where_it_is_not_used() {
    let paper = Arc::<Paper>::default();
    let (engine, world) = core(&paper);
    let stored = || job("GitlabDeployToken", Stage::Stored, Effects::Apply);
    sync(&engine, stored()).await.expect("made, and written nowhere");
    assert_eq!(paper.lines(), [r#""GitlabDeployToken" {"id":0}"#, "gen-1 goes"]);
    let mut failing = stored();
    let mut object = (*failing.external_secret).clone();
    object.spec.target.get_or_insert_default().creation_policy = None;
    failing.external_secret = Arc::new(object);
    sync(&engine, failing).await.expect_err("nothing is written in these tests");
    assert_eq!(paper.lines()[2..], [r#""GitlabDeployToken" {"id":1}"#, "gen-1 goes"]);
    assert!(lock(&world.revoked).is_empty(), "the refresher sees to it");
}

/// What is not in use any more is given to nobody, however well it is remembered.
#[tokio::test]
async fn another_external_secret_of_the_name_and_one_whose_state_is_gone_have_another_made() {
    let (engine, world) = core(&Arc::default());
    let asked = async |uid: &str| {
        let mut object = (*job("GitlabDeployToken", Stage::Stored, Effects::Apply).external_secret).clone();
        object.metadata.uid = Some(uid.to_owned());
        let job = job("GitlabDeployToken", Stage::Stored, Effects::Apply);
        let asking = Asking { of: &object, ..Asking::of(&job) };
        let plan = crate::engine::plan::Plan::try_from(&object).expect("a good ExternalSecret");
        let (mut books, deadline) = (Vec::new(), Deadline::after(Duration::from_secs(8)));
        engine.generate(&plan, &asking, deadline, &mut books).await.expect("made");
        engine.close(books, true).await;
        world.made.load(Ordering::SeqCst)
    };
    assert_eq!(asked("u").await, 1);
    assert_eq!(asked("u").await, 1, "it is in use");
    assert_eq!(asked("v").await, 2, "the former one goes with its owner");
    for (namespace, state) in [("other", "gen-1"), ("team", "gen-2")] {
        engine.forget_made(namespace, state);
    }
    assert_eq!(asked("v").await, 2, "another's");
    engine.forget_made("team", "gen-1");
    assert_eq!(asked("v").await, 3, "it is being deleted at its service");
}

#[tokio::test]
async fn what_cannot_be_written_down_is_undone_at_once() {
    let paper = Arc::new(Paper { refuses: true, ..Paper::default() });
    let (engine, world) = core(&paper);
    let error =
        sync(&engine, job("GitlabDeployToken", Stage::Stored, Effects::Apply)).await.expect_err("no books");
    assert!(error.message.contains("GeneratorState"), "{error}");
    assert_eq!(*lock(&world.revoked), [json!({ "id": 0 })]);
}

#[tokio::test]
async fn the_service_is_told_by_the_manifest_of_then() {
    let (engine, world) = core(&Arc::default());
    let spec =
        json!({ "url": "https://grafana", "auth": {}, "serviceAccount": { "name": "n", "role": "Viewer" } });
    let resource = json!({ "kind": "Grafana", "metadata": { "name": "g" }, "spec": spec });
    engine.revoke("team", &resource, &json!({ "id": 7 })).await.expect("told");
    assert_eq!(*lock(&world.revoked), [json!({ "id": 7 })]);
    let unknown = engine.revoke("team", &json!({ "kind": "Other" }), &json!({})).await.expect_err("unknown");
    assert!(unknown.message.contains("spec.resource"), "{unknown}");
}

#[tokio::test]
async fn what_is_kept_of_what_is_pushed_is_written_down_and_takes_the_place_of_the_former() {
    let paper = Arc::new(Paper::default());
    let (engine, world) = core(&paper);
    let push: latchkey_api::PushSecret = serde_json::from_value(json!({
        "apiVersion": "external-secrets.io/v1alpha1", "kind": "PushSecret",
        "metadata": { "name": "push", "namespace": "team", "uid": "u" },
        "spec": {
            "secretStoreRefs": [{ "name": "store" }],
            "selector": { "generatorRef": { "kind": "GitlabDeployToken", "name": "it" } },
        },
    }))
    .expect("a PushSecret");
    let reference = push.spec.selector.generator_ref.clone().expect("a generator");
    let make =
        || engine.generated_source(("team", &push), &reference, Deadline::after(Duration::from_secs(5)));
    let first = make().await.expect("it is made");
    assert!(first.is_kept() && first.source.data["token"].expose() == b"t0");
    assert_eq!(paper.lines(), [r#""GitlabDeployToken" {"id":0}"#]);
    engine.became(first).await;
    assert_eq!(paper.lines()[1..], ["all but gen-1 go"]);
    assert_eq!(make().await.expect("another").source.data["token"].expose(), b"t1", "each push has its own");

    let (engine, _) = core(&Arc::new(Paper { refuses: true, ..Paper::default() }));
    let refused =
        engine.generated_source(("team", &push), &reference, Deadline::after(Duration::from_secs(5)));
    assert!(refused.await.is_err());
    assert_eq!(world.made.load(Ordering::SeqCst), 2);
}
