//! The way from a generator's name to what it makes, and what stands in it.

use std::time::Duration;

use latchkey_api::ExternalSecret;
use serde_json::{Value, json};

use super::*;
use crate::engine::testing::{engine, new};
use crate::engine::{Effects, ErrorKind, Job, Stage, lock};

/// An ExternalSecret in `team` of this generator.
fn external_secret(kind: &str) -> ExternalSecret {
    let entry = json!({ "sourceRef": { "generatorRef": { "kind": kind, "name": "it" } } });
    let object = json!({
        "apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret",
        "metadata": { "name": "app", "namespace": "team" }, "spec": { "dataFrom": [entry] },
    });
    serde_json::from_value(object).expect("an ExternalSecret")
}

/// What the generator makes that has this specification; none of it is there without one.
async fn made(kind: &str, spec: Option<Value>) -> Result<Made, Error> {
    let (engine, world) = engine();
    lock(&world.generators).extend(spec.map(|spec| (format!("{kind} \"it\""), spec)));
    let (of, deadline) = (external_secret(kind), Deadline::after(Duration::from_secs(8)));
    let plan = Plan::try_from(&of).expect("a good ExternalSecret");
    let asking = Asking {
        of: &of,
        stage: Stage::Stored,
        effects: Effects::Apply,
        max_age: Duration::ZERO,
        renew: false,
        known: &Known::default(),
    };
    match engine.generate(&plan, &asking, deadline, &mut Vec::new()).await? {
        Generation::Made(made, _) => Ok(made),
        Generation::PutOff(why) => panic!("{why:?}"),
    }
}

async fn refused(kind: &str, spec: Option<Value>) -> (ErrorKind, String) {
    let error = made(kind, spec).await.expect_err("refused");
    (error.kind, error.message)
}

fn keys(made: &Made) -> Vec<&str> {
    made.get(&0).into_iter().flat_map(Data::keys).map(String::as_str).collect()
}

#[tokio::test]
async fn a_generator_is_looked_up_and_asked() {
    assert_eq!(keys(&made("UUID", Some(Value::Null)).await.expect("made")), ["uuid"]);
    let cluster = json!({ "kind": "Fake", "generator": { "fakeSpec": { "data": { "a": "1" } } } });
    assert_eq!(keys(&made("ClusterGenerator", Some(cluster)).await.expect("made")), ["a"]);
}

#[tokio::test]
async fn what_stands_in_the_way_has_its_own_kind() {
    let kind = async |kind: &str, spec| refused(kind, spec).await.0;
    assert_eq!(kind("Password", None).await, ErrorKind::GeneratorNotFound);
    assert_eq!(kind("Password", Some(json!({ "length": 1, "digits": 2 }))).await, ErrorKind::Generator);
    assert_eq!(kind("Fake", Some(json!({ "controller": "other" }))).await, ErrorKind::Generator);
    let seed = json!({ "secret": { "name": "totp", "key": "seed" } });
    assert_eq!(kind("MFA", Some(seed)).await, ErrorKind::Generator);
    let others = json!({ "kind": "Beyondtrust", "generator": { "beyondtrustSpec": {} } });
    assert_eq!(kind("ClusterGenerator", Some(others)).await, ErrorKind::Unsupported);
    let grafana = json!({ "kind": "Grafana", "generator": { "grafanaSpec": {} } });
    assert_eq!(kind("ClusterGenerator", Some(grafana)).await, ErrorKind::Generator, "without its fields");
    let elsewhere = json!({ "kind": "UUID", "generator": { "passwordSpec": {} } });
    assert_eq!(kind("ClusterGenerator", Some(elsewhere)).await, ErrorKind::Generator);
}

#[tokio::test]
async fn no_value_of_a_fake_is_said_though_it_cannot_be_read() {
    let (_, text) = refused("Fake", Some(json!({ "data": { "a": 123_456 } }))).await;
    assert!(!text.contains("123456"), "{text}");
    let (_, text) = refused("Fake", Some(json!({ "data": { "a/b": "hunter2" } }))).await;
    assert!(text.contains("a/b") && !text.contains("hunter2"), "{text}");
}

#[tokio::test]
async fn a_generator_of_another_class_makes_its_external_secret_somebody_elses() {
    for (class, ours) in [("other", false), ("default", true), ("", true)] {
        let (engine, world) = engine();
        let spec = json!({ "controller": class, "data": {} });
        lock(&world.generators).insert("Fake \"it\"".into(), spec.clone());
        let cluster = json!({ "kind": "Fake", "generator": { "fakeSpec": spec } });
        lock(&world.generators).insert("ClusterGenerator \"it\"".into(), cluster);
        for kind in ["Fake", "ClusterGenerator"] {
            assert_eq!(engine.is_ours(&external_secret(kind)).await, ours, "{kind} {class}");
        }
    }
}

#[tokio::test]
async fn a_generator_that_was_read_to_see_whose_it_is_is_not_read_again_for_its_sync() {
    let (engine, world) = engine();
    lock(&world.generators).insert("Fake \"it\"".into(), json!({ "data": { "a": "1" } }));
    let of = external_secret("Fake");
    let generators = engine.ours(&of).await.expect("ours");
    lock(&world.generators).clear();
    let deadline = Deadline::after(Duration::from_secs(8));
    let job = Job { effects: Effects::DryRun, ..new(of.clone()) };
    let error = engine.sync(job.clone(), deadline).await.expect_err("it is not there any more");
    assert_eq!(error.kind, ErrorKind::GeneratorNotFound);
    let error = engine.sync(Job { generators, ..job }, deadline).await.expect_err("nothing is written here");
    assert_eq!(error.kind, ErrorKind::Cluster, "it came as far as to the Secret: {error}");
}
