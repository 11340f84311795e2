//! How often the provider is read for many ExternalSecrets that share few keys: while they are created, and to keep them fresh.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Scale;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{STORE, external_secret};
use crate::stage::{OURS, Stage, Under};

/// How many ExternalSecrets share a key.
const SHARE: usize = 20;

/// How often each wants to be refreshed.
const INTERVAL: Duration = Duration::from_secs(40);

/// Over how many intervals it is counted.
const INTERVALS: u32 = 2;

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    let keys = scale.count.div_ceil(SHARE);
    stage.namespace("shared", OURS)?;
    stage.remote.put((0..keys).map(key), r#"{"password":"bench"}"#);
    let interval = format!("{}s", INTERVAL.as_secs());
    let object =
        |number| external_secret("shared", &format!("es-{number}"), STORE, &key(number % keys), &interval);
    let objects: Vec<Object> = (0..scale.count).map(object).collect();
    stage.clients.write(&objects, Until::Answered)?;
    let burst = stage.remote.asked();
    stage.settle("shared", scale.count)?;
    // The first interval also verifies what was made of remembered values.
    pass(&stage, INTERVAL)?;
    let before = stage.remote.asked();
    pass(&stage, INTERVAL * INTERVALS)?;
    let asked = stage.remote.asked() - before;

    let (keys, intervals) = (keys as f64, f64::from(INTERVALS));
    let what = format!("{} on {keys} keys: reads while they are created", scale.count);
    figures.add(what, "", burst.reads as f64, Goal::AtMost(4.0 * keys));
    figures.add("reads an interval", "", asked.reads as f64 / intervals, Goal::AtMost(1.1 * keys));
    figures.add("calls an interval", "", asked.calls as f64 / intervals, Goal::AtMost(0.1 * keys));
    Ok(())
}

fn key(number: usize) -> String {
    format!("shared/{number}")
}

fn pass(stage: &Stage, time: Duration) -> Result<()> {
    let start = Instant::now();
    while start.elapsed() < time {
        stage.latchkey.metric("process_resident_memory_bytes").context("latchkey is not there any more")?;
        std::thread::sleep(Duration::from_millis(500));
    }
    if start.elapsed() > time + Duration::from_secs(2) {
        bail!("this machine is too busy to count over an interval");
    }
    Ok(())
}
