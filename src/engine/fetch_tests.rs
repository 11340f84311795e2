//! How many reads the store sees, and when.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use latchkey_provider::ErrorKind;
use tokio::time::Instant;

use super::{Observer, Served, Terms};
use crate::engine::plan::StoreKey;
use crate::engine::testing::{Mood, engine, observed, read, store_key, terms};
use crate::engine::{Deadline, Lane, lock};

const SECOND: Duration = Duration::from_secs(1);

fn forced() -> Terms {
    Terms { max_age: Duration::ZERO, ..terms() }
}

fn lane(lane: Lane) -> Terms {
    Terms { lane, ..terms() }
}

#[tokio::test(start_paused = true)]
async fn fifty_callers_who_want_the_same_entry_at_once_cost_one_read() {
    let (engine, world) = engine();
    let all = join_all((0..50).map(|_| read(&engine, &["a"], terms()))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(world.remote.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn fifty_callers_in_tasks_of_their_own_who_want_the_value_of_now_cost_one_read() {
    let (engine, world) = engine();
    let tasks = (0..50).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move { read(&engine, &["a"], forced()).await.map(drop) })
    });
    assert!(join_all(tasks).await.into_iter().all(|task| matches!(task, Ok(Ok(())))));
    assert_eq!(world.remote.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_caller_is_served_from_memory_while_the_value_is_young_enough_for_it() {
    let (engine, world) = engine();
    read(&engine, &["a"], terms()).await.expect("the store answers");
    tokio::time::advance(4 * SECOND).await;
    let cached = read(&engine, &["a"], terms()).await.expect("it is in memory");
    assert!(cached.oldest(Instant::now()).is_some_and(|age| age >= 4 * SECOND));
    assert_eq!(world.remote.calls(), 1);
    tokio::time::advance(SECOND).await;
    let began = Instant::now();
    let fresh = read(&engine, &["a"], terms()).await.expect("the store answers");
    assert_eq!(fresh.oldest(began), None);
    assert_eq!(world.remote.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_the_value_of_now_reads_it() {
    let (engine, world) = engine();
    for _ in 0..3 {
        read(&engine, &["a"], forced()).await.expect("the store answers");
    }
    assert_eq!(world.remote.calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_the_value_of_now_does_not_join_a_read_of_before() {
    let (engine, world) = engine();
    let first = read(&engine, &["a"], terms());
    let second = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        read(&engine, &["a"], forced()).await
    };
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(world.remote.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_expired_value_is_not_served_because_the_store_fails() {
    let (engine, world) = engine();
    read(&engine, &["a"], terms()).await.expect("the store answers");
    tokio::time::advance(6 * SECOND).await;
    world.remote.is(Mood::Fails(ErrorKind::Unavailable));
    assert_eq!(read(&engine, &["a"], terms()).await.err(), Some(ErrorKind::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_changed_store_shares_no_value_with_the_one_before() {
    let (engine, world) = engine();
    read(&engine, &["a"], terms()).await.expect("the store answers");
    lock(&world.stores).get_mut(&store_key()).expect("it is there").generation = 2;
    read(&engine, &["a"], terms()).await.expect("the store answers");
    assert_eq!(world.remote.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn failures_are_remembered_for_dry_runs_alone() {
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ErrorKind::NotFound));
    for _ in 0..3 {
        assert_eq!(read(&engine, &["a"], lane(Lane::DryRun)).await.err(), Some(ErrorKind::NotFound));
    }
    assert_eq!(world.remote.calls(), 1);
    for _ in 0..3 {
        assert_eq!(read(&engine, &["a"], terms()).await.err(), Some(ErrorKind::NotFound));
    }
    assert_eq!(world.remote.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_keys_of_one_plan_go_together() {
    let (engine, world) = engine();
    world.remote.max_batch.store(20, Ordering::SeqCst);
    read(&engine, &["a", "b", "c", "a"], terms()).await.expect("the store answers");
    assert_eq!(world.remote.sizes(), [3]);
}

#[tokio::test(start_paused = true)]
async fn a_lone_read_is_not_delayed() {
    let (engine, _world) = engine();
    let began = Instant::now();
    read(&engine, &["a"], terms()).await.expect("the store answers");
    assert_eq!(began.elapsed(), Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_different_keys_goes_in_full_batches() {
    let (engine, world) = engine();
    world.remote.max_batch.store(20, Ordering::SeqCst);
    let keys: Vec<_> = (0..200).map(|i| format!("key {i}")).collect();
    let all = keys.iter().map(|key| async { read(&engine, &[key.as_str()], terms()).await });
    assert!(join_all(all).await.iter().all(Result::is_ok));
    let sizes = world.remote.sizes();
    assert!(sizes.len() <= 12, "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_burst_that_trickles_in_gathers_while_calls_are_under_way() {
    let (engine, world) = engine();
    world.remote.max_batch.store(20, Ordering::SeqCst);
    let engine = &engine;
    let all = (0..200_u32).map(|i| async move {
        tokio::time::sleep(Duration::from_micros(200) * i).await;
        read(engine, &[&format!("key {i}")], terms()).await
    });
    assert!(join_all(all).await.iter().all(Result::is_ok));
    let sizes = world.remote.sizes();
    assert!(sizes.len() <= 20, "{sizes:?}");
}

#[tokio::test(start_paused = true)]
async fn no_batch_is_larger_than_the_provider_takes_and_no_more_calls_run_than_are_allowed() {
    let (engine, world) = engine();
    let keys: Vec<_> = (0..80).map(|i| format!("key {i}")).collect();
    let began = Instant::now();
    let all = keys.iter().map(|key| async { read(&engine, &[key.as_str()], terms()).await });
    assert!(join_all(all).await.iter().all(Result::is_ok));
    let most = world.remote.sizes().into_iter().collect::<BTreeSet<_>>();
    assert_eq!(most, BTreeSet::from([1]));
    assert!(
        began.elapsed() >= Duration::from_millis(500),
        "80 reads of 50 ms, 8 at once: {:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn admission_does_not_wait_behind_a_refresh() {
    let (engine, world) = engine();
    let keys: Vec<_> = (0..40).map(|i| format!("key {i}")).collect();
    let refresh =
        join_all(keys.iter().map(|key| async { read(&engine, &[key.as_str()], lane(Lane::Refresh)).await }));
    let admission = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let began = Instant::now();
        read(&engine, &["another"], terms()).await.expect("the store answers");
        read(&engine, &["key 39"], terms()).await.expect("the store answers"); // waits in the refresher's queue
        began.elapsed()
    };
    let (_, took) = tokio::join!(refresh, admission);
    assert_eq!(took, Duration::from_millis(100));
    assert_eq!(world.remote.calls(), 41); // the one in both queues is read once
}

#[tokio::test(start_paused = true)]
async fn reads_that_nobody_waits_for_any_more_are_not_made() {
    let (engine, world) = engine();
    let keys: Vec<_> = (0..40).map(|i| format!("key {i}")).collect();
    let all = join_all(keys.iter().map(|key| async { read(&engine, &[key.as_str()], terms()).await }));
    assert!(tokio::time::timeout(Duration::from_millis(10), all).await.is_err());
    tokio::time::sleep(10 * SECOND).await;
    assert_eq!(world.remote.calls(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_passing_failure_is_tried_once_more_at_a_prompt() {
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ErrorKind::Unavailable));
    let repaired = async {
        tokio::time::sleep(Duration::from_millis(60)).await;
        world.remote.is(Mood::Good);
    };
    let (answer, ()) = tokio::join!(read(&engine, &["a"], terms()), repaired);
    assert!(answer.is_ok());
    assert_eq!(world.remote.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_refresher_leaves_a_passing_failure_to_its_backoff() {
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ErrorKind::Unavailable));
    assert!(read(&engine, &["a"], lane(Lane::Refresh)).await.is_err());
    assert_eq!(world.remote.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_left_alone_and_a_person_may_still_ask() {
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ErrorKind::Unavailable));
    for key in ["a", "b", "c"] {
        assert!(read(&engine, &[key], lane(Lane::Refresh)).await.is_err());
    }
    let (left, why) = engine.store_down(&store_key()).expect("it is known to be down");
    assert!(left <= SECOND && why.contains("the double answers Unavailable"));
    let began = Instant::now();
    assert_eq!(read(&engine, &["d"], terms()).await.err(), Some(ErrorKind::Unavailable));
    assert_eq!((world.remote.calls(), began.elapsed()), (3, Duration::ZERO));
    world.remote.is(Mood::Good);
    assert!(read(&engine, &["d"], forced()).await.is_ok());
    assert_eq!(engine.store_down(&store_key()), None);
    assert!(read(&engine, &["e"], terms()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_in_memory_is_served_while_the_store_is_down() {
    let (engine, world) = engine();
    read(&engine, &["kept"], terms()).await.expect("the store answers");
    world.remote.is(Mood::Fails(ErrorKind::Unavailable));
    for key in ["a", "b", "c"] {
        assert!(read(&engine, &[key], lane(Lane::Refresh)).await.is_err());
    }
    assert!(read(&engine, &["kept"], terms()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_waits_when_the_store_goes_down_is_answered_at_once() {
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ErrorKind::Unavailable));
    let keys: Vec<_> = (0..100).map(|i| format!("key {i}")).collect();
    let all = keys.iter().map(|key| async { read(&engine, &[key.as_str()], lane(Lane::Refresh)).await });
    let began = Instant::now();
    assert!(join_all(all).await.iter().all(Result::is_err));
    assert!(
        world.remote.calls() <= 6,
        "four at once, and two more until the third failure: {}",
        world.remote.calls()
    );
    assert!(began.elapsed() <= Duration::from_millis(120), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_value_shows_that_the_store_is_up() {
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ErrorKind::NotFound));
    for key in ["a", "b", "c", "d"] {
        assert!(read(&engine, &[key], terms()).await.is_err());
    }
    assert_eq!(engine.store_down(&store_key()), None);
}

#[tokio::test(start_paused = true)]
async fn a_panic_inside_a_provider_spoils_its_own_entry_only() {
    let (engine, world) = engine();
    world.remote.max_batch.store(20, Ordering::SeqCst);
    world.remote.towards("bad", Mood::Panics);
    let (good, bad) = tokio::join!(read(&engine, &["a", "b"], terms()), read(&engine, &["bad"], terms()));
    assert!(good.is_ok());
    assert_eq!(bad.err(), Some(ErrorKind::Unsupported));
    assert!(read(&engine, &["c"], terms()).await.is_ok());
}

/// Panics at the first calls.
#[derive(Debug)]
struct Clumsy(AtomicUsize);

impl Observer for Clumsy {
    fn served(&self, _: &StoreKey, _: Served) {}

    fn call(&self, _: &StoreKey, _: usize) {
        let left = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        assert!(left.is_err(), "the observer panics");
    }

    fn down(&self, _: &StoreKey, _: bool) {}
}

#[tokio::test(start_paused = true)]
async fn workers_that_are_lost_to_a_panic_are_replaced_and_their_callers_are_told() {
    let (engine, _world) = observed(Arc::new(Clumsy(AtomicUsize::new(4))));
    let keys: Vec<_> = (0..40).map(|i| format!("key {i}")).collect();
    let all = keys.iter().map(|key| async { read(&engine, &[key.as_str()], lane(Lane::Refresh)).await });
    let all = join_all(all).await;
    assert_eq!(all.iter().filter(|answer| answer.is_err()).count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_ends() {
    let (engine, world) = engine();
    *lock(&world.remote.delay) = Duration::from_secs(3600);
    let patient = Terms { deadline: Deadline::after(Duration::from_secs(600)), ..lane(Lane::Refresh) };
    assert_eq!(read(&engine, &["a"], patient).await.err(), Some(ErrorKind::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_few_calls_gets_few_and_all_are_read() {
    let (engine, world) = engine();
    world.remote.max_batch.store(20, Ordering::SeqCst);
    world.remote.takes.store(5, Ordering::SeqCst);
    let begin = Instant::now();
    let clients = (0..16).map(|client| {
        let engine = &engine;
        async move {
            for number in 0..60 {
                read(engine, &[&format!("key {client}/{number}")], terms())
                    .await
                    .expect("it is read in time");
            }
        }
    });
    join_all(clients).await;
    let (calls, least) = (world.remote.calls() as u64, 60); // 16 callers that wait: 16 entries a call
    assert!(calls < least * 3 / 2, "{calls} calls");
    assert!(begin.elapsed() < Duration::from_secs(2 * least / 5), "{:?}", begin.elapsed());
    assert!(engine.store_down(&store_key()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_store_that_takes_no_call_at_all_is_down_and_says_why() {
    let (engine, world) = engine();
    world.remote.is(Mood::Fails(ErrorKind::RateLimited));
    for _ in 0..3 {
        assert_eq!(read(&engine, &["a"], terms()).await.err(), Some(ErrorKind::RateLimited));
    }
    assert!(world.remote.calls() <= 12, "{} calls", world.remote.calls());
    assert!(engine.store_down(&store_key()).is_some());
}

/// On real threads and real time: whatever comes in whatever order, everybody is answered, and nobody reads twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_callers_in_any_order_are_all_answered_and_each_key_is_read_once() {
    let (engine, world) = engine();
    world.remote.max_batch.store(7, Ordering::SeqCst);
    *lock(&world.remote.delay) = Duration::from_millis(3);
    let tasks = (0..1000_u64).map(|i| {
        let (engine, lane) =
            (engine.clone(), [Lane::Admission, Lane::Refresh, Lane::DryRun][(i % 3) as usize]);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(i * 37 % 20_000)).await;
            let terms = Terms { lane, max_age: 60 * SECOND, deadline: Deadline::after(30 * SECOND) };
            read(&engine, &[&format!("key {}", i % 50), &format!("key {}", i % 31)], terms).await.map(drop)
        })
    });
    assert!(join_all(tasks).await.into_iter().all(|task| matches!(task, Ok(Ok(())))));
    assert_eq!(world.remote.sizes().iter().sum::<usize>(), 50);
}
