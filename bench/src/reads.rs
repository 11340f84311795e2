//! How often the provider is read to keep many Secrets fresh.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::client::{Clients, Until};
use crate::objects::{STORE, external_secret};
use crate::report::Report;
use crate::stage::{OURS, Stage};

/// How often each ExternalSecret wants to be refreshed.
const INTERVAL: Duration = Duration::from_secs(20);

/// Over how many intervals reads are counted.
const INTERVALS: usize = 2;

pub(crate) fn measure(stage: &Stage, clients: &Clients, count: usize, report: &mut Report) -> Result<()> {
    let seconds = INTERVAL.as_secs();
    println!(
        "Watching {count} ExternalSecrets of one key and {count} of a key each, refreshed every {seconds} s"
    );
    let interval = format!("{seconds}s");
    for (namespace, shared) in [("fresh-shared", true), ("fresh-distinct", false)] {
        stage.namespace(namespace, OURS)?;
        let key = |number| format!("bench/{namespace}/{}", if shared { 0 } else { number });
        (0..if shared { 1 } else { count })
            .try_for_each(|number| stage.moto.put_secret(&key(number), r#"{"password":"bench"}"#))?;
        let object =
            |number| external_secret(namespace, &format!("es-{number}"), STORE, &key(number), &interval);
        let objects: Vec<_> = (0..count).map(object).collect();
        clients.create(&objects, Until::AnsweredWithSecret)?;
        stage.settle(namespace, count)?;
    }
    // The first interval also verifies what was made of remembered values.
    pass(stage, INTERVAL)?;
    let keys = ["bench/fresh-shared/", "bench/fresh-distinct/"];
    let before = keys.map(|key| stage.calls(key));
    let entries_before = stage.metric("latchkey_remote_reads_total")?;
    let syncs_before = stage.metric("externalsecret_sync_calls_total")?;
    pass(stage, INTERVAL * INTERVALS as u32)?;
    let entries = stage.metric("latchkey_remote_reads_total")? - entries_before;
    let syncs = stage.metric("externalsecret_sync_calls_total")? - syncs_before;
    for ((key, before), what) in
        keys.into_iter().zip(before).zip(["one remote key for all", "a remote key each"])
    {
        let calls = stage.calls(key) - before;
        report.ratio(
            &format!("calls of AWS per ExternalSecret and interval, {what}"),
            calls,
            count * INTERVALS,
        );
    }
    report.ratio("entries read per refreshed ExternalSecret, both", entries as usize, syncs as usize);
    Ok(())
}

/// Lets this much time pass: what is counted is what happens in it.
fn pass(stage: &Stage, time: Duration) -> Result<()> {
    let started = Instant::now();
    stage.wait("the end of an interval", || Ok((started.elapsed() >= time).then_some(())))
}
