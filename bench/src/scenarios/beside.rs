//! Admission while everything is refreshed: how much later reviews are answered than with nothing beside them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::json;

use super::{Scale, reviews};
use crate::admit_all::AdmitAll;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{STORE, external_secret};
use crate::samples::Samples;
use crate::stage::{OURS, Stage, Under};

/// As many a second as a busy cluster creates Pods.
const RATE: f64 = 200.0;

/// How long one turn takes; latchkey and a server that admits everything have theirs one after the other.
const TURN: Duration = Duration::from_secs(2);

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    let many = 5 * scale.count;
    stage.namespace("refreshed", OURS)?;
    let put = |value: &str| stage.remote.put((0..many).map(key), &format!(r#"{{"password":"{value}"}}"#));
    put("one");
    let object = |number| external_secret("refreshed", &format!("es-{number}"), STORE, &key(number), "12h");
    let objects: Vec<Object> = (0..many).map(object).collect();
    stage.clients.write(&objects, Until::Answered)?;
    stage.settle("refreshed", many)?;
    let pods = reviews::pods(&stage, "reviews")?;
    let server = AdmitAll::start(&stage.clients)?;
    let all = stage.clients.wait(pods.to_admit_all(&server))?;
    stage.clients.wait(pods.paced(RATE, TURN))?; // until everything is warm
    let [ours_alone, all_alone] = reviews::in_turns(&stage, [&pods, &all], RATE, TURN)?;

    put("two");
    edit_store(&stage)?;
    std::thread::sleep(Duration::from_secs(2)); // by then its dependents are looked at
    let (before, start) = (stage.latchkey.metric("latchkey_remote_reads_total")?, Instant::now());
    let [ours, all] = reviews::in_turns(&stage, [&pods, &all], RATE, TURN)?;
    let refreshed = stage.latchkey.metric("latchkey_remote_reads_total")? - before;
    ensure!(refreshed > 100.0, "nothing was refreshed while it was measured: {refreshed} reads");
    let each = refreshed / start.elapsed().as_secs_f64();
    let p99 = |samples: Samples| samples.percentile(0.99);
    let (alone, beside, bound) = (p99(ours_alone), p99(ours), p99(all) / p99(all_alone));
    figures.add(format!("{RATE} reviews a second, alone, p99"), "ms", alone, Goal::None);
    figures.add(
        format!("the same while {many} refreshes run, over alone"),
        "x",
        beside / alone,
        Goal::AtMost(1.5),
    );
    figures.add("a server of the benchmark's that admits everything, over alone too", "x", bound, Goal::None);
    figures.add(
        "latchkey over that server, beside refreshes against alone",
        "x",
        beside / alone / bound,
        Goal::None,
    );
    figures.add("refreshes a second meanwhile", "", each.round(), Goal::None);
    Ok(())
}

fn key(number: usize) -> String {
    format!("refreshed/{number}")
}

/// A store that was edited has everything that was made of it read once more.
fn edit_store(stage: &Stage) -> Result<()> {
    let edited = json!({ "spec": { "retrySettings": { "maxRetries": 2 } } });
    let path = format!("/apis/external-secrets.io/v1/namespaces/refreshed/secretstores/{STORE}");
    let patch = Object { verb: crate::client::Verb::Patch, path, body: edited, secret: None };
    stage.clients.write(&[patch], Until::Answered).map(drop)
}
