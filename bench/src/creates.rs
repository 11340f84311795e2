//! How long the creation of an ExternalSecret takes: with its Secret there in the answer, beside the same object that no
//! webhook sees, and beside a Secret that the refresher makes a moment later.

use anyhow::Result;

use crate::client::{Clients, Object, Until};
use crate::objects::{FOREIGN_STORE, STORE, external_secret};
use crate::report::Report;
use crate::samples::Samples;
use crate::stage::{NONE, OURS, Stage};

/// How many objects of one way are created before the next way has its turn.
const ROUND: usize = 30;

/// Longer than the run: nothing is read again while it is measured.
const INTERVAL: &str = "12h";

/// A way to create ExternalSecrets.
struct Way {
    namespace: &'static str,
    admitted_by: &'static str,
    store: &'static str,
    /// Whether all have one remote key, or each its own.
    shared: bool,
    until: Until,
}

const WAYS: [Way; 4] = [
    Way { namespace: "raw", admitted_by: NONE, store: FOREIGN_STORE, shared: true, until: Until::Answered },
    Way {
        namespace: "shared",
        admitted_by: OURS,
        store: STORE,
        shared: true,
        until: Until::AnsweredWithSecret,
    },
    Way {
        namespace: "distinct",
        admitted_by: OURS,
        store: STORE,
        shared: false,
        until: Until::AnsweredWithSecret,
    },
    Way { namespace: "later", admitted_by: NONE, store: STORE, shared: true, until: Until::SecretSeen },
];

pub(crate) fn measure(stage: &Stage, clients: &Clients, count: usize, report: &mut Report) -> Result<()> {
    println!("Creating {count} ExternalSecrets in each of {} ways, in turns", WAYS.len());
    for way in &WAYS {
        stage.namespace(way.namespace, way.admitted_by)?;
        keys(stage, way, count)?;
    }
    let mut samples = [const { Samples::empty() }; WAYS.len()];
    for (first, last) in rounds(count) {
        for (way, samples) in WAYS.iter().zip(&mut samples) {
            samples.extend(clients.create(&objects(way, first, last), way.until)?);
            if way.store == STORE {
                stage.settle(way.namespace, last)?;
            }
        }
    }
    let [raw, shared, distinct, later] = samples;
    report.latency("create an ExternalSecret, no webhook, nothing made of it", &raw, None);
    let beside = Some(("the same without webhook", &raw));
    report.latency("create with Secret in the answer, one remote key for all", &shared, beside);
    report.latency("create with Secret in the answer, a remote key each", &distinct, beside);
    let beside = Some(("Secret in the answer", &shared));
    report.latency("create without webhook until the refresher's Secret is there", &later, beside);
    reads(stage, report, count);
    Ok(())
}

fn rounds(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count).step_by(ROUND).map(move |first| (first, (first + ROUND).min(count)))
}

fn objects(way: &Way, first: usize, last: usize) -> Vec<Object> {
    let object = |number: usize| {
        external_secret(way.namespace, &format!("es-{number}"), way.store, &key(way, number), INTERVAL)
    };
    (first..last).map(object).collect()
}

fn key(way: &Way, number: usize) -> String {
    let number = if way.shared { 0 } else { number };
    format!("bench/{}/{number}", way.namespace)
}

fn keys(stage: &Stage, way: &Way, count: usize) -> Result<()> {
    let count = if way.shared { 1 } else { count };
    (0..count).try_for_each(|number| stage.moto.put_secret(&key(way, number), r#"{"password":"bench"}"#))
}

/// A Secret that was made of a remembered value is verified once a moment later; that counts.
fn reads(stage: &Stage, report: &mut Report, count: usize) {
    for (namespace, what) in [("shared", "one remote key for all"), ("distinct", "a remote key each")] {
        let calls = stage.calls(&format!("bench/{namespace}/"));
        report.ratio(&format!("calls of AWS per ExternalSecret created, {what}"), calls, count);
    }
}
