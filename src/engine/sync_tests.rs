//! The way from a job to its outcome, and what stands in it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::future::join_all;
use latchkey_api::store::{SecretStoreSpec, StoreCondition, StoreKind};
use latchkey_provider::ErrorKind as ProviderErrorKind;
use serde_json::json;

use crate::engine::plan::StoreKey;
use crate::engine::testing::{Mood, World, engine, external_secret, new, read, store, store_key, terms};
use crate::engine::{Deadline, Engine, Error, ErrorKind, Job, Outcome, Written, lock};

fn job(keys: &[&str]) -> Job {
    new(external_secret(keys))
}

async fn sync(engine: &Engine, job: Job) -> Result<Outcome, Error> {
    engine.sync(job, Deadline::after(Duration::from_secs(8))).await
}

fn change(world: &World, change: impl FnOnce(&mut SecretStoreSpec)) {
    change(&mut lock(&world.stores).get_mut(&store_key()).expect("it is there").spec);
}

#[tokio::test(start_paused = true)]
async fn a_sync_reads_selects_renders_and_applies() {
    let (engine, world) = engine();
    let outcome = sync(&engine, job(&["a", "b"])).await.expect("all is well");
    assert_eq!((outcome.written, outcome.keys, outcome.cached), (Written::NotWanted, 2, None));
    tokio::time::advance(Duration::from_secs(3)).await;
    let outcome = sync(&engine, job(&["a", "b"])).await.expect("all is well");
    assert!(outcome.cached.is_some_and(|age| age >= Duration::from_secs(3)));
    assert_eq!(world.remote.calls(), 2);
}

#[cfg(feature = "fake")]
#[tokio::test]
async fn a_sync_goes_through_a_provider_as_it_is() {
    let fake = json!({"provider": {"fake": {"data": [{"key": "a", "value": "1"}]}}});
    let engine = crate::engine::testing::real(serde_json::from_value(fake).expect("it is a store"));
    assert_eq!(sync(&engine, job(&["a"])).await.expect("it is there").keys, 1);
    let error = sync(&engine, job(&["a", "b"])).await.expect_err("one is not");
    assert_eq!(error.kind, ErrorKind::Provider(ProviderErrorKind::NotFound));
    assert!(error.message.contains("spec.data[1]"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn a_missing_store_is_named_with_the_field_that_names_it() {
    let (engine, world) = engine();
    lock(&world.stores).clear();
    let error = sync(&engine, job(&["a"])).await.expect_err("there is no store");
    assert_eq!((error.kind, error.store), (ErrorKind::StoreNotFound, Some(store_key())));
    assert!(error.message.contains("spec.secretStoreRef"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn a_store_of_another_class_is_left_alone_and_never_connected() {
    let (engine, world) = engine();
    assert!(engine.is_ours(&external_secret(&["a"])).await);
    change(&world, |spec| spec.controller = Some("other".to_owned()));
    assert!(!engine.is_ours(&external_secret(&["a"])).await);
    assert!(sync(&engine, job(&["a"])).await.is_err());
    assert!(lock(&world.connects).is_empty());
    change(&world, |spec| spec.controller = Some("default".to_owned()));
    assert!(engine.is_ours(&external_secret(&["a"])).await);
    lock(&world.stores).clear();
    assert!(engine.is_ours(&external_secret(&["a"])).await);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_store_that_does_not_admit_the_namespace_is_never_connected() {
    let (engine, world) = engine();
    let key = StoreKey { kind: StoreKind::ClusterSecretStore, namespace: None, name: "shared".to_owned() };
    let others = StoreCondition { namespaces: vec!["other".to_owned()], ..StoreCondition::default() };
    let spec = SecretStoreSpec { conditions: vec![others], ..SecretStoreSpec::default() };
    lock(&world.stores).insert(key.clone(), store(key.clone(), spec));
    let mut external_secret = external_secret(&["a"]);
    let reference = json!({"kind": "ClusterSecretStore", "name": "shared"});
    external_secret.spec.secret_store_ref = serde_json::from_value(reference).expect("it is a reference");
    let job = Job { external_secret: Arc::new(external_secret), ..job(&[]) };
    let error = sync(&engine, job).await.expect_err("its conditions name another namespace");
    assert_eq!((error.kind, error.store), (ErrorKind::StoreDenied, Some(key)));
    assert!(lock(&world.connects).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_names_the_store_that_was_waited_for() {
    let (engine, world) = engine();
    *lock(&world.remote.delay) = Duration::from_secs(15);
    let error = sync(&engine, job(&["a"])).await.expect_err("it takes too long");
    assert_eq!((error.kind, error.store), (ErrorKind::Deadline, Some(store_key())));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_comes_after_the_deadline_serves_the_next_caller() {
    let (engine, world) = engine();
    *lock(&world.remote.delay) = Duration::from_secs(15);
    assert!(sync(&engine, job(&["a"])).await.is_err());
    tokio::time::sleep(Duration::from_secs(8)).await;
    let later = Job { max_age: Duration::from_secs(60), ..job(&["a"]) };
    assert!(sync(&engine, later).await.is_ok());
    assert_eq!(world.remote.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_becomes_an_error() {
    let (engine, world) = engine();
    world.remote.is(Mood::Panics);
    let error = sync(&engine, job(&["a"])).await.expect_err("the provider panics");
    assert_eq!(error.kind, ErrorKind::Provider(ProviderErrorKind::Unsupported));
    assert!(!error.message.contains("the double panics"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn replaced_credentials_are_read_at_once_when_the_store_refuses_the_old_ones() {
    let (engine, world) = engine();
    world.remote.accepts.store(2, Ordering::SeqCst);
    world.remembered.store(1, Ordering::SeqCst);
    world.credentials.store(2, Ordering::SeqCst);
    assert!(sync(&engine, job(&["a", "b"])).await.is_ok());
    assert_eq!(*lock(&world.forgotten), ["team"]);
    assert_eq!(world.remote.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn many_refused_callers_have_the_credentials_forgotten_once() {
    let (engine, world) = engine();
    world.remote.accepts.store(2, Ordering::SeqCst);
    world.remembered.store(1, Ordering::SeqCst);
    world.credentials.store(2, Ordering::SeqCst);
    let all = join_all((0..50).map(|_| sync(&engine, job(&["a"])))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(*lock(&world.forgotten), ["team"]);
    assert_eq!(world.remote.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_stay_bad_are_tried_once_more_and_no_more() {
    let (engine, world) = engine();
    world.remote.accepts.store(2, Ordering::SeqCst);
    let error = sync(&engine, job(&["a"])).await.expect_err("nobody replaced them");
    assert_eq!(error.kind, ErrorKind::Provider(ProviderErrorKind::Unauthenticated));
    assert_eq!(world.remote.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_was_not_ready_long_ago_is_tried() {
    let (engine, world) = engine();
    lock(&world.stores).get_mut(&store_key()).expect("it is there").not_ready =
        Some("no such role".to_owned());
    assert!(sync(&engine, job(&["a"])).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn credentials_that_cannot_be_read_are_the_stores_trouble() {
    let (engine, world) = engine();
    *lock(&world.connect_fails) = Some(ProviderErrorKind::Credentials);
    let error = sync(&engine, job(&["a"])).await.expect_err("it does not connect");
    assert_eq!(
        (error.kind, error.store),
        (ErrorKind::Provider(ProviderErrorKind::Credentials), Some(store_key()))
    );
}

#[tokio::test(start_paused = true)]
async fn a_good_store_is_valid_in_esos_words() {
    let (engine, _world) = engine();
    let verdict = engine.validate_store(&store(store_key(), SecretStoreSpec::default())).await;
    assert_eq!((verdict.ready, verdict.reason, verdict.message.as_str()), (true, "Valid", "store validated"));
    assert_eq!((verdict.capabilities, verdict.error), (Some("ReadOnly"), None));
}

#[tokio::test(start_paused = true)]
async fn bad_stores_are_invalid_in_esos_words() {
    for (kind, message) in [
        (ProviderErrorKind::Credentials, "unable to create client"),
        (ProviderErrorKind::Unsupported, "not supported by this version"),
    ] {
        let (engine, world) = engine();
        *lock(&world.connect_fails) = Some(kind);
        let verdict = engine.validate_store(&store(store_key(), SecretStoreSpec::default())).await;
        assert_eq!(
            (verdict.ready, verdict.reason, verdict.message.as_str()),
            (false, "InvalidProviderConfig", message)
        );
        assert_eq!(
            (verdict.capabilities, verdict.error.as_deref()),
            (None, Some("the double does not connect"))
        );
    }
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ProviderErrorKind::Unauthenticated));
    let verdict = engine.validate_store(&store(store_key(), SecretStoreSpec::default())).await;
    assert_eq!((verdict.ready, verdict.message.as_str()), (false, "unable to validate store"));
}

#[tokio::test(start_paused = true)]
async fn a_store_with_credentials_of_whoever_uses_it_is_valid() {
    let (engine, world) = engine();
    *lock(&world.connect_fails) = Some(ProviderErrorKind::Referent);
    let verdict = engine.validate_store(&store(store_key(), SecretStoreSpec::default())).await;
    assert!(verdict.ready);
    assert_eq!(lock(&world.connects)[0].namespace, None);
}

#[tokio::test(start_paused = true)]
async fn a_validation_that_panics_is_invalid() {
    let (engine, world) = engine();
    world.remote.is(Mood::Panics);
    assert!(!engine.validate_store(&store(store_key(), SecretStoreSpec::default())).await.ready);
}

#[tokio::test(start_paused = true)]
async fn a_good_validation_closes_the_breaker() {
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ProviderErrorKind::Unavailable));
    for key in ["a", "b", "c"] {
        assert!(read(&engine, &[key], terms()).await.is_err());
    }
    assert!(engine.store_down(&store_key()).is_some());
    world.remote.is(Mood::Good);
    assert!(engine.validate_store(&store(store_key(), SecretStoreSpec::default())).await.ready);
    assert_eq!(engine.store_down(&store_key()), None);
    assert!(sync(&engine, job(&["a"])).await.is_ok());
}
