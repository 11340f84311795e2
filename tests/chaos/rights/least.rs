//! The chart's roles have no right that latchkey could do without: each is used, and without it something fails.

use std::time::{Duration, Instant};

use latchkey_testbed::Moto;
use serde_json::{Value, json};

use super::grants::{self, Grant};
use super::probes::{self, Probe, Stage};
use crate::chaos::{Row, scale};
use crate::install::cluster::{Cluster, Running, moto};
use crate::support::SYSTEM;

/// OpenShift has it on: who sets `blockOwnerDeletion` needs a right to the owner's finalizers.
const ENFORCING: &str = "--enable-admission-plugins=OwnerReferencesPermissionEnforcement";

const FLAGS: [&str; 5] = [
    "--requester-checks=enforce",
    "--generator-gc-grace-period=1s",
    "--lease-duration=3s",
    "--lease-retry-period=500ms",
    "--log=info,latchkey=debug",
];

/// A cluster with the chart and every right that it can give.
struct Place {
    cluster: Cluster,
    moto: Moto,
    all: Vec<Grant>,
    namespaces: usize,
}

impl Place {
    fn new() -> Self {
        let (cluster, moto) = (Cluster::with(&[ENFORCING]), moto());
        cluster.install(&["--set", "requesterChecks=enforce"]).good();
        cluster.0.start_controller_manager().expect("controllers");
        let mut all = grants::grants(&cluster, &grants::role(None, "latchkey"));
        all.extend(grants::grants(&cluster, &grants::role(Some(SYSTEM), "latchkey")));
        Self { cluster, moto, all, namespaces: 0 }
    }

    fn begin(&self) -> Running {
        let port = latchkey_testbed::free_port();
        let own =
            [format!("--webhook-url=https://127.0.0.1:{port}"), format!("--webhook-listen=127.0.0.1:{port}")];
        let flags: Vec<String> = own.into_iter().chain(FLAGS.map(str::to_owned)).collect();
        self.cluster.begin(Some(&self.moto), &flags)
    }

    /// Where nothing was tried yet.
    fn namespace(&mut self) -> String {
        self.namespaces += 1;
        let name = format!("try-{}", self.namespaces);
        let namespace = json!({ "metadata": { "name": name } });
        self.cluster.0.create("/api/v1/namespaces", &namespace).expect("a namespace");
        name
    }

    fn stage<'a>(&'a self, latchkey: &'a Running, ns: String, patience: Duration) -> Stage<'a> {
        Stage { cluster: &self.cluster, moto: &self.moto, latchkey, ns, patience }
    }

    fn everything_works(&mut self, latchkey: &Running) {
        let ns = self.namespace();
        let stage = self.stage(latchkey, ns, Duration::from_secs(40));
        for (place, probe) in probes::ALL.iter().enumerate() {
            probe(&stage).unwrap_or_else(|error| panic!("probe {place}, with all rights: {error}"));
        }
    }

    /// Whether, after so many requests, one that takes the right was refused for want of it; or one that an admission
    /// plugin judged by it.
    fn was_refused(&self, before: usize, grant: &Grant) -> bool {
        grants::asked(&self.cluster).iter().skip(before).any(|event| {
            let forbidden = grants::was_forbidden(event);
            let by_a_plugin = !forbidden && event["responseStatus"]["code"] == 403;
            by_a_plugin || (forbidden && grants::takes(event, grant))
        })
    }

    fn ready(&self) -> Running {
        let latchkey = self.begin();
        let stage = self.stage(&latchkey, String::new(), Duration::from_secs(40));
        probes::starts(&stage).expect("with all rights it starts");
        latchkey
    }

    /// Ends latchkey. The next one finds no Lease; or, where it is to be seen that it cannot take one, one that nobody holds.
    fn end(&self, grant: &Grant, running: Option<Running>) {
        drop(running);
        if grant.resource != "leases" {
            return;
        }
        probes::delete_lease(&self.cluster);
        if grant.verb == "update" {
            let lease = json!({ "metadata": { "name": "latchkey" }, "spec": { "holderIdentity": "" } });
            let leases = format!("/apis/coordination.k8s.io/v1/namespaces/{SYSTEM}/leases");
            self.cluster.0.create(&leases, &lease).expect("a Lease");
        }
    }

    /// Takes the right away, sees what it is for fail, and gives it back. What failed, as it said.
    fn fails_without(&mut self, grant: &Grant, running: &mut Option<Running>) -> String {
        let (anew, probe) = probes::of(&grant.group, &grant.resource, &grant.verb);
        let ns = self.namespace();
        match anew {
            true => self.end(grant, running.take()),
            false if running.is_none() => *running = Some(self.ready()),
            false => (),
        }
        let before = grants::asked(&self.cluster).len();
        grants::without(&self.cluster, &self.all, grant);
        self.cluster.wait("the end of the right", || (!grants::may(&self.cluster, grant, &ns)).then_some(()));
        let latchkey = running.take().unwrap_or_else(|| self.begin());
        let mut stage = self.stage(&latchkey, ns, Duration::from_secs(40));
        if !std::ptr::fn_addr_eq(probe, probes::starts as Probe) {
            probes::starts(&stage).unwrap_or_else(|error| panic!("without the right to {grant}: {error}"));
        }
        stage.patience = Duration::from_secs(4);
        let failed = probe(&stage).expect_err(&format!("all works without the right to {grant}"));
        // Not for another reason: it was asked for, and refused.
        let refusal = format!("the refusal to {grant}, without which {failed}");
        self.cluster.wait(&refusal, || self.was_refused(before, grant).then_some(()));
        let rules = self.all.iter().filter(|other| other.role == grant.role).map(grants::rule);
        grants::set_rules(&self.cluster, &grant.role, rules.collect());
        let everywhere = &stage.ns;
        self.cluster.wait("the right again", || grants::may(&self.cluster, grant, everywhere).then_some(()));
        *running = (!anew).then_some(latchkey);
        failed
    }
}

#[test]
fn each_right_is_used_and_none_is_missing() {
    let mut place = Place::new();
    let running = place.ready();
    place.everything_works(&running);
    drop(running); // watches are in the audit log once they have ended
    // Asked for by the API server itself.
    let by_admission = ["clusterexternalsecrets", "clusterpushsecrets", "externalsecrets"]
        .map(|of| format!("update {of}/finalizers"));
    place.cluster.wait("an end of the watches", || {
        (grants::unused(&place.cluster, &place.all) == by_admission).then_some(())
    });
    let forbidden: Vec<Value> =
        grants::asked(&place.cluster).into_iter().filter(grants::was_forbidden).collect();
    assert!(forbidden.is_empty(), "refused with all rights: {forbidden:?}");
    Row {
        area: "rights",
        fault: "none: everything that latchkey does is tried with the chart's rights",
        test: "rights::least::each_right_is_used_and_none_is_missing",
        tried: format!("{} rights", place.all.len()),
        seen: "each used by a request in the API server's audit log; no request refused".into(),
        well_after: None,
    }
    .write();
}

#[test]
fn without_any_one_right_something_fails() {
    let mut place = Place::new();
    let mut running = None;
    let all = place.all.clone();
    // In the short form two: one that only admission plugins ask for, and one by way of the others.
    let short = ["update externalsecrets/finalizers", "get namespaces"];
    let tried: Vec<&Grant> =
        all.iter().filter(|grant| scale(short.contains(&grant.to_string().as_str()), true)).collect();
    assert!(tried.len() >= short.len());
    let began = Instant::now();
    for grant in &tried {
        let failed = place.fails_without(grant, &mut running);
        eprintln!("without {grant}: {}", failed.lines().next().unwrap_or_default());
    }
    let took = began.elapsed() / u32::try_from(tried.len()).expect("few");
    drop(running);
    let running = place.ready();
    place.everything_works(&running);
    Row {
        area: "rights",
        fault: "one of the chart's rights taken away, each in turn",
        test: "rights::least::without_any_one_right_something_fails",
        tried: format!("{} rights, {:.1} s each", tried.len(), took.as_secs_f64()),
        seen:
            "without each of them something that a user sees failed; with all of them back everything worked"
                .into(),
        well_after: None,
    }
    .write();
}
