//! Many ExternalSecrets at once of a provider that takes few calls a second: what it has to refuse, and how long it takes beside
//! the fewest calls that could carry it.

use std::time::Instant;

use anyhow::Result;

use super::Scale;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{STORE, external_secret};
use crate::stage::{OURS, Stage, Under};

/// How many calls a second the provider takes.
const RATE: f64 = 5.0;

/// How many secrets one call carries.
const BATCH: usize = 20;

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    let count = scale.count / 2;
    stage.namespace("throttled", OURS)?;
    let key = |number: usize| format!("throttled/{number}");
    stage.remote.put((0..count).map(key), r#"{"password":"bench"}"#);
    stage.remote.throttle(RATE);
    let object = |number| external_secret("throttled", &format!("es-{number}"), STORE, &key(number), "12h");
    let objects: Vec<Object> = (0..count).map(object).collect();
    let start = Instant::now();
    stage.clients.write(&objects, Until::Answered)?;
    stage.settle("throttled", count)?;
    let took = start.elapsed().as_secs_f64();
    let asked = stage.remote.asked();
    let least = count.div_ceil(BATCH) as f64 / RATE;
    let what = format!(
        "{count} of a key each at {RATE} calls a second: until all are synced, over the fewest calls"
    );
    figures.add(what, "x", took / least, Goal::None);
    figures.add("calls that the provider refused for being too many", "", asked.throttled as f64, Goal::None);
    figures.add("calls in all", "", asked.calls as f64, Goal::None);
    Ok(())
}
