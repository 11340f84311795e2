//! Many ExternalSecrets at once, each of its own key, beside the same objects and Secrets written raw; then all of them rotated
//! by force.

use std::time::Instant;

use anyhow::Result;

use super::Scale;
use crate::client::{Object, Until};
use crate::figures::{Figures, Goal};
use crate::objects::{FOREIGN_STORE, STORE, adopted, external_secret, forced, given, secret, status};
use crate::stage::{NONE, OURS, Stage, Under, wait};

pub(super) fn measure(under: &Under, scale: Scale, figures: &mut Figures) -> Result<()> {
    let stage = Stage::set(under, scale)?;
    stage.namespace("raw", NONE)?;
    stage.namespace("burst", OURS)?;
    stage.remote.put((0..scale.count).map(key), r#"{"password":"one"}"#);

    let idle = stage.api_server_cpu()?;
    let raw = seconds(|| {
        write(&stage, scale, |number| external_secret("raw", &name(number), FOREIGN_STORE, "k", "12h"))?;
        write(&stage, scale, |number| secret("raw", &name(number)))
    })?;
    let raw_api = stage.api_server_cpu()? - idle;
    let all_four = raw
        + seconds(|| {
            write(&stage, scale, |number| adopted("raw", &name(number)))?;
            write(&stage, scale, |number| status("raw", &name(number)))
        })?;
    let (asked, cpu, api) = (stage.remote.asked(), stage.latchkey.cpu()?, stage.api_server_cpu()?);
    let object = |number| external_secret("burst", &name(number), STORE, &key(number), "12h");
    let ours = seconds(|| write(&stage, scale, object))?;
    let there = stage.secrets("burst", "one")?;
    let settled = stage.settle("burst", scale.count)?.as_secs_f64();
    stage.latchkey.rest()?;
    let (cpu, api) = (stage.latchkey.cpu()? - cpu, stage.api_server_cpu()? - api);
    let calls = (stage.remote.asked() - asked).calls;

    let count = scale.count as f64;
    figures.add("Secrets there when the creates return", "", there as f64, Goal::AtLeast(count));
    figures.add("the same objects and Secrets written raw", "s", raw, Goal::None);
    figures.add("the whole, over writing them raw", "x", ours / raw, Goal::AtMost(2.5));
    let what = "adoption and status written raw as well, over writing the objects and Secrets alone";
    figures.add(what, "x", all_four / raw, Goal::None);
    figures.add("status and adoption done after the last create", "s", settled, Goal::AtMost(2.0));
    figures.add("CPU seconds of latchkey, events included", "s", cpu, Goal::AtMost(4.0));
    figures.add(
        "CPU seconds of the API server for all of it, over writing them raw",
        "x",
        api / raw_api,
        Goal::None,
    );
    figures.add("calls of the provider", "", calls as f64, Goal::None);

    rotate(&stage, scale, figures)
}

/// All of them by force, beside the same patches of ExternalSecrets and Secrets without a webhook.
fn rotate(stage: &Stage, scale: Scale, figures: &mut Figures) -> Result<()> {
    let idle = stage.api_server_cpu()?;
    let raw = seconds(|| {
        write(stage, scale, |number| forced("raw", &name(number), 1))?;
        write(stage, scale, |number| given("raw", &name(number), "two"))
    })?;
    let between = stage.api_server_cpu()?;
    stage.remote.put((0..scale.count).map(key), r#"{"password":"two"}"#);
    let rotated = seconds(|| {
        write(stage, scale, |number| forced("burst", &name(number), 1))?;
        wait("all rotated Secrets", || Ok((stage.secrets("burst", "two")? == scale.count).then_some(())))
    })?;
    stage.latchkey.rest()?;
    let api = stage.api_server_cpu()? - between;
    figures.add("the same patches of ExternalSecrets and Secrets, written raw", "s", raw, Goal::None);
    figures.add("all rotated by force", "s", rotated, Goal::AtMost(6.0));
    figures.add("the same over writing the patches raw", "x", rotated / raw, Goal::None);
    figures.add(
        "CPU seconds of the API server for the rotation, over writing it raw",
        "x",
        api / (between - idle),
        Goal::None,
    );
    Ok(())
}

fn key(number: usize) -> String {
    format!("burst/{number}")
}

fn name(number: usize) -> String {
    format!("es-{number}")
}

fn write(stage: &Stage, scale: Scale, object: impl Fn(usize) -> Object) -> Result<()> {
    let objects: Vec<Object> = (0..scale.count).map(object).collect();
    stage.clients.write(&objects, Until::Answered).map(drop)
}

fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}
