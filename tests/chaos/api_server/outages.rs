//! The API server and etcd stopped, killed, full.

use std::time::{Duration, Instant};

use serde_json::json;

use super::stage::{Gated, Objects, SHORT_LEASE, Stage, names, rate, stage};
use crate::chaos::{Row, scale};
use crate::support::Namespace;

/// As many requests a second as a replica may make while nothing can be done.
const MOST: f64 = 10.0;

const MIB: u64 = 1 << 20;

/// How long each outage lasts.
fn away() -> Duration {
    scale(Duration::from_secs(3), Duration::from_secs(4))
}

/// Something is wrong with the control plane, again and again: what holds whatever it is.
struct Outage<'a> {
    stage: &'a Stage,
    replica: &'a Gated,
    often: Objects<'a>,
    rest: Objects<'a>,
    busiest: f64,
    longest: Duration,
}

impl<'a> Outage<'a> {
    /// Objects that are due each second, and others that are not due.
    fn before(stage: &'a Stage, replica: &'a Gated, ns: &'a Namespace<'a>) -> Self {
        let often = Objects::apply(ns, names("often", scale(4, 20)), "1s");
        let rest = Objects::apply(ns, names("rest", scale(8, 180)), "1h");
        often.well("one");
        rest.well("one");
        Self { stage, replica, often, rest, busiest: 0.0, longest: Duration::ZERO }
    }

    /// Breaks it, looks what is asked meanwhile, mends it, and waits until all is well with the values of now.
    fn survive(&mut self, round: &str, breaks: impl FnOnce(), mends: impl FnOnce()) {
        let value = round;
        let uids = (self.often.uids(), self.rest.uids());
        breaks();
        self.often.put(value);
        // What was on its way when it broke is let go; then the leader is none any more.
        std::thread::sleep(Duration::from_secs(2));
        self.busiest = self.busiest.max(rate(&self.replica.gate, away(), |_| true));
        let ready = self.replica.latchkey.admin("/readyz").is_some_and(|answer| answer.is_success());
        assert!(ready, "what it knows is good enough to admit, once the API server calls again");
        mends();
        let start = Instant::now();
        self.often.well(value);
        let after = Objects::apply(self.rest.ns, names(&format!("after-{round}"), 2), "1h");
        after.well("one");
        self.rest.well("one");
        self.longest = self.longest.max(start.elapsed());
        assert!(self.busiest <= MOST, "{} requests a second", self.busiest);
        assert_eq!((self.often.uids(), self.rest.uids()), uids, "no Secret was lost and made again");
        self.stage
            .world
            .wait("a leader", super::stage::LIMIT, || self.replica.latchkey.leads().then_some(()));
    }

    fn seen(&self) -> String {
        let count = self.often.names.len() + self.rest.names.len();
        format!(
            "{count} ExternalSecrets: none lost, none left unsynced, statuses right; at most {:.1} requests a second meanwhile",
            self.busiest
        )
    }
}

#[test]
fn what_stops_and_starts_or_is_full_loses_nothing() {
    let stage = stage();
    {
        let [only] = stage.gated::<1>(&SHORT_LEASE);
        let ns = Namespace::with_aws(&stage.world, "outages");
        let mut outage = Outage::before(&stage, &only, &ns);
        restarts(&mut outage);
        etcd_stops(&mut outage);
        etcd_is_full(&mut outage);
    }
    started_before(&stage);
}

fn restarts(outage: &mut Outage<'_>) {
    let cluster = &outage.stage.world.cluster;
    let rounds = scale(1, 10);
    for round in 0..rounds {
        let breaks = || match round % 2 {
            0 => cluster.crash_api_server().expect("it ran"),
            _ => cluster.stop_api_server(),
        };
        outage.survive(&format!("restart-{round}"), breaks, || {
            cluster.start_api_server().expect("it starts again")
        });
    }
    Row {
        area: "api_server",
        fault: "the API server killed and stopped by turns, and away for seconds",
        test: "api_server::outages::what_stops_and_starts_or_is_full_loses_nothing",
        tried: format!("{rounds} restarts"),
        seen: outage.seen(),
        well_after: Some(outage.longest),
    }
    .write();
}

fn etcd_stops(outage: &mut Outage<'_>) {
    let cluster = &outage.stage.world.cluster;
    (outage.busiest, outage.longest) = (0.0, Duration::ZERO);
    cluster.limit_etcd(192 * MIB); // from the start on that this outage ends with
    outage.survive("stopped", || cluster.stop_etcd(), || cluster.start_etcd().expect("it starts again"));
    Row {
        area: "api_server",
        fault: "etcd away for seconds",
        test: "api_server::outages::what_stops_and_starts_or_is_full_loses_nothing",
        tried: "once".to_owned(),
        seen: outage.seen(),
        well_after: Some(outage.longest),
    }
    .write();
}

fn etcd_is_full(outage: &mut Outage<'_>) {
    let (cluster, ns) = (&outage.stage.world.cluster, outage.rest.ns);
    (outage.busiest, outage.longest) = (0.0, Duration::ZERO);
    let full = || {
        cluster.fill_etcd().expect("it is full in the end");
        // Admission itself is answered; its Secret and the object cannot be stored.
        let said = ns.apply(&ns.of("refused", "often-0", json!({})).to_string()).refused();
        assert!(said.err.contains("database space exceeded"), "{said}");
    };
    outage.survive("full", full, || cluster.empty_etcd().expect("it is emptied"));
    assert_eq!((ns.external_secret("refused"), ns.secret("refused")), (None, None));
    let retried = Objects::apply(ns, vec!["refused".to_owned()], "1h");
    retried.well("one");
    Row {
        area: "api_server",
        fault: "etcd full: everything can be read, nothing written",
        test: "api_server::outages::what_stops_and_starts_or_is_full_loses_nothing",
        tried: "once".to_owned(),
        seen: outage.seen(),
        well_after: Some(outage.longest),
    }
    .write();
}

/// A replica that is started while the API server is away waits for it.
fn started_before(stage: &Stage) {
    let gate = std::sync::Arc::new(latchkey_testbed::ApiGate::start(&stage.world.cluster).expect("a gate"));
    gate.go_down();
    let mut early = stage.begin_behind(gate, &SHORT_LEASE);
    stage.world.wait("the word that it waits", super::stage::LIMIT, || {
        assert!(early.latchkey.exited().is_none(), "{}", early.latchkey.log());
        early.latchkey.log().contains("waiting for the API server").then_some(())
    });
    let start = Instant::now();
    early.gate.come_up().expect("the same port");
    early.latchkey.wait_ready();
    Row {
        area: "api_server",
        fault: "a replica started while the API server is away",
        test: "api_server::outages::what_stops_and_starts_or_is_full_loses_nothing",
        tried: "once".to_owned(),
        seen: "it waits, says so, and is ready when the API server is back; no restart by the kubelet"
            .to_owned(),
        well_after: Some(start.elapsed()),
    }
    .write();
}
