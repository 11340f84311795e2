//! What is kept of each object, in bytes, and what a review takes, in allocations: counted, not timed, hence the same on every
//! machine. They may shrink; what makes them grow past their limit has to say why.
//!
//! `cargo test --package latchkey-bench --test heap -- --nocapture` shows them.

mod cluster;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use allocation_counter::measure;
use axum::body::Body;
use http::Request;
use http_body_util::BodyExt as _;
use latchkey::admission::{Admission, Places};
use latchkey::certs::DigestKey;
use latchkey::config::{FailureMode, Scope};
use latchkey::engine::apply::SecretWriter;
use latchkey::engine::cache::{CacheKey, EntryCache, LineKey, Read};
use latchkey::engine::{Engine, SecretState, Settings};
use latchkey::http::review;
use latchkey::lookup::{Credentials, Lookup};
use latchkey::metrics::{Condition, Kind, Metrics};
use latchkey_provider::connect::Identity;
use latchkey_provider::{Connector, Entry, EntryRef};
use serde_json::Value;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tower::ServiceExt as _;

/// How many objects are kept for a figure of one: not a power of two, which hash tables like too well.
const OBJECTS: usize = 5_000;

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Says a figure, and that it is no larger than it may be.
fn at_most(what: &str, figure: u64, limit: u64) {
    println!("{what}: {figure} (at most {limit})");
    assert!(figure <= limit, "{what}: {figure}, more than {limit}");
    assert!(figure * 5 > limit * 4, "{what}: {figure} is much less than {limit}: lower the limit");
}

/// What one object takes of what this keeps.
fn kept_of_each<T>(objects: usize, keep: impl FnOnce() -> T) -> u64 {
    let mut kept = None;
    let counted = measure(|| kept = Some(keep()));
    drop(kept);
    u64::try_from(counted.bytes_current).expect("more is kept than was there before") / objects as u64
}

/// All that the watches keep of a cluster with so many objects.
async fn watched(objects: usize) -> (Arc<Lookup>, kube::Client) {
    let (filled, mut is_filled) = mpsc::unbounded_channel();
    let client = cluster::client(objects);
    let on_filled = Box::new(move |_| filled.send(()).unwrap_or_default());
    let lookup = Lookup::new(client.clone(), Scope::default(), on_filled);
    tokio::spawn(Arc::clone(&lookup).run(client.clone()));
    for _ in Lookup::WATCHES {
        is_filled.recv().await;
    }
    (lookup, client)
}

#[test]
fn what_is_kept_of_an_external_secret_and_its_secret() {
    let runtime = runtime();
    let each = kept_of_each(OBJECTS, || runtime.block_on(watched(OBJECTS)));
    at_most("bytes kept of an ExternalSecret and its Secret", each, 3_200);
}

#[test]
fn what_is_kept_of_a_secret_that_was_written() {
    let runtime = runtime();
    let (lookup, _client) = runtime.block_on(watched(0));
    let each = kept_of_each(OBJECTS, || {
        for number in 0..OBJECTS {
            let state = SecretState {
                name: cluster::name(number),
                resource_version: "1234567".to_owned(),
                data_hash: "0".repeat(56),
            };
            lookup.note(cluster::NAMESPACE, &state);
        }
    });
    at_most("bytes kept of a Secret that was written in the last ten minutes", each, 500);
}

#[test]
fn what_is_kept_of_a_value() {
    let line = LineKey { uid: "store".into(), generation: 1, identity: Identity([0; 28]) };
    let runtime = runtime();
    let filled = || {
        let cache = EntryCache::new(64 << 20);
        for number in 0..OBJECTS {
            let entry = EntryRef::new(format!("team/shop/database-{number}"));
            let read = Read {
                entry: Arc::new(Entry::Value("0123456789abcdef".into())),
                started: tokio::time::Instant::now(),
            };
            let key = CacheKey { line: line.clone(), entry };
            let started = read.started;
            runtime.block_on(cache.keep(key, &Ok(read), started));
        }
        runtime.block_on(cache.tend());
        cache
    };
    // What the cache throws away is freed by whichever thread comes by, where nobody counts it: the least of three is right.
    let each = (0..3).map(|_| kept_of_each(OBJECTS, filled)).min().unwrap_or_default();
    at_most("bytes kept of a remote value of 16 bytes", each, 600);
}

#[test]
fn what_is_kept_of_an_objects_metrics() {
    let each = kept_of_each(OBJECTS, || {
        let metrics = Metrics::new();
        for number in 0..OBJECTS {
            let name = cluster::name(number);
            metrics.sync_call(cluster::NAMESPACE, &name, true);
            metrics.condition(Kind::ExternalSecret, cluster::NAMESPACE, &name, Condition::Ready, true);
            metrics.reconcile_duration(
                Kind::ExternalSecret,
                cluster::NAMESPACE,
                &name,
                Duration::from_millis(2),
            );
        }
        metrics
    });
    at_most("bytes kept of an ExternalSecret's metrics", each, 750);
}

#[test]
fn what_a_review_takes() {
    let runtime = runtime();
    let router = runtime.block_on(async {
        let (lookup, client) = watched(50).await;
        let metrics = Arc::new(Metrics::new());
        let credentials = Arc::new(Credentials::new(client.clone()));
        let connector = Connector::new(credentials.clone(), metrics.clone());
        let writer = SecretWriter::new(client);
        let engine =
            Engine::new(lookup.clone(), connector, credentials, writer, Settings::default(), metrics.clone());
        let places = Places::new(NonZeroUsize::MIN);
        let admission = Admission::new(engine, lookup, DigestKey::new(&[7; 32]), FailureMode::Warn, places);
        review::router(Arc::new(admission), metrics)
    });
    let allocations = |path: &str, review: &Value| {
        let body = review.to_string();
        let mut counted = 0;
        for _ in 0..20 {
            let request = Request::post(path).body(Body::from(body.clone())).expect("a request");
            let answering = async {
                let answer = router.clone().oneshot(request).await.expect("an answer");
                answer.into_body().collect().await.expect("a body").to_bytes()
            };
            let mut said = None;
            counted = measure(|| said = Some(runtime.block_on(answering))).count_total;
            let said = String::from_utf8_lossy(&said.expect("an answer")).into_owned();
            assert!(said.contains(r#""allowed":true"#) && !said.contains("warnings"), "{said}");
        }
        counted
    };
    use latchkey::registration::{PATH_EXTERNAL_SECRETS, PATH_PODS};
    at_most(
        "allocations for a Pod of a fresh Secret",
        allocations(PATH_PODS, &cluster::pod(&cluster::name(7))),
        125,
    );
    at_most("allocations for a Pod of another's Secret", allocations(PATH_PODS, &cluster::pod("other")), 70);
    let unchanged = allocations(PATH_EXTERNAL_SECRETS, &cluster::unchanged(7));
    at_most("allocations for an ExternalSecret that does not change", unchanged, 260);
}
