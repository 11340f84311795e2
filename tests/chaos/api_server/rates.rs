//! How much is asked when nothing happens, and when every write fails.

use std::time::Duration;

use latchkey_testbed::{Asked, Fault};

use super::stage::{Gated, Objects, names, rate};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

fn is_write(asked: &Asked) -> bool {
    asked.method != "GET" && !asked.is("update leases")
}

/// Little is asked at rest, and while every write fails.
pub fn rates(leader: &Gated, follower: &Gated, ns: &Namespace<'_>) {
    let objects = Objects::apply(ns, names("db", scale(10, 180)), "1h");
    let often = Objects::apply(ns, names("often", scale(4, 20)), "1s");
    objects.well("one");
    often.well("one");
    let time = scale(Duration::from_secs(4), Duration::from_secs(15));

    // Writes that fail: each object has a backoff of its own, and the Lease is kept.
    leader.gate.on(is_write, Fault::Refuse(500, 0));
    often.put("two");
    std::thread::sleep(scale(Duration::from_secs(3), Duration::from_secs(25))); // until the pauses have grown
    let failing = rate(&leader.gate, time, |_| true);
    assert!(failing <= 10.0, "{failing} requests a second while every write fails");
    assert!(leader.latchkey.leads());
    leader.gate.behave();
    let well_after = often.well("two");

    // At rest: what is due each second goes first.
    let all: Vec<&str> = often.names.iter().map(String::as_str).collect();
    ns.kubectl(&[&["delete", "externalsecrets", "--wait=true"], all.as_slice()].concat()).good();
    std::thread::sleep(Duration::from_secs(2));
    let (leading, following) = std::thread::scope(|scope| {
        let following = scope.spawn(|| rate(&follower.gate, time, |_| true));
        (rate(&leader.gate, time, |_| true), following.join().expect("a thread"))
    });
    assert!(leading <= 3.0 && following <= 3.0, "{leading} and {following} requests a second at rest");
    Row {
        area: "api_server",
        fault: "every write but the Lease's fails with 500",
        test: "api_server::leases::two_replicas_ask_little_and_never_lead_both",
        tried: format!("{} ExternalSecrets, {} of them due each second", objects.names.len() + often.names.len(), often.names.len()),
        seen: format!(
            "{failing:.1} requests a second of the leader while they fail; at rest {leading:.1} of the leader and {following:.1} of the \
             other replica"
        ),
        well_after: Some(well_after),
    }
    .write();
}
