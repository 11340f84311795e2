//! For each step of the write protocol, and each replica that may be at it: the process is gone before the step or after it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::cases::{Case, Change, selection};
use super::kept::Expected;
use super::refused::{Refused, age};
use super::stage::Stage;
use super::watch::Watch;
use crate::chaos::Row;
use crate::protocol::refused::refuse;
use crate::support::Namespace;

/// How long one case may take until all is well: the Lease runs out, a replica starts, and the machine is busy.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn whoever_dies_before_or_after_whichever_step_the_end_is_the_same() {
    let stage = Stage::start();
    let mut seen = BTreeMap::new();
    let refused = Refused::start(&stage); // they have to age while the others are tried
    run(&stage, &selection(), &mut seen);
    let many = super::many::run(&stage);
    let left_behind = refused.finish();
    for (step, Seen { deaths, well_after }) in seen {
        let row = Row {
            area: "kills",
            fault: FAULTS.iter().find(|(of, _)| *of == step).expect("each step has its words").1,
            test: "kills::every_step::whoever_dies_before_or_after_whichever_step_the_end_is_the_same",
            tried: format!("{deaths} deaths"),
            seen: "every Secret right in the end: value, owner, labels, no mark, status true; none deleted on the way, \
                   none with an older value again"
                .into(),
            well_after: Some(well_after),
        };
        row.write();
    }
    many.write();
    left_behind.write();
}

/// A row's words for each step.
const FAULTS: [(&str, &str); 9] = [
    ("fetch", "a replica is killed before or after it reads the store"),
    ("secret-write", "a replica is killed before or after it writes the Secret"),
    ("answer", "a replica is killed before or after it answers the API server"),
    ("adoption", "the leader is killed before or after an adoption"),
    ("status", "the leader is killed before or after it writes a status"),
    ("event", "the leader is killed before or after it writes an event"),
    ("old-target", "the leader is killed before or after it deletes a Secret under its former name"),
    ("take-back", "the leader is killed before or after it takes back what was refused"),
    ("lease", "the leader is killed before or after it renews the Lease"),
];

/// What came of the deaths at one step.
#[derive(Default)]
struct Seen {
    deaths: usize,
    well_after: Duration,
}

/// A case with its objects.
struct Tried<'a> {
    ns: &'a Namespace<'a>,
    name: String,
    secret: String,
    case: Case,
}

fn run(stage: &Stage, cases: &[Case], seen: &mut BTreeMap<&'static str, Seen>) {
    let ns = Namespace::with_aws(&stage.world, "kills");
    let watch = Watch::start(&ns);
    let tried: Vec<Tried<'_>> = cases.iter().enumerate().map(|(n, case)| Tried::new(&ns, n, *case)).collect();
    prepare(&ns, &tried);
    for one in &tried {
        let well_after = one.break_off(stage);
        println!("{:5.1} s {} {:?}", well_after.as_secs_f64(), one.name, one.case);
        let seen = seen.entry(one.case.point.step.as_str()).or_default();
        seen.deaths += 1;
        seen.well_after = seen.well_after.max(well_after);
    }
    for one in &tried {
        one.check(&watch);
    }
}

/// What is there before it changes.
fn prepare(ns: &Namespace<'_>, tried: &[Tried<'_>]) {
    ns.put("one", "one");
    ns.put("two", "two");
    let there = || tried.iter().filter(|one| !one.case.change.is_create());
    let objects: Vec<Value> = there().map(Tried::first).collect();
    ns.apply(&json!({ "apiVersion": "v1", "kind": "List", "items": objects }).to_string()).good();
    for one in there() {
        ns.wait_synced(&one.name);
        ns.wait_event(&one.name, "Created", "secret created"); // else it is this event that somebody dies of
    }
    refuse(
        ns,
        "['no-', 'probe'].all(start, !object.metadata.name.startsWith(start)) && !object.spec.data[0].remoteRef.key.endsWith('refused')",
    );
    ns.put("refused", "refused");
}

impl<'a> Tried<'a> {
    fn new(ns: &'a Namespace<'a>, number: usize, case: Case) -> Self {
        let name = match case.change {
            Change::RefusedCreate => format!("no-{number}"),
            Change::Create
            | Change::Update
            | Change::Rename
            | Change::RefusedUpdate
            | Change::WithoutLeader => format!("db-{number}"),
        };
        let secret = if case.change == Change::Rename { format!("{name}-renamed") } else { name.clone() };
        Self { ns, name, secret, case }
    }

    fn expected(&self) -> Option<Expected<'_>> {
        let (before, value) = match self.case.change {
            Change::Create | Change::WithoutLeader => (None, "one"),
            Change::Update => (Some("one"), "two"),
            Change::Rename => (None, "two"),
            Change::RefusedUpdate => (Some("refused"), "one"),
            Change::RefusedCreate => return None,
        };
        Some(Expected { name: &self.name, secret: &self.secret, before, value })
    }

    fn first(&self) -> Value {
        self.ns.of(&self.name, "one", json!({}))
    }

    fn changed(&self) -> Value {
        match self.case.change {
            Change::Create | Change::WithoutLeader | Change::RefusedCreate => self.first(),
            Change::Update => self.ns.of(&self.name, "two", json!({})),
            Change::Rename => self.ns.of(&self.name, "two", json!({ "target": { "name": self.secret } })),
            Change::RefusedUpdate => self.ns.of(&self.name, "refused", json!({})),
        }
    }

    /// The change, in the midst of which somebody dies; how long from then until all is well.
    fn break_off(&self, stage: &Stage) -> Duration {
        let Case { point, answering, .. } = self.case;
        stage.recover();
        stage.answered_by(answering);
        let death = match self.case.change {
            Change::RefusedCreate | Change::RefusedUpdate => {
                self.ns.apply(&self.changed().to_string()).refused();
                assert!(self.ns.secret(&self.secret).is_some(), "it was written before the refusal");
                stage.arm(point, &self.object());
                age(self.ns, &self.secret);
                stage.wait_death()
            }
            Change::WithoutLeader => {
                stage.arm(point, &self.object());
                let death = stage.wait_death();
                self.ns.apply(&self.changed().to_string()).good();
                death
            }
            Change::Create | Change::Update | Change::Rename => {
                stage.arm(point, &self.object());
                self.ns.apply(&self.changed().to_string()).good();
                self.check_at_once();
                stage.wait_death()
            }
        };
        assert!(death.answered || !self.case.is_for_whoever_answers(), "{:?}", self.case);
        match self.expected() {
            Some(expected) => expected.wait(self.ns),
            None => self.ns.wait_gone(&self.secret, PATIENCE),
        }
        death.at.elapsed()
    }

    fn check_at_once(&self) {
        let value = self.ns.value(&self.secret, "value");
        let there = value.as_deref() == self.expected().map(|expected| expected.value);
        assert!(there || !self.case.is_written_at_once(), "{:?}: {value:?} when apply returns", self.case);
    }

    fn object(&self) -> String {
        self.case.point.object(&self.ns.name, &self.name)
    }

    fn check(&self, watch: &Watch) {
        let Some(expected) = self.expected() else {
            return assert!(self.ns.secret(&self.secret).is_none(), "{} has come back", self.secret);
        };
        expected.wait(self.ns);
        if !self.case.change.is_refused() {
            expected.check(self.ns, watch);
        }
        if self.case.change == Change::Rename {
            assert!(self.ns.secret(&self.name).is_none(), "{}: the Secret under its former name", self.name);
        }
    }
}
