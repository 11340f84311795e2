//! What is found, and what of it is taken.

use std::sync::Arc;
use std::time::Duration;

use latchkey_api::ExternalSecret;
use latchkey_provider::ErrorKind as Remote;
use serde_json::{Value, json};

use crate::engine::testing::{Mood, World, engine, external_secret, new, store_key};
use crate::engine::{Deadline, Engine, Error, ErrorKind, Outcome, lock};

fn finds(from: Value) -> ExternalSecret {
    let mut object = external_secret(&[]);
    object.spec.data_from = serde_json::from_value(json!([from])).expect("it is dataFrom");
    object
}

async fn sync(engine: &Engine, object: ExternalSecret) -> Result<Outcome, Error> {
    engine.sync(new(object), Deadline::after(Duration::from_secs(8))).await
}

/// A store of these entries.
fn of(names: &[&str]) -> (Engine, Arc<World>) {
    let (engine, world) = engine();
    *lock(&world.remote.listed) = names.iter().map(|name| (*name).to_owned()).collect();
    (engine, world)
}

#[tokio::test(start_paused = true)]
async fn a_name_may_match_anywhere_and_each_that_does_is_read_once() {
    let (engine, world) = of(&["app/db", "app/mail", "other"]);
    let find = || finds(json!({ "find": { "name": { "regexp": "app/" } } }));
    assert_eq!(sync(&engine, find()).await.expect("all is well").keys, 2);
    let read = lock(&world.remote.calls).concat();
    assert_eq!(read, ["the list of secrets", "app/db", "app/mail"]);
    assert_eq!(sync(&engine, find()).await.expect("all is well").keys, 2);
    assert_eq!(world.remote.calls(), 3, "list and values are remembered");
}

#[tokio::test(start_paused = true)]
async fn what_is_found_is_renamed_like_what_is_extracted() {
    let (engine, _) = of(&["app/db", "app/mail"]);
    let rewrite = json!([{ "regexp": { "source": "app/(.*)", "target": "$1" } }]);
    let outcome =
        sync(&engine, finds(json!({ "find": { "name": { "regexp": "." } }, "rewrite": rewrite }))).await;
    assert_eq!(outcome.expect("all is well").keys, 2);
    let same = json!([{ "regexp": { "source": ".*/", "target": "" } }, { "regexp": { "source": "db|mail", "target": "x" } }]);
    let outcome =
        sync(&engine, finds(json!({ "find": { "name": { "regexp": "." } }, "rewrite": same }))).await;
    assert_eq!(outcome.expect("the later one wins").keys, 1);
}

#[tokio::test(start_paused = true)]
async fn one_that_is_gone_since_it_was_listed_is_left_out_and_any_other_failure_is_told() {
    let (engine, world) = of(&["a", "b"]);
    let find = || finds(json!({ "find": { "name": { "regexp": "." } } }));
    world.remote.towards("a", Mood::Fails(Remote::NotFound));
    assert_eq!(sync(&engine, find()).await.expect("the other is there").keys, 1);
    world.remote.towards("a", Mood::Fails(Remote::Forbidden));
    let error = sync(&engine, find()).await.expect_err("it may not be read");
    assert_eq!(error.kind, ErrorKind::Provider(Remote::Forbidden));
    assert!(error.message.starts_with("spec.dataFrom[0].find: "), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn keys_that_the_namespace_may_not_name_are_not_found() {
    let (engine, world) = of(&["shop/db", "bank/db"]);
    lock(&world.stores).get_mut(&store_key()).expect("it is there").allowed_keys = Some("shop/*".to_owned());
    let outcome = sync(&engine, finds(json!({ "find": { "name": { "regexp": "db" } } }))).await;
    assert_eq!(outcome.expect("all is well").keys, 1);
    assert!(!lock(&world.remote.calls).concat().contains(&"bank/db".to_owned()), "nor is it read");
}

#[tokio::test(start_paused = true)]
async fn nothing_found_is_nothing_given() {
    let (engine, _) = of(&[]);
    let outcome = sync(&engine, finds(json!({ "find": { "name": { "regexp": "." } } }))).await;
    assert_eq!(outcome.expect("deletionPolicy says what becomes of the Secret").keys, 0);
}
