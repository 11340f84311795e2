//! Thousands of Pods that name one Secret.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use serde_json::json;

use super::crowd::{Crowd, Sent, figures};
use super::stub::Stub;
use super::{POLICY, all_good, creation, stage};
use crate::chaos::{Row, scale};
use crate::support::{Namespace, manifests};

/// How long the value is good.
const INTERVAL: Duration = Duration::from_secs(60);

#[test]
fn thousands_of_pods_that_name_one_stale_secret_are_one_read() {
    let _policy = POLICY.read().unwrap_or_else(PoisonError::into_inner);
    let world = stage();
    let (ns, stub) = (Namespace::new(world, "pods"), Stub::start());
    stub.store(&ns);
    let (count, clients) = (scale(200, 2_000), scale(16, 64));
    let key = format!("{}/db", ns.name);
    let crowd = Crowd::new(&world.cluster, clients);
    all_good(&crowd.send(vec![creation(&ns, "db", &key, &format!("{}s", INTERVAL.as_secs()))]));
    ns.wait_ready("db", "True", "SecretSynced");

    // Out of date by its own status, and no value in memory: those of a store as it was before an edit do not count.
    stub.delay(Duration::from_millis(500));
    stub.forget();
    let edit = format!(r#"--patch={{"spec":{{"provider":{{"vault":{{"server":"{}/"}}}}}}}}"#, stub.url());
    world.kubectl(&["patch", "clustersecretstore", &ns.name, "--type=merge", &edit], "").good();
    let status = json!({ "status": { "refreshTime": "2026-01-01T00:00:00Z" } });
    let patch = format!("--patch={status}");
    ns.kubectl(&["patch", "externalsecret", "db", "--subresource=status", "--type=merge", &patch]).good();
    let started = Instant::now();
    let path = format!("/api/v1/namespaces/{}/pods", ns.name);
    let pod = |number: usize| Sent::create(&path, manifests::pod(&format!("app-{number}"), &["db"]));
    let answers = crowd.send((0..count).map(pod).collect());
    let took = started.elapsed();
    all_good(&answers);
    let warned = answers.iter().find(|answer| !answer.warnings.is_empty());
    assert!(warned.is_none(), "nothing to warn of: {warned:?}");
    let noted = |answer: &&super::crowd::Answer| answer.text.contains("latchkey.dev/started-with");
    assert_eq!(answers.iter().filter(noted).count(), count, "each says what it started with");
    // The refresher has a value of its own read if it comes more than five seconds later.
    let reads = stub.sum();
    assert!((1..=2).contains(&reads), "{reads} reads for {count} Pods");
    super::keep(Row {
        area: "bursts",
        fault: "Pods at once that name one stale Secret",
        test: "bursts::pods::thousands_of_pods_that_name_one_stale_secret_are_one_read",
        tried: format!("{count} Pods from {clients} clients, the read takes 0.5 s"),
        seen: format!(
            "all admitted without a word, reads: {reads}; {}, {:.0} Pods a second",
            figures(&answers),
            count as f64 / took.as_secs_f64(),
        ),
        well_after: None,
    });
}
