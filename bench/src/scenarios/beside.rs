//! Admission while everything is refreshed: how much later reviews are answered than with nothing beside them.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::{Scale, reviews};
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{STORE, external_secret};
use crate::stage::{OURS, Stage, Under};

/// As many a second as a busy cluster creates Pods.
const RATE: f64 = 200.0;

/// How long it is measured.
const TIME: Duration = Duration::from_secs(10);

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
    stage.clients.wait(pods.paced(RATE, TIME / 4))?; // until everything is warm
    let without = stage.clients.wait(pods.paced(RATE, TIME))?;

    put("two");
    edit_store(&stage)?;
    std::thread::sleep(Duration::from_secs(2)); // by then its dependents are looked at
    let before = stage.latchkey.metric("latchkey_remote_reads_total")?;
    let with = stage.clients.wait(pods.paced(RATE, TIME))?;
    let refreshed = stage.latchkey.metric("latchkey_remote_reads_total")? - before;
    ensure!(refreshed > 100.0, "nothing was refreshed while it was measured: {refreshed} reads");
    let (alone, beside) = (without.percentile(0.99), with.percentile(0.99));
    figures.add(format!("{RATE} reviews a second, alone, p99"), "ms", alone, Goal::None);
    figures.add(
        format!("the same while {many} refreshes run, over alone"),
        "x",
        beside / alone,
        Goal::AtMost(1.5),
    );
    figures.add("refreshes a second meanwhile", "", (refreshed / TIME.as_secs_f64()).round(), Goal::None);
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
