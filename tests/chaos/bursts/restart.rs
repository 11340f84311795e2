//! A restart with thousands of ExternalSecrets that are not due.

use std::time::{Duration, Instant};

use super::crowd::Crowd;
use super::stub::Stub;
use super::{all_good, creation, list, wait_all_ready};
use crate::chaos::{Row, scale};
use crate::replicas;
use crate::support::{Latchkey, Namespace, World};

#[test]
fn a_restart_with_nothing_due_reads_nothing() {
    let stage = replicas::stage::stage();
    let [mut first]: [Latchkey; 1] = stage.replicas(&replicas::stage::SHORT_LEASE);
    let (ns, stub) = (Namespace::new(&stage.world, "herd"), Stub::start());
    stub.store(&ns);
    let count = scale(100, 2_000);
    let sent =
        |number: usize| creation(&ns, &format!("es-{number}"), &format!("{}/{number}", ns.name), "1000h");
    all_good(&Crowd::new(&stage.world.cluster, 16).send((0..count).map(sent).collect()));
    wait_all_ready(&ns, count, Duration::from_secs(180));
    // One that is due every second shows that the refresher is at work.
    all_good(&Crowd::new(&stage.world.cluster, 1).send(vec![creation(&ns, "clock", "clock", "1s")]));
    ns.wait_ready("clock", "True", "SecretSynced");
    let clock = || stub.reads().get("clock").copied().unwrap_or_default();
    let herd = || stub.sum() - clock();
    // What ran out of time when it was admitted is read again, and once more five seconds later.
    let (mut read, mut since) = (herd(), Instant::now());
    stage.world.wait("an end of reads", Duration::from_secs(60), || {
        if herd() != read {
            (read, since) = (herd(), Instant::now());
        }
        (read == count || since.elapsed() > Duration::from_secs(8)).then_some(())
    });
    let before = versions(&stage.world, &ns);

    first.kill();
    let (started, ticks) = (Instant::now(), clock());
    let [second]: [Latchkey; 1] = stage.replicas(&replicas::stage::SHORT_LEASE);
    stage
        .world
        .wait("refreshes of what is due", Duration::from_secs(60), || (clock() > ticks + 2).then_some(()));
    let at_work = started.elapsed();
    // Each Secret is looked at, fifty a second, in case it was changed meanwhile; nothing is read for it.
    let looked = Duration::from_millis(20) * u32::try_from(count).expect("a few thousand");
    std::thread::sleep(looked.saturating_sub(at_work));
    assert_eq!(herd(), read, "nothing is read again");
    assert_eq!(versions(&stage.world, &ns), before, "nothing is written");
    super::keep(Row {
        area: "bursts",
        fault: "latchkey killed and started again with nothing due",
        test: "bursts::restart::a_restart_with_nothing_due_reads_nothing",
        tried: format!("{count} ExternalSecrets"),
        seen: "0 reads, 0 writes of Secrets; what is due is refreshed".into(),
        well_after: Some(at_work),
    });
    drop(second);
}

/// Name and version of each Secret but the clock's.
fn versions(world: &World, ns: &Namespace<'_>) -> Vec<(String, String)> {
    let secrets = list(world, &format!("/api/v1/namespaces/{}/secrets", ns.name));
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let of = |secret: &serde_json::Value| {
        (text(&secret["metadata"]["name"]), text(&secret["metadata"]["resourceVersion"]))
    };
    let mut versions: Vec<_> = secrets.iter().map(of).filter(|(name, _)| name.starts_with("es-")).collect();
    versions.sort();
    versions
}
