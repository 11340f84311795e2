//! Rolling restarts while applies go on, as a Deployment does them: the new replica is ready before an old one is told to
//! end.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::load::Load;
use crate::chaos::{Row, scale};
use crate::replicas::stage::{Stage, stage};
use crate::support::{Balancer, Latchkey, Namespace, Options};

/// Long enough for the balancer's notice of it on a busy machine, and for connections that a burst has left behind to be seen
/// unused; the default is 5 s.
const FLAGS: [&str; 3] = ["--shutdown-delay=2s", "--lease-retry-period=500ms", "--log=info"];

const PER_SECOND: u32 = 50;

/// What is replaced.
struct Deployment<'a> {
    stage: &'a Stage,
    balancer: Balancer,
    url: String,
    replicas: Vec<Latchkey>,
    leaderless: Duration,
}

impl<'a> Deployment<'a> {
    /// Two ready replicas behind this host name; the API server speaks HTTP/2 to hosts that are its own, and to all
    /// others, such as Services, HTTP/1.1.
    fn start(stage: &'a Stage, host: &str) -> Self {
        let balancer = Balancer::start();
        let url = format!("https://{host}:{}", balancer.port);
        let mut deployment = Self { stage, balancer, url, replicas: Vec::new(), leaderless: Duration::ZERO };
        for _ in 0..2 {
            deployment.surge();
        }
        deployment
    }

    /// One more replica, once it is ready.
    fn surge(&mut self) {
        let options = Options {
            flags: FLAGS.map(str::to_owned).to_vec(),
            webhook_url: Some(self.url.clone()),
            ..Options::default()
        };
        let replica = Latchkey::start(&self.stage.world.cluster, &self.stage.world.moto, options);
        replica.wait_ready();
        let there = self.balancer.ready();
        self.balancer.add(&replica);
        self.replicas.push(replica);
        self.stage.world.wait("the balancer's notice", Duration::from_secs(30), || {
            (self.balancer.ready() > there).then_some(())
        });
    }

    /// Each replica is replaced by a new one.
    fn restart(&mut self) {
        for _ in 0..2 {
            self.surge();
            let mut old = self.replicas.remove(0);
            old.terminate();
            let (told, mut led) = (Instant::now(), None);
            let status = self.stage.world.wait("an end", Duration::from_secs(60), || {
                if led.is_none() && self.replicas.iter().any(Latchkey::leads) {
                    led = Some(told.elapsed());
                }
                old.exited()
            });
            assert!(status.success(), "{status}: {}", old.log());
            self.balancer.remove(&old);
            let log = old.log();
            assert!(!log.contains("panic"), "{log}");
            self.stage.world.wait("a leader", Duration::from_secs(30), || {
                self.replicas.iter().any(Latchkey::leads).then_some(())
            });
            self.leaderless = self.leaderless.max(led.unwrap_or_else(|| told.elapsed()));
        }
    }
}

/// While this is there, what no replica answers is refused.
struct Fail<'a>(&'a Stage);

impl<'a> Fail<'a> {
    fn set(stage: &'a Stage) -> Self {
        policy(stage, "Fail", 30);
        Self(stage)
    }
}

impl Drop for Fail<'_> {
    fn drop(&mut self) {
        policy(self.0, "Ignore", 5);
    }
}

fn policy(stage: &Stage, policy: &str, patience: u8) {
    // The API server's patience is not what is tried here: a machine that is busy otherwise may be slow.
    let replace = |n, field: &str, value: Value| json!({ "op": "replace", "path": format!("/webhooks/{n}/{field}"), "value": value });
    let all = [0, 1]
        .map(|n| [replace(n, "failurePolicy", policy.into()), replace(n, "timeoutSeconds", patience.into())]);
    let patch = Value::from(all.concat()).to_string();
    let name = "mutatingwebhookconfiguration";
    stage.world.kubectl(&["patch", name, "latchkey", "--type=json", "-p", &patch], "").good();
}

fn rolls(host: &str, times: usize, row: impl FnOnce(String, String, Duration)) {
    let stage = stage();
    let mut deployment = Deployment::start(&stage, host);
    let ns = Namespace::new(&stage.world, "rolling");
    ns.wait_registered();
    let fail = Fail::set(&stage);
    let load = Load::start(&stage.world.cluster, &ns.name, PER_SECOND);
    let start = Instant::now();
    for done in 0..times {
        deployment.restart();
        let seen = load.seen();
        assert!(
            seen.refused.is_empty(),
            "in restart {done}: {:#?}",
            &seen.refused[..seen.refused.len().min(5)]
        );
    }
    let took = start.elapsed() / u32::try_from(times).expect("few");
    let seen = load.end();
    drop(fail);
    assert_eq!(seen.refused, Vec::<String>::new());
    assert!(seen.applied >= times * 10, "only {} applies", seen.applied);
    for n in 0..seen.objects {
        assert!(ns.secret(&format!("db-{n}")).is_some(), "the Secret of db-{n}");
    }
    let rate = seen.rate();
    row(
        format!("{times} restarts of both replicas, {} applies, {rate:.0} a second", seen.applied),
        format!(
            "0 refused, {} warned, {} given up on by the API server itself; the slowest apply took {:.1} s, a restart {:.1} s",
            seen.warned.len(),
            seen.late,
            seen.slowest.as_secs_f64(),
            took.as_secs_f64()
        ),
        deployment.leaderless,
    );
}

#[test]
fn restarts_under_load_refuse_nothing() {
    // Not the API server's own host by its name, but the same machine.
    rolls("0.0.0.0", scale(3, 100), |tried, seen, leaderless| {
        Row {
            area: "rollouts",
            fault: "rolling restarts of two replicas under load, failurePolicy Fail, HTTP/1.1 as to a Service",
            test: "rollouts::rolling::restarts_under_load_refuse_nothing",
            tried,
            seen,
            well_after: Some(leaderless),
        }
        .write();
    });
}

#[test]
fn restarts_under_load_refuse_nothing_over_http2() {
    rolls("127.0.0.1", scale(2, 10), |tried, seen, leaderless| {
        Row {
            area: "rollouts",
            fault: "the same over HTTP/2, as to a URL on the API server's own host",
            test: "rollouts::rolling::restarts_under_load_refuse_nothing_over_http2",
            tried,
            seen,
            well_after: Some(leaderless),
        }
        .write();
    });
}
