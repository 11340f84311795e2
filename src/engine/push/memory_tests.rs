//! What is remembered of a store is not served once something else was pushed there.

use std::sync::Arc;
use std::time::Duration;

use latchkey_provider::{Content, Entry, ErrorKind, Listing, Push, SourceMetadata};

use super::{Door, EntryRef, Remote};
use crate::engine::fetch::Terms;
use crate::engine::testing::{Mood, World, engine, plan, read, store_key, terms};
use crate::engine::{Engine, Lane, lock};

const MOMENT: Duration = Duration::from_millis(10);

fn remote(key: &str) -> Remote {
    Remote { key: key.to_owned(), property: None }
}

async fn door(engine: &Engine) -> Door {
    engine.open_door("team", &store_key()).await.expect("a store that can be written to")
}

async fn push(engine: &Engine, key: &str, value: &str) {
    let content = Content::One(value.into());
    let push = Push {
        remote: remote(key),
        content,
        metadata: None,
        source: SourceMetadata::default(),
        known: false,
    };
    engine.push(&door(engine).await, &push, false).await.expect("it is pushed");
}

/// The value that a new ExternalSecret gets.
async fn value(engine: &Engine, key: &str) -> String {
    let values = read(engine, &[key], terms()).await.expect("the store answers");
    let plan = plan(&[key]);
    let fetched = values.of(&plan.sources[0]).expect("it was asked for");
    match fetched.entry {
        Ok(Entry::Value(value)) => value.expose_str().expect("text").to_owned(),
        other => panic!("{other:?}"),
    }
}

fn takes(world: &Arc<World>, delay: Duration) {
    *lock(&world.remote.delay) = delay;
}

#[tokio::test(start_paused = true)]
async fn what_is_pushed_and_what_is_withdrawn_is_read_at_once() {
    let (engine, _world) = engine();
    assert_eq!(value(&engine, "a").await, "a");
    push(&engine, "a", "one").await;
    assert_eq!(value(&engine, "a").await, "one");
    push(&engine, "a", "two").await;
    assert_eq!(value(&engine, "a").await, "two");
    engine.withdraw(&door(&engine).await, &remote("a")).await.expect("it is removed");
    assert_eq!(value(&engine, "a").await, "a");
}

#[tokio::test(start_paused = true)]
async fn what_was_missing_is_asked_for_again() {
    let (engine, world) = engine();
    let dry_run = Terms { lane: Lane::DryRun, ..terms() };
    world.remote.is(Mood::Fails(ErrorKind::NotFound));
    assert_eq!(read(&engine, &["a"], dry_run).await.err(), Some(ErrorKind::NotFound));
    push(&engine, "a", "one").await;
    world.remote.is(Mood::Good);
    tokio::time::advance(MOMENT).await;
    assert!(read(&engine, &["a"], dry_run).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn nothing_else_is_forgotten_and_nothing_at_all_by_what_was_there_already() {
    let (engine, world) = engine();
    push(&engine, "a", "one").await;
    tokio::time::advance(MOMENT).await;
    assert_eq!((value(&engine, "a").await, value(&engine, "b").await), ("one".into(), "b".into()));
    push(&engine, "c", "one").await;
    push(&engine, "a", "one").await;
    assert_eq!((value(&engine, "a").await, value(&engine, "b").await), ("one".into(), "b".into()));
    assert_eq!(world.remote.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_was_under_way_serves_nobody_who_comes_after_the_push() {
    let (engine, world) = engine();
    let before = value(&engine, "a");
    let after = async {
        tokio::time::sleep(MOMENT).await;
        push(&engine, "a", "one").await;
        tokio::time::sleep(MOMENT).await;
        takes(&world, MOMENT); // so that it comes home before the other one
        value(&engine, "a").await
    };
    let (before, after) = tokio::join!(before, after);
    assert_eq!((before.as_str(), after.as_str()), ("a", "one"));
    assert_eq!(value(&engine, "a").await, "one");
    assert_eq!(world.remote.calls(), 2, "the older read must not push the newer one out of memory");
}

#[tokio::test(start_paused = true)]
async fn a_list_is_asked_for_again_whatever_was_pushed() {
    let (engine, world) = engine();
    let list = EntryRef::listing(Listing::default());
    let listed = async || {
        let door = door(&engine).await;
        let reader = &door.opened.reader;
        engine
            .inner
            .shared
            .read(reader, std::slice::from_ref(&list), terms())
            .await
            .remove(0)
            .expect("a list")
    };
    listed().await;
    listed().await;
    assert_eq!(world.remote.calls(), 1);
    push(&engine, "a", "one").await;
    listed().await;
    assert_eq!(world.remote.calls(), 2);
}
