//! How much is asked when nothing happens, and when every write fails.

use std::time::Duration;

use latchkey_testbed::{Asked, Fault};

use super::stage::{Gated, Objects, names, settles};
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
    let failing = settles(&leader.gate, "while every write fails", 10.0, time);
    assert!(leader.latchkey.leads());
    leader.gate.behave();
    let well_after = often.well("two");

    // At rest: what is due each second goes first.
    let all: Vec<&str> = often.names.iter().map(String::as_str).collect();
    ns.kubectl(&[&["delete", "externalsecrets", "--wait=true"], all.as_slice()].concat()).good();
    let (leading, following) = std::thread::scope(|scope| {
        let following = scope.spawn(|| settles(&follower.gate, "at rest", 3.0, time));
        (settles(&leader.gate, "at rest", 3.0, time), following.join().expect("a thread"))
    });
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
