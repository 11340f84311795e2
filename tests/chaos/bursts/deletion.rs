//! A namespace that goes while everything in it is refreshed.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::crowd::Crowd;
use super::stub::Stub;
use super::{POLICY, all_good, collection, creation, list, resident, secrets, stage, wait_all_ready};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

/// How many ExternalSecrets share a key.
const SHARE: usize = 10;

/// For how long nothing may happen once it is over.
const QUIET: Duration = Duration::from_secs(3);

#[test]
fn a_namespace_that_is_deleted_while_it_refreshes_ends_and_nothing_comes_back() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let stub = Stub::start();
    let (ns, neighbour) = (Namespace::new(world, "deleted"), Namespace::new(world, "neighbour"));
    let (count, crowd) = (scale(60, 500), Crowd::new(&world.cluster, 16));
    stub.store(&neighbour); // what it logs in with outlives the namespace
    let kept = (0..20).map(|n| creation(&neighbour, &format!("es-{n}"), &format!("kept/{n}"), "1h"));
    all_good(&crowd.send(kept.collect()));
    wait_all_ready(&neighbour, 20, Duration::from_secs(60));
    let key = |number: usize| format!("{}/key-{}", ns.name, number / SHARE);
    let sent = (0..count).map(|number| {
        let mut sent = creation(&ns, &format!("es-{number}"), &key(number), "1s");
        sent.body["spec"]["secretStoreRef"]["name"] = neighbour.name.clone().into();
        sent
    });
    all_good(&crowd.send(sent.collect()));
    wait_all_ready(&ns, count, Duration::from_secs(120));
    let keys = count.div_ceil(SHARE);
    let refreshed = stub.sum() + 2 * keys;
    world.wait("refreshes", Duration::from_secs(30), || (stub.sum() >= refreshed).then_some(()));
    let (before, full) = (uids(&neighbour), resident(world));

    let path = format!("/api/v1/namespaces/{}", ns.name);
    let started = Instant::now();
    world.cluster.api("DELETE", &path, &Value::Null).expect("it may go");
    world.wait("the namespace's end", Duration::from_secs(300), || {
        std::thread::sleep(Duration::from_millis(200));
        world.get(&path).is_none().then_some(())
    });
    let gone_in = started.elapsed();

    // What was under way ends; then it is quiet: no read, no line about it, no series of it.
    let log = || world.latchkey.log().lines().filter(|line| line.contains(&ns.name)).count();
    let quiet = || (stub.sum(), log(), world.latchkey.metrics().contains(&ns.name));
    let (mut seen, mut since) = (quiet(), Instant::now());
    world.wait("an end of it in latchkey", Duration::from_secs(60), || {
        std::thread::sleep(Duration::from_millis(500));
        if quiet() != seen {
            (seen, since) = (quiet(), Instant::now());
        }
        (since.elapsed() > QUIET && !seen.2).then_some(())
    });
    assert!(secrets(&ns).is_empty() && world.get(&path).is_none());
    assert_eq!(uids(&neighbour), before, "Secrets elsewhere are untouched");
    let errors = error_lines(&world.latchkey.log(), &ns.name);
    assert!(errors <= 3 * count, "{errors} warnings and errors for {count} objects");
    super::keep(Row {
        area: "bursts",
        fault: "a namespace deleted while its ExternalSecrets refresh every second",
        test: "bursts::deletion::a_namespace_that_is_deleted_while_it_refreshes_ends_and_nothing_comes_back",
        tried: format!("{count} ExternalSecrets of {keys} keys"),
        seen: format!(
            "gone after {:.1} s, nothing made again, no read and no line of log after that; {errors} warnings on the way; \
             no series of it left; memory {full:.0} MiB before, {:.0} MiB after; Secrets elsewhere untouched",
            gone_in.as_secs_f64(),
            resident(world),
        ),
        well_after: Some(since.duration_since(started)),
    });
}

/// The garbage collector deletes the Secret first, while its ExternalSecret is still there, marked as being deleted.
#[test]
fn what_is_deleted_in_the_foreground_is_not_made_again() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (ns, stub) = (Namespace::new(world, "foreground"), Stub::start());
    stub.store(&ns);
    let count = scale(10, 100);
    let sent =
        (0..count).map(|number| creation(&ns, &format!("es-{number}"), &format!("{}/a", ns.name), "1h"));
    all_good(&Crowd::new(&world.cluster, 8).send(sent.collect()));
    wait_all_ready(&ns, count, Duration::from_secs(60));
    let since = world.get(&format!("/api/v1/namespaces/{}/secrets", ns.name)).expect("a list");
    let since = since["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();
    let started = Instant::now();
    let args = ["delete", "externalsecrets", "--all", "--cascade=foreground", "--wait=false"];
    ns.kubectl(&args).good();
    world.wait("their end", Duration::from_secs(120), || {
        std::thread::sleep(Duration::from_millis(200));
        (list(world, &collection(&ns)).is_empty() && secrets(&ns).is_empty()).then_some(())
    });
    let well_after = Some(started.elapsed());
    let watch =
        format!("/api/v1/namespaces/{}/secrets?watch=1&timeoutSeconds=1&resourceVersion={since}", ns.name);
    let events = ns.kubectl(&["get", "--raw", &watch]).good().out;
    let made = events.lines().filter(|line| line.starts_with(r#"{"type":"ADDED""#)).count();
    assert_eq!(made, 0, "Secrets were made again");
    super::keep(Row {
        area: "bursts",
        fault: "ExternalSecrets deleted in the foreground",
        test: "bursts::deletion::what_is_deleted_in_the_foreground_is_not_made_again",
        tried: format!("{count} ExternalSecrets"),
        seen: "all gone with their Secrets, none of which was made again".into(),
        well_after,
    });
}

/// Each Secret's uid and version.
fn uids(ns: &Namespace<'_>) -> Vec<(Value, Value)> {
    let path = format!("/api/v1/namespaces/{}/secrets", ns.name);
    let of =
        |secret: &Value| (secret["metadata"]["uid"].clone(), secret["metadata"]["resourceVersion"].clone());
    list(ns.world, &path).iter().map(of).collect()
}

/// How many lines of log above `INFO` name this.
fn error_lines(log: &str, name: &str) -> usize {
    let above = |line: &&str| line.contains("\"WARN\"") || line.contains("\"ERROR\"");
    log.lines().filter(above).filter(|line| line.contains(name)).count()
}
