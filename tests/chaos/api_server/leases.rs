//! A leader that is cut off.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use latchkey_testbed::Fault;

use super::stage::{Gated, LIMIT, Objects, Stage, names, stage};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

/// How often both said that they lead, of how many looks, until `done`.
fn looks(replicas: [&Gated; 2], done: &AtomicBool) -> (usize, usize) {
    let (mut both, mut all) = (0, 0);
    while !done.load(Ordering::SeqCst) {
        // The first is asked once more after the second: it may have gone between.
        let leads =
            replicas[0].latchkey.leads() && replicas[1].latchkey.leads() && replicas[0].latchkey.leads();
        (both, all) = (both + usize::from(leads), all + 1);
        std::thread::sleep(Duration::from_millis(20));
    }
    (both, all)
}

/// Over in nine seconds, so that even on a machine that starves a leader has the third of it in which to notice that it leads no
/// more; and written as seldom as by default.
const LEASE: [&str; 2] = ["--lease-duration=9s", "--lease-retry-period=2s"];

#[test]
fn two_replicas_ask_little_and_never_lead_both() {
    let stage = stage();
    let [leader, follower] = stage.gated::<2>(&LEASE);
    let ns = Namespace::with_aws(&stage.world, "leases");
    super::rates::rates(&leader, &follower, &ns);
    cut_off(&stage, [leader, follower], &ns);
}

/// A leader that is cut off stops before the other starts.
fn cut_off(stage: &Stage, [mut leader, mut follower]: [Gated; 2], ns: &Namespace<'_>) {
    let objects = Objects::apply(ns, names("cut-off", scale(3, 20)), "1s");
    objects.well("one");
    let rounds = scale(1, 4);
    let (mut longest, mut all_looks) = (Duration::ZERO, 0);
    for round in 0..rounds {
        stage.serve_by(&[&follower]);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let looking = scope.spawn(|| looks([&leader, &follower], &done));
            let value = format!("round-{round}");
            match round % 2 {
                0 => leader.gate.on(|_| true, Fault::Hang),
                _ => leader.gate.go_down(),
            }
            let start = Instant::now();
            objects.put(&value);
            stage.world.wait("another leader", LIMIT, || follower.latchkey.leads().then_some(()));
            longest = longest.max(start.elapsed());
            assert!(!leader.latchkey.leads(), "the one that is cut off");
            objects.well(&value);
            leader.gate.behave();
            leader.gate.come_up().expect("the same port");
            std::thread::sleep(Duration::from_secs(2));
            done.store(true, Ordering::SeqCst);
            let (both, all) = looking.join().expect("a thread");
            assert_eq!(both, 0, "of {all} looks both led");
            all_looks += all;
        });
        assert!(follower.latchkey.leads() && !leader.latchkey.leads(), "who has come back follows");
        std::mem::swap(&mut leader, &mut follower);
    }
    Row {
        area: "api_server",
        fault: "the leader cut off from the API server, by refused connections and by hanging ones",
        test: "api_server::leases::two_replicas_ask_little_and_never_lead_both",
        tried: format!("{rounds} times, with a Lease of 9 s"),
        seen: format!("of {all_looks} looks at both none saw two leaders; the other led after {:.1} s at most and refreshed", longest.as_secs_f64()),
        well_after: Some(longest),
    }
    .write();
}
